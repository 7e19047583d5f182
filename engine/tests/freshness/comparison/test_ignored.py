"""What never counts when two outputs are compared."""

import pytest
from runs import shown_text

from post_builder.freshness.comparison.ignored import Kind, comparable

UUIDS = "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "0e37df36-f698-11e6-8dd4-cb9ced3df976"
HEX = "0123456789abcdef" * 2, "fedcba9876543210" * 2


def _block(text: str) -> str:
    return shown_text(text)


@pytest.mark.parametrize(
    "markup",
    [
        '<style>#T_{0}_row0_col1 {{ color: red }}</style><td id="T_{0}_row0_col1">1</td>',
        '<div id="altair-viz-{1}"></div><script>embed("#altair-viz-{1}")</script>',
        '<div data-root-id="p1001" id="{2}"></div><script>docs = {{"{2}": {{}}}}</script>',
        '<input id="section-{2}"><label for="section-{2}">Data</label>',
        '<table id="itables_{3}"></table>',
    ],
    ids=["Styler", "Altair", "Bokeh", "xarray", "itables"],
)
def test_random_ids_do_not_count(markup: str) -> None:
    """As long as the same things have the same id."""
    first, second = (
        markup.format(short, long, uuid, uuid.replace("-", "_"))
        for short, long, uuid in zip(("1a2b3", "c4d5e"), HEX, UUIDS, strict=True)
    )
    assert first != second
    assert comparable(first) == comparable(second)
    assert comparable(first) != comparable(first.replace("1", "2", 1).replace("id=", "class=", 1))


def test_ids_that_refer_to_another_thing_count() -> None:
    """They are numbered in order, so that a label of another input differs."""
    first, second = (f'<i id="{a}"></i><i id="{b}"></i>' for a, b in (UUIDS, UUIDS[::-1]))
    label = f'<label for="{UUIDS[0]}">'
    assert comparable(first) == comparable(second)
    assert comparable(first + label) != comparable(second + label)


def test_an_id_that_a_cell_printed_counts() -> None:
    """It is the output, and may come from a seed."""
    assert comparable(_block(UUIDS[0])) != comparable(_block(UUIDS[1]))


@pytest.mark.parametrize(
    ("published", "fresh"),
    [
        (
            "1.23 µs ± 4.5 ns per loop (mean ± std. dev. of 7 runs, 1,000,000 loops each)",
            "1 min 2 s ± 1 s per loop (mean ± std. dev. of 7 runs, 1 loop each)",
        ),
        (
            "CPU times: user 3 µs, sys: 1 µs, total: 4 µs\nWall time: 7.15 µs\n6",
            "CPU times: user 2 ms, sys: 0 ns, total: 2 ms\nWall time: 2.2 ms\n6",
        ),
        (
            "12.2 μs ± 65.6 ns per loop (mean ± std. dev. of 2 runs, 10 loops each) 3",
            "18.7 μs ± 21 ns per loop (mean ± std. dev. of 2 runs, 10 loops each) 3",
        ),
        (
            "Date:                Thu, 26 Nov 2026   AIC: 3\nTime:            05:27:03   BIC: 6",
            "Date:                Fri, 27 Nov 2026   AIC: 3\nTime:            15:30:55   BIC: 6",
        ),
        (
            "<td>Date:</td>        <td>2026-11-26 05:27</td>        <td>BIC:</td> <td>94.6853</td>",
            "<td>Date:</td>        <td>2026-12-01 15:30</td>        <td>BIC:</td> <td>94.6853</td>",
        ),
        ("3/6 [00:00<00:00, 270.86it/s] 3", "3/6 [00:01<?, 1.38s/it] 3"),
        ("|███| 3/6 [100%] in 0.0s (47685.37/s) 3", "|███| 3/6 [100%] in 1.1s (4768.70/s) 3"),
        ("[###] | 100% Completed | 586.03 ms 3", "[###] | 100% Completed | 1.2 s 3"),
        ("938/938 ━━━ 2s 2ms/step - loss: 0.3", "938/938 ━━━ 11s 9ms/step - loss: 0.3"),
        (
            "the overhead of testing was 0.043010 seconds. 3",
            "the overhead of testing was 0.1 seconds. 3",
        ),
        ("[CV] END C=3; total time=   0.0s\n", "[CV] END C=3; total time=   1.2min\n"),
        ("{'train_runtime': 12.3, 'loss': 0.3}", "{'train_runtime': 9.31, 'loss': 0.3}"),
        ("Ran 3 tests in 0.002s\n\nOK", "Ran 3 tests in 1.502s\n\nOK"),
        ("=== 3 passed in 0.12s ===", "=== 3 passed in 61.50s (0:01:01) ==="),
    ],
    ids=[
        *("timeit", "time", "mu", "statsmodels", "its HTML", "tqdm", "alive-progress", "dask"),
        *("Keras", "LightGBM", "scikit-learn", "transformers", "unittest", "pytest"),
    ],
)
def test_measured_times_do_not_count(published: str, fresh: str) -> None:
    """What is beside them does."""
    assert comparable(_block(published)) == comparable(_block(fresh))
    changed = fresh.replace("3", "4").replace("6", "7").replace("mean", "median")
    assert comparable(_block(published)) != comparable(_block(changed))


