"""`init` on sites with and without a theme, and with files of the author's own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from post_builder.cli import main

pytestmark = pytest.mark.usefixtures("forked_kernels")

FIXTURES = Path(__file__).parents[1] / "fixtures"

HOOKS = {
    "remote_theme: jekyll/minima": "_includes/custom-head.html",
    "remote_theme: mmistakes/minimal-mistakes@4.27.1": "_includes/head/custom.html",
    "remote_theme: cotes2020/jekyll-theme-chirpy": "_includes/metadata-hook.html",
    "remote_theme: just-the-docs/just-the-docs": "_includes/head_custom.html",
}


def site(
    root: Path, config: str = "title: A blog\n", files: Mapping[str, str] | None = None
) -> Path:
    """Write a site: its settings, and further files by their paths."""
    for name, text in {"_config.yml": config, **(files or {})}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return root


def run(root: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, Any]]:
    """Run `init` and return its steps by path."""
    capsys.readouterr()
    assert 0 == main(["init", "--site", str(root), "--json"])
    return {step["path"]: step for step in json.loads(capsys.readouterr().out)}


def statuses(steps: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return the status of each step, the first post under a short name."""
    return {
        "post" if path.startswith("_posts/") else path: step["status"]
        for path, step in steps.items()
    }


def contents(root: Path) -> dict[str, bytes]:
    """Read every file of a site."""
    paths = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


