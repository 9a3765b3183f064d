"""The page of corpora: a file goes in, a split comes out in another form, and what is wrong is said in words."""

import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from core import corpora
from core.corpora import Row
from core.domain import Entity, Sample
from core.store import Store

ROWS = [
    Row(Sample.from_tokens(("👩🏽‍🚀", "Ada", "sings"), entities=(Entity(start=1, end=2, type="PER"),)), "a stage"),
    Row(Sample.from_tokens(("<b>no</b>", "name"), entities=()), None),
]

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("corpora-page") / "workspace"


@pytest.fixture(scope="module")
def page(browser: Browser, url: str) -> Page:
    """One page for all tests of this file, which go on from each other's state."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{url}/corpora")
    expect(page.get_by_role("button", name="Import")).to_be_visible()
    return page


def upload(page: Page, file: Path) -> None:
    expect(page.get_by_role("button", name="Import")).to_be_visible()
    page.set_input_files("input[type=file]", file)
    expect(page.get_by_test_id("stFileChipName")).to_be_visible()
    expect(page.get_by_test_id("stFileChipIconSpinner")).to_have_count(0)


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_label(label).last.click()
    page.get_by_role("option", name=option, exact=True).click()


def test_a_file_goes_in_and_comes_out_in_another_form(page: Page, workspace: Path, tmp_path: Path) -> None:
    file = tmp_path / "train.jsonl"
    corpora.find("jsonl").write(ROWS, file)
    upload(page, file)
    page.get_by_label("Corpus", exact=True).fill("own")
    page.get_by_label("Split", exact=True).fill("train")
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_text("own/train: 2 samples, 1 captions, 0 thoughts are in the workspace.")).to_be_visible()
    assert Store(workspace).samples("own", "train") == [row.sample for row in ROWS]
    expect(page.get_by_test_id("stDataFrame").locator("[role=gridcell]")).to_have_text(
        ["own", "train", "2", "2", "0", "1", "0", "0"]
    )

    choose(page, "What", "own/train")
    choose(page, "Format", "label_studio")
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save").click()
    with zipfile.ZipFile(saved.value.path()) as archive:
        archive.extractall(tmp_path)
        assert archive.namelist() == ["train.json", "train-label_studio.provenance"]
    assert corpora.find("label_studio").read(tmp_path / "train.json") == ROWS

    choose(page, "Format", "conll_bio")
    page.get_by_role("button", name="Export").click()
    expect(page.get_by_role("alert")).to_contain_text("has a caption, for which this form has no place")
    page.get_by_text("caption", exact=True).click()
    page.get_by_role("button", name="Export").click()
    expect(page.get_by_role("button", name="Save")).to_be_visible()


def test_a_broken_file_is_refused_by_line_and_nothing_of_it_kept(page: Page, workspace: Path, tmp_path: Path) -> None:
    file = tmp_path / "broken.jsonl"
    file.write_text('{"sample":{"text":"a","tokens":["a"]}}\n<b>nonsense</b>\n')
    page.reload()
    upload(page, file)
    page.get_by_label("Corpus", exact=True).fill("broken")
    page.get_by_label("Split", exact=True).fill("train")
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("alert")).to_contain_text("broken.jsonl:2: Invalid JSON")
    assert ("broken", "train") not in Store(workspace).corpora()


def test_where_nothing_is_approved_there_is_nothing_to_save(page: Page) -> None:
    page.reload()
    page.get_by_role("button", name="Export").click()
    expect(page.get_by_text("There is nothing to save")).to_be_visible()
    expect(page.get_by_role("button", name="Save")).to_have_count(0)


def test_the_page_fits_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.reload()
    expect(page.get_by_role("button", name="Import")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