@pytest.mark.parametrize("kind", ["page", "region", "value"])
def test_markup_is_not_a_text_that_shows_it(kind: Kind) -> None:
    """A text that a cell printed must not become an element, or Liquid."""
    text, element = "&lt;b&gt; &#123;&#123;", "<b> {{"
    assert "<b> {{" == comparable(text, (), kind) != comparable(element, (), kind)
    assert comparable("&lt;b&gt;", (), kind) == comparable("&#60;b&#x3E;", (), kind)


def test_what_kramdown_reads_in_a_value_is_not_a_text_that_shows_it() -> None:
    """Prose is Markdown; what is in an output region is not."""
    assert comparable("&#42;a&#42;", (), "value") != comparable("*a*", (), "value")
    assert comparable("&#42;a&#42;", (), "region") == comparable("*a*", (), "region")
    assert comparable("&lt;", (), "session") != comparable("<", (), "session")


def test_what_looks_like_a_digest_counts_where_nothing_has_an_id() -> None:
    """In a value any, in a region all but UUIDs; in both where an address leads."""
    for first, second in (HEX, UUIDS):
        assert comparable(first, (), "value") != comparable(second, (), "value")
        links = (f'<a href="https://a.example/{one}">' for one in (first, second))
        assert 2 == len({comparable(link, (), "region") for link in links})
    assert 2 == len({comparable(one, (), "region") for one in HEX})
    assert 1 == len({comparable(one, (), "region") for one in UUIDS})


@pytest.mark.parametrize(
    ("published", "fresh"),
    [
        ("Wall time: 5 ms", "Wall time: buy"),
        ("CPU times: total: 5 ms", "CPU times: buy"),
        ("[00:00<00:00, 1.2it/s]", "[00:00<buy]"),
        ("[00:00<00:00, 1.2it/s]", "[00:00<00:00, 1.2buys/s]"),
        ("[00:00<00:00, 1.2it/s, loss=1]", "[00:00<00:00, 1.2it/s, loss=2]"),
    ],
)
def test_no_words_pass_for_a_time(published: str, fresh: str) -> None:
    """Only numbers and their units do."""
    assert comparable(_block(published)) != comparable(_block(fresh))


def test_times_that_a_cell_prints_itself_count() -> None:
    """Nobody but the author knows whether they were measured."""
    assert comparable("took 1.5 s") != comparable("took 1.6 s")
    assert comparable("2026-11-23 10:00:00") != comparable("2026-11-24 10:00:00")


def test_patterns_of_the_site_do_not_count() -> None:
    """They see the text as readers do."""
    patterns = [r"took [\d.]+ s", "<[a-z]+ at .*>"]
    published, fresh = (f"&lt;node at {n}&gt; took {n}.5 s, got 3" for n in (1, 2))
    assert comparable(published) != comparable(fresh)
    assert comparable(published, patterns) == comparable(fresh, patterns)
    assert comparable("… …, got 3", patterns) != comparable(fresh, patterns)


def test_long_text_is_read_in_linear_time() -> None:
    """The engine's own patterns have no nested repetition."""
    for text in ("a" * 200_000, "1 s " * 50_000, "0123abcd-" * 20_000, "in " + "1" * 200_000):
        assert text[:5] in comparable(text)


@pytest.mark.parametrize(
    ("published", "fresh", "kind"),
    [
        ("[…it", "[00:05&lt;00:00, 12.3it", "region"),
        ("5 loops each", "… each", "region"),
        ("&lt;\ufdd0b", "<b", "region"),
        ("\ufdd1 each", "5 loops each each", "region"),
        ("id-0", "0f0f0f0f-0f0f-0f0f-0f0f-0f0f0f0f0f0f", "region"),
        ('<p title="a" lang="b">', '<p title="a&quot; lang=&quot;b">', "region"),
        ("<p title='a' lang='b'>", "<p title='a&#39; lang=&#39;b'>", "page"),
        ("&lt", "&amp;lt", "region"),
        ("Wall time: \u0665 ms", "Wall time: 5 ms", "region"),
    ],
)
def test_what_stands_for_something_else_is_not_written(
    published: str, fresh: str, kind: Kind
) -> None:
    """Marks and masks of a comparison, quotes that end attributes, digits of other scripts."""
    assert comparable(published, kind=kind) != comparable(fresh, kind=kind)
