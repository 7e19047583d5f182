"""Which files of a site may be executable."""

from pathlib import Path

import pytest

from post_builder.site import open_site

KERNEL = "---\njupyter: python3\n---\n"


def _write(root: Path, config: str, *names: str, text: str = KERNEL) -> None:
    root.joinpath("_config.yml").write_text(config, encoding="utf-8")
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _found(root: Path) -> list[str]:
    site = open_site(root)
    return [site.relative(path) for path in site.posts()]


def test_posts_drafts_pages_and_documents_are_found(tmp_path: Path) -> None:
    """At any depth, in categories too, and in the collections that the site declares."""
    names = [
        "_drafts/a.md",
        "_lessons/1/b.md",
        "_posts/2020/2020-01-01-c.md",
        "about.md",
        "cats/_drafts/d.md",
        "cats/_posts/2020-01-01-e.md",
        "docs/guide/index.md",
    ]
    _write(tmp_path, "collections: [lessons]\n", *names, "_other/f.md", "_includes/g.md")
    assert names == _found(tmp_path)


def test_collections_may_have_a_folder_of_their_own(tmp_path: Path) -> None:
    """With `collections_dir:` posts and drafts are there, and nowhere else."""
    names = ["all/_lessons/b.md", "all/_posts/2020-01-01-c.md", "all/cats/_posts/2020-01-01-e.md"]
    config = "collections_dir: all\ncollections: {lessons: {output: true}}\n"
    _write(tmp_path, config, *names, "_posts/2020-01-01-x.md", "cats/_posts/2020-01-01-y.md")
    assert names == _found(tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        "_site/a.md",
        "public/a.md",
        "node_modules/pkg/a.md",
        "docs/node_modules/pkg/a.md",
        "vendor/gem/a.md",
        ".venv/lib/a.md",
        "venv/lib/a.md",
        "drafts-old/a.md",
        "notes/private.md",
        "src/a.md",
        "a.md~",
        "#a.md",
        "_posts/.a.md",
    ],
)
def test_what_jekyll_leaves_out_is_not_read(tmp_path: Path, name: str) -> None:
    """Excluded, hidden and other people's folders, virtual environments, what Jekyll writes."""
    config = 'destination: public\nexclude: [src/, "drafts*", notes/private.md]\n'
    _write(tmp_path, config, name)
    tmp_path.joinpath("venv").mkdir(exist_ok=True)
    tmp_path.joinpath("venv/pyvenv.cfg").touch()
    assert [] == _found(tmp_path)


def test_what_is_included_is_read(tmp_path: Path) -> None:
    """`include:` wins over underscores and excludes."""
    names = ["_pages/about.md", "notes/a.md"]
    _write(tmp_path, "include: [_pages, notes]\nexclude: [notes]\n", *names)
    assert names == _found(tmp_path)


@pytest.mark.parametrize(
    "text", ["", "text\n", "---\ntitle: A\n---\njupyter: python3\n", "---\n# comment\n---\n"]
)
def test_a_file_that_names_no_kernel_is_left_alone(tmp_path: Path, text: str) -> None:
    """Its head is enough to know, however broken the rest is."""
    _write(tmp_path, "", "_posts/2020-01-01-a.md", "b.md", text=text)
    assert [] == _found(tmp_path)


def test_a_site_may_give_all_posts_a_kernel(tmp_path: Path) -> None:
    """With `defaults:` the front matter need not name it, but there must be one."""
    config = "defaults: [{scope: {type: posts}, values: {jupyter: python3}}]\n"
    _write(tmp_path, config, "_posts/2020-01-01-a.md", "b.md", text="---\ntitle: A\n---\n")
    _write(tmp_path, config, "_posts/2020-01-01-plain.md", text="no front matter\n")
    assert ["_posts/2020-01-01-a.md"] == _found(tmp_path)


def test_other_extensions_count_where_the_site_says_so(tmp_path: Path) -> None:
    """`markdown_ext:` is Jekyll's setting."""
    _write(tmp_path, 'markdown_ext: "md,mdx"\n', "a.mdx", "b.markdown")
    assert ["a.mdx"] == _found(tmp_path)
