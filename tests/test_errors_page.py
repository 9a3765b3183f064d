"""The page Errors as its users meet it: a small labelled set, the shipped student, a real browser."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from core.identity import local
from core.importing import import_corpus
from core.store import Store
from tests.browser import app

TRAINING = "Training set, to tell seen mentions from unseen"
TWEETS = (
    [("Rihanna", "B-PER"), ("sang", "O"), ("in", "O"), ("Oslo", "B-LOC")],
    [("NASA", "B-ORG"), ("called", "O"), ("Obama", "B-PER"), ("<b>", "O")],
    [("Paris", "B-PER"), ("is", "O"), ("lovely", "O")],
)

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("errors")
    blocks = ["\n".join([f"IMGID:{at}", *map("\t".join, words)]) for at, words in enumerate(TWEETS)]
    (folder / "test.txt").write_text("\n\n".join(blocks) + "\n\n")
    (folder / "captions.txt").write_text("".join(f"{at}.jpg :a stage\n" for at in range(len(TWEETS))))
    with Store(folder / "workspace") as store:
        paths = {"captions": folder / "captions.txt"}
        import_corpus(store, folder / "test.txt", format="twitter", corpus="small", split="test", by=local(), **paths)
    with app(folder / "workspace") as address:
        yield f"{address}/errors?set=small/test"


@pytest.fixture
def page(page: Page, url: str) -> Page:
    page.goto(url)
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_text("3 samples;")).to_be_visible()
    return page


def test_a_figure_opens_the_samples_behind_it_and_each_leads_to_its_explanation(page: Page) -> None:
    page.get_by_role("tab", name="Likely label errors").click()
    panel = page.get_by_role("tabpanel", name="Likely label errors")
    table = panel.get_by_test_id("stDataFrame")
    expect(table).to_be_visible()
    table.click(position={"x": 20, "y": 55})
    expect(panel.get_by_text("1 sample behind it")).to_be_visible()
    expect(panel.locator("mark").first).to_contain_text("Paris")
    panel.get_by_role("link", name="Explain").click()
    expect(page.get_by_role("heading", name="What if")).to_be_visible()


def test_the_explanation_is_of_the_student_whose_answer_was_looked_at(page: Page, url: str) -> None:
    def compare_with_the_fast_one() -> None:
        page.get_by_role("combobox", name="Second").click()
        page.get_by_role("option", name="twitter2017-fast").click()

    compare_with_the_fast_one()
    expect(page.get_by_text("and compare.")).to_be_visible()
    page.get_by_role("button", name="Compare").click()
    for student in ("twitter2017-fast", "twitter2017"):  # the second time in a session that knows its choice
        page.get_by_role("tab", name="Likely label errors").click()
        panel = page.get_by_role("tabpanel", name="Likely label errors")
        panel.get_by_test_id("stDataFrame").click(position={"x": 20, "y": 55})
        panel.get_by_role("link", name=f"Explain {student}", exact=True).click()
        expect(page.get_by_text(f"Student: {student}", exact=True)).to_be_visible()
        expect(page.get_by_role("heading", name="What if")).to_be_visible()
        page.get_by_role("link", name="Errors").click()
        compare_with_the_fast_one()
    page.set_viewport_size({"width": 1280, "height": 1200})  # the whole sidebar: to scroll would close what opens
    page.goto(f"{url.partition('/errors')[0]}/explain?student=twitter2017-fast")
    expect(page.get_by_text("Student: twitter2017-fast", exact=True)).to_be_visible()
    expect(page.get_by_role("combobox", name="Pinned beside it")).to_be_visible()
    page.get_by_role("combobox", name="Student", exact=True).click()
    page.get_by_role("option", name="twitter2017", exact=True).click()
    expect(page.get_by_text("Student: twitter2017", exact=True)).to_be_visible()


def test_a_count_in_a_table_opens_its_samples(page: Page) -> None:
    table = page.get_by_test_id("stDataFrame").first
    box = table.bounding_box()
    assert box is not None
    table.click(position={"x": box["width"] * 0.3, "y": 55})
    expect(page.get_by_text(re.compile("samples? behind it")).first).to_be_visible()


def test_the_page_is_no_wider_than_a_phone(browser: Browser, url: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(url)
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_text("3 samples;")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    tops = [page.get_by_text(label, exact=True).bounding_box() for label in ("Set", TRAINING, "First", "Second")]
    assert [top["y"] for top in tops if top] == sorted(top["y"] for top in tops if top)
    page.close()
