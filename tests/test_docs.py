"""Every code block of the documentation and of the README runs, and the site builds without a word of warning."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.docs_blocks import Page, blocks

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted((DOCS / "pages").rglob("*.md"))]
WITH_CODE = [page for page in PAGES if "```" in page.read_text(encoding="utf-8")]
EXAMPLES = sorted((DOCS / "examples").glob("*.py"))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder beside which the scenarios lie, and no browser."""
    (tmp_path / "scenarios").symlink_to(ROOT / "scenarios")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("webbrowser.open", lambda *_, **__: True)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return tmp_path


@pytest.mark.parametrize("path", WITH_CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_block_of_the_page_runs(path, folder):
    text = path.read_text(encoding="utf-8")
    page = Page(path.name)
    for block in blocks(text):
        page.run(block)
    assert page.ran == text.count("\n```") // 2 + text.startswith("```"), "a fence that is not at the start of a line"
    assert not page.later, f"written, but not run: {page.later}"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_runs_and_shows_itself(path, folder):
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert (folder / f"{path.stem}.html").read_text(encoding="utf-8").count("<svg") > 0


def test_links_of_the_readme_lead_somewhere():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert target.startswith("https://") or (ROOT / target).exists(), target


class Requests(HTMLParser):
    """Addresses that a browser asks for by itself."""

    def __init__(self):
        super().__init__()
        self.found = set()

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        loads = attrs.get("src") if tag != "a" else None
        if tag == "link" and attrs.get("rel") in ("stylesheet", "icon", "preconnect", "preload", "modulepreload"):
            loads = attrs.get("href")
        self.found |= {loads} if loads else set()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built as `make docs` does; strict: any warning fails."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-f", str(DOCS / "mkdocs.yml")]
    done = subprocess.run([*command, "-d", str(folder)], capture_output=True, text=True, timeout=300, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_site_asks_no_network(site):
    for page in site.rglob("*.html"):
        requests = Requests()
        requests.feed(page.read_text(encoding="utf-8"))
        foreign = [a for a in requests.found if re.match(r"(https?:)?//", a)]
        assert not foreign, f"{page.name} loads {foreign}"


def test_site_has_formulas_reference_and_gallery(site):
    assert "<math" in (site / "formulas" / "dynamics.html").read_text(encoding="utf-8")
    reference = (site / "reference" / "trajectory.html").read_text(encoding="utf-8")
    assert "robocalc.trajectory.minimum_jerk" in reference
    assert "waypoints" in reference
    gallery = (site / "gallery.html").read_text(encoding="utf-8")
    for scenario in (ROOT / "scenarios").rglob("*.yaml"):
        if scenario.parent.name != "studies":
            assert scenario.stem in gallery
    pictures = list((site / "gallery").glob("*.jpg"))
    assert pictures
    assert all(picture.stat().st_size > 2000 for picture in pictures)
