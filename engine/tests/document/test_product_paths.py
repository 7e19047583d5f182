"""What `data-products` may say."""

import pytest

from post_builder.document.options import OptionError, parse_options


def test_products_are_paths_with_spaces_between_them() -> None:
    """Any white space counts, as in kramdown's own lists."""
    options = parse_options('data-products="assets/models/a.bin   assets/models/b.json"')
    assert ("assets/models/a.bin", "assets/models/b.json") == options.products


def test_a_cell_without_products_has_the_digest_that_it_always_had() -> None:
    """Posts that were built before there were products are as fresh as before."""
    assert "products" not in parse_options("#x").of_run()
    assert ("a/b.bin",) == parse_options('data-products="a/b.bin"').of_run()["products"]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ('data-product="a/b.bin"', "unknown option data-product: did you mean data-products?"),
        ('products="a/b.bin"', "unknown option products: did you mean data-products?"),
        ('data-products=" "', "data-products names no file"),
        *(
            (f'data-products="{path}"', f"data-products {path!r} is not a path from the root")
            for path in ("x.bin", "/a/b.bin", "../a/b.bin", "a/../b.bin", "a/.b", "a/", "_a/b.bin")
        ),
        ('data-products="a/b.html"', "data-products 'a/b.html' would be a page, a style or a"),
        ('data-products="a/b.JS"', "data-products 'a/b.JS' would be a page, a style or a script"),
        ('data-products="a/b.bin a/B.bin"', "data-products names a file twice"),
        (
            '.skip-execution data-products="a/b.bin"',
            "a cell marked .skip-execution writes no files: remove data-products",
        ),
        (
            '.stored-output data-products="a/b.bin"',
            "a cell marked .stored-output writes no files: remove data-products",
        ),
    ],
)
def test_what_cannot_be_a_product_is_refused(written: str, message: str) -> None:
    """A near miss is named, and so is a path that Jekyll or a browser would not leave alone."""
    with pytest.raises(OptionError) as caught:
        parse_options(written)
    assert str(caught.value).startswith(message)