def jekyll(*arguments: str, folder: Path) -> None:
    """Run Jekyll in a folder."""
    subprocess.run(["jekyll", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def mistakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install a gem with the name and the class names of Minimal Mistakes; make a site of it."""
    name = "minimal-mistakes-jekyll"
    shutil.copytree(FIXTURES / "mistakes", tmp_path / "gems" / "gems" / f"{name}-1.0")
    specification = tmp_path / "gems" / "specifications" / f"{name}-1.0.gemspec"
    specification.parent.mkdir()
    specification.write_text(
        f"Gem::Specification.new {{ |s| s.name = '{name}'; s.version = '1.0'; "
        "s.summary = 'a theme'; s.authors = ['tests']; s.files = [] }\n"
    )
    installed = subprocess.run(
        ["gem", "env", "gempath"], check=True, capture_output=True, text=True
    ).stdout.strip()
    monkeypatch.setenv("GEM_PATH", f"{tmp_path / 'gems'}{os.pathsep}{installed}")
    return site(tmp_path / "site", f"title: A blog\ntheme: {name}\n")


@pytest.mark.slow
def test_minima_site_is_ready(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A new site of minima shows the first post with its style, under a base URL too."""
    jekyll("new", "blog", "--skip-bundle", folder=tmp_path)
    root = tmp_path / "blog"
    config = root / "_config.yml"
    config.write_text(config.read_text().replace('baseurl: ""', 'baseurl: "/blog"'))
    names = ("requirements.txt", "venv/readme.md", "env/pyvenv.cfg", "env/notes.txt")
    site(root, config.read_text(), dict.fromkeys(names, "x"))
    assert {
        "_includes/figure": "created",
        "assets/css/post-builder.css": "created",
        "assets/js/post-builder.js": "created",
        "assets/main.scss": "created",
        "your layout": "manual",
        "_config.yml": "extended",
        ".gitignore": "created",
        "post": "created",
    } == statuses(run(root, capsys))
    assert 0 == main(["build", "--site", str(root), "--json"])
    assert 0 == main(["check", "--site", str(root), "--json"])
    jekyll("build", folder=root)
    published = root / "_site"
    assert not any((published / name).exists() for name in ("requirements.txt", "venv", "env"))
    assert '@import url("css/post-builder.css");' in (published / "assets/main.css").read_text()
    assert (published / "assets/css/post-builder.css").is_file()
    [page] = published.rglob("a-first-executable-post.html")
    text = page.read_text(encoding="utf-8")
    assert 'class="post-title' in text
    assert '<pre class="highlight">o: #### 4' in text
    figure = re.search(r'<figure class="figure"><img src="([^"]+)" alt="[^"]+" [^>]*>', text)
    assert figure
    assert 'width="516" height="80" loading="lazy"' in figure[0]
    assert published.joinpath(figure[1].removeprefix("/blog/")).is_file()


@pytest.mark.slow
def test_minimal_mistakes_site_is_ready(mistakes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The figure include and the layout are those of the theme; its hook loads the style."""
    steps = run(mistakes, capsys)
    assert {
        "_includes/figure": "present",
        "assets/css/post-builder.css": "created",
        "assets/js/post-builder.js": "created",
        "_includes/head/custom.html": "created",
        "_config.yml": "extended",
        ".gitignore": "created",
        "post": "created",
    } == statuses(steps)
    assert "in the theme minimal-mistakes-jekyll" == steps["_includes/figure"]["note"]
    assert not (mistakes / "_includes/figure").exists()
    assert 0 == main(["build", "--site", str(mistakes), "--json"])
    jekyll("build", folder=mistakes)
    [page] = (mistakes / "_site").rglob("a-first-executable-post.html")
    head, body = page.read_text(encoding="utf-8").split("</head>")
    assert '<link rel="stylesheet" href="/assets/css/post-builder.css">' in head
    assert '<script src="/assets/js/post-builder.js" defer></script>' in head
    assert '<section class="page__content">' in body
    assert '<div class="output stdout highlighter-rouge">' in body
    assert "<figcaption>How often each letter" in body


def test_second_run_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Everything that the first run wrote is already there for the second."""
    ignored = ".venv\n__pycache__\n/.ipynb_checkpoints/\n"
    root = site(tmp_path, "remote_theme: jekyll/minima\n", {".gitignore": ignored})
    first = run(root, capsys)
    before = contents(root)
    second = run(root, capsys)
    assert before == contents(root)
    assert first.keys() == second.keys()
    assert {"present"} == set(statuses(second).values())


def test_author_sees_one_line_per_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The terminal names each file, what was done, and the lines that are left to the author."""
    root = site(tmp_path, "theme: minima\n", {".gitignore": "_site/\n"})
    assert 0 == main(["init", "--site", str(root)])
    assert 0 == main(["init", "--site", str(root)])
    lines = capsys.readouterr().out.split("\n")
    assert "_includes/figure: created (shows figures)" in lines
    assert "_includes/figure: already there (shows figures)" in lines
    start = lines.index(".gitignore: add this yourself (keeps environments and caches out of git):")
    assert ["    .ipynb_checkpoints/", "    .venv/"] == lines[start + 1 : start + 3]


def test_files_of_the_author_stay(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is overwritten; what a file lacks is said, as a line to add."""
    own = {
        "_includes/figure": "mine",
        "assets/css/post-builder.css": "mine",
        "assets/js/post-builder.js": "mine",
        "assets/main.scss": '---\n---\n@import "minima";\n',
        ".gitignore": "_site\n",
        "_posts/2020-01-01-mine.md": "---\njupyter: {kernelspec: {name: python3}}\n---\n",
    }
    config = "theme: minima\nexclude: [.venv, secret]\n"
    root = site(tmp_path, config, own)
    before = contents(root)
    steps = run(root, capsys)
    assert before == contents(root)
    assert ['@import url("css/post-builder.css");'] == steps["assets/main.scss"]["lines"]
    missing = [
        "- .post-builder/",
        "- .ipynb_checkpoints/",
        "- __pycache__/",
        "- venv/",
        "- requirements.txt",
    ]
    assert missing == steps["_config.yml"]["lines"]
    assert "present" == steps["_posts/2020-01-01-mine.md"]["status"]


@pytest.mark.parametrize(("config", "hook"), HOOKS.items())
def test_hook_of_the_theme_loads_the_style_and_the_script(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], config: str, hook: str
) -> None:
    """It is created if the author has none; else the author gets the line for it."""
    steps = run(site(tmp_path / "new", config), capsys)
    assert "created" == steps[hook]["status"]
    tags = (tmp_path / "new" / hook).read_text().splitlines()
    assert [True, True] == ["post-builder.css" in tags[0], "post-builder.js" in tags[1]]
    steps = run(site(tmp_path / "own", config, {hook: "<meta>\n"}), capsys)
    assert ("manual", tags) == (steps[hook]["status"], steps[hook]["lines"])
    assert "<meta>\n" == (tmp_path / "own" / hook).read_text()
    (tmp_path / "own" / hook).write_text(f"<meta>\n{tags[0]}\n")
    step = run(tmp_path / "own", capsys)[hook]
    assert ("manual", tags[1:]) == (step["status"], step["lines"])
    (tmp_path / "own" / hook).write_text("\n".join(tags))
    assert "present" == run(tmp_path / "own", capsys)[hook]["status"]


def test_gem_is_known_by_name_without_ruby(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A theme whose files are out of reach is known by its name."""
    monkeypatch.setenv("PATH", str(tmp_path))
    steps = run(site(tmp_path / "a", "theme: minima\n"), capsys)
    assert "created" == steps["assets/main.scss"]["status"]
    steps = run(site(tmp_path / "b", "theme: minimal-mistakes-jekyll\n"), capsys)
    assert "created" == steps["_includes/head/custom.html"]["status"]
    assert "present" == steps["_includes/figure"]["status"]
    [post] = tmp_path.glob("b/_posts/*.md")
    assert "layout: single" in post.read_text().split("\n")


@pytest.mark.parametrize(
    ("config", "files", "path"),
    [
        ("title: x\n", {"_layouts/default.liquid": "<head></head>"}, "_layouts/default.liquid"),
        ("theme: minima\n", {"_includes/head.html": "<head></head>"}, "_includes/head.html"),
        ("theme: no-such-gem\n", {}, "your layout"),
        ("theme: '--help'\n", {}, "your layout"),
    ],
)
def test_author_links_the_style_where_no_hook_is_known(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    config: str,
    files: dict[str, str],
    path: str,
) -> None:
    """The line goes above the `</head>` of the author's own file, which is named if found."""
    step = run(site(tmp_path, config, files), capsys)[path]
    note = "loads assets/css/post-builder.css and assets/js/post-builder.js; above </head>"
    assert ("manual", note) == (step["status"], step["note"])
    assert step["lines"][0].startswith('<link rel="stylesheet" href="{{')
    assert step["lines"][1].startswith('<script src="{{')


@pytest.mark.parametrize(
    "config",
    [
        "title: x\n",
        "title: x",
        "title: x\r\n# exclude: []\r\n",
        "",
        "# only a comment\n",
        "title: >-\n  folded\n  text\n",
    ],
)
def test_exclude_list_is_appended(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], config: str
) -> None:
    """The author's settings stay byte for byte, with their line endings, and mean what they did."""
    step = run(site(tmp_path, config), capsys)["_config.yml"]
    data = tmp_path.joinpath("_config.yml").read_bytes()
    assert "extended" == step["status"]
    assert data.startswith(config.encode())
    assert data.count(b"\r\n") in {0, data.count(b"\n")}
    expected = {**(yaml.safe_load(config) or {}), "exclude": step["lines"]}
    assert expected == yaml.safe_load(data)
    assert {".venv/", "__pycache__/", "Gemfile", "vendor/bundle/"} <= set(step["lines"])


def test_settings_that_cannot_be_extended_stay(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where more lines would mean something else, the author gets them to add."""
    config = "{title: x}\n"
    step = run(site(tmp_path, config), capsys)["_config.yml"]
    assert "manual" == step["status"]
    assert "exclude:" in step["lines"]
    assert config == tmp_path.joinpath("_config.yml").read_text()


def test_virtual_environment_is_excluded_by_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A virtual environment in the site is found whatever it is called."""
    steps = run(site(tmp_path, files={"python/pyvenv.cfg": ""}), capsys)
    assert "python/" in steps["_config.yml"]["lines"]
    assert "created" == steps[".gitignore"]["status"]
    ignored = tmp_path.joinpath(".gitignore").read_text(encoding="utf-8").split("\n")
    assert {"_site/", ".venv/", "python/"} < set(ignored)


@pytest.mark.parametrize("body", ["", "```python\nnever closed\n"])
def test_site_with_an_executable_post_gets_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], body: str
) -> None:
    """One that cannot be parsed counts, and one that does not run does not."""
    header = "---\njupyter: {kernelspec: {name: python3}}\n---\n"
    plain = {"_posts/2020-01-01-plain.md": "---\ntitle: x\n---\n"}
    root = site(tmp_path, files=plain)
    assert "created" == statuses(run(root, capsys))["post"]
    [first] = root.glob("_posts/*-a-first-executable-post.md")
    first.unlink()
    site(root, files={"_posts/2020-01-02-runs.md": header + body})
    assert "present" == run(root, capsys)["_posts/2020-01-02-runs.md"]["status"]
    assert 2 == len(list(root.glob("_posts/*")))


def test_style_knows_the_markup_of_builds() -> None:
    """Every class that a build of one of everything writes has a rule."""
    import post_builder.commands  # noqa: PLC0415  # only where its templates are matters

    folder = Path(post_builder.commands.__path__[0]) / "templates"
    css = (folder / "post-builder.css").read_text(encoding="utf-8")
    built = (FIXTURES / "build" / "everything.built.md").read_text(encoding="utf-8")
    markup = re.findall(r'class="(output[^"]*)"', built)
    assert markup
    assert [] == [
        name
        for name in markup
        if f".{name.partition(' highlighter')[0].replace(' ', '.')}" not in css
    ]


def test_folder_without_settings_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is not a Jekyll site is a wrong call, and stays as it is."""
    assert 2 == main(["init", "--site", str(tmp_path)])
    assert "there is no _config.yml" in capsys.readouterr().err
    assert [] == list(tmp_path.iterdir())


def test_what_cannot_be_written_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file in place of a folder is an error with the path, without a traceback."""
    assert 2 == main(["init", "--site", str(site(tmp_path, files={"_includes": "a file"}))])
    assert "_includes/figure: cannot be written: " in capsys.readouterr().err
