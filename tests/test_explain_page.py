"""The page Explain as its users meet it: a real server, a real browser, the shipped student."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from core.corpora import Row
from core.domain import Caption, Entity, Knowledge, Maker, Sample
from core.explanation.case import explain
from core.explanation.page import write_page
from core.importing import import_demos
from core.prediction import Predictor
from core.settings import Settings
from core.store import Store
from tests.browser import SECOND, app

HOSTILE = "<img src=x onerror=alert(1)> **bold** :red[hi] \u202eevil"

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("explain") / "workspace"


@pytest.fixture(scope="module")
def case(workspace: Path) -> Sample:
    """A demo sample with a caption and two thoughts, one of them hostile."""
    with Store(workspace) as store:
        sample = import_demos(store)[0][1]
        maker = Maker(model="by hand", created=datetime(2026, 1, 1, tzinfo=UTC))
        store.add(
            sample,
            Caption(sample_id=sample.id, text="two boys in front of a bowling alley", maker=maker),
            Knowledge(sample_id=sample.id, grain="noun", text=f"They are people. {HOSTILE}", maker=maker),
            Knowledge(sample_id=sample.id, grain="sentence", text="Two actors went out.", maker=maker),
        )
        store.study(sample)
    return sample


@pytest.fixture(scope="module")
def url(workspace: Path, case: Sample) -> Iterator[str]:
    with app(workspace) as address:
        yield f"{address}/explain?case={case.id}"


@pytest.fixture
def page(page: Page, url: str) -> Page:
    page.goto(url)
    expect(page.get_by_role("heading", name="Take it with you")).to_be_visible()
    return page


def test_a_grain_is_switched_off_and_a_thought_edited_and_each_try_is_kept_as_a_child(
    page: Page, workspace: Path, case: Sample
) -> None:
    page.get_by_text("Special words", exact=True).first.click()
    expect(page.get_by_text(re.compile(r"Now · \d+ ms")).first).to_be_visible()
    page.get_by_text("Edit the tweet, the caption or a thought").click()
    words = page.get_by_label("The tweet's words", exact=True)
    words.fill("Rihanna sang in Oslo")
    words.blur()
    expect(page.get_by_text("went with its words").first).to_be_visible()
    with Store(workspace) as store:
        first, second = store.counterfactuals(case.id)
    assert (first.parent_id, second.parent_id) == (None, first.id)
    assert "noun" not in first.knowledge
    assert "sentence" in first.knowledge
    assert second.sample.text == "Rihanna sang in Oslo"
    assert [second.sample.mention(each) for each in second.answers["with_knowledge"].entities] == ["Rihanna", "Oslo"]
    page.get_by_role("button", name="As it was").click()
    expect(words).to_have_value(case.text)
    with Store(workspace) as store:
        assert len(store.counterfactuals(case.id)) == 2  # the case itself is no try


def test_the_exported_page_opens_without_a_server_and_runs_nothing(
    browser: Browser, page: Page, tmp_path: Path
) -> None:
    page.get_by_role("button", name="Prepare the export").click()
    ready = page.get_by_role("button", name="Download the page (HTML)")
    expect(ready).to_be_visible(timeout=300 * SECOND)  # every mention is explained, which takes the processor
    with page.expect_download(timeout=120 * SECOND) as download:
        ready.click()
    file = tmp_path / "case.html"
    download.value.save_as(file)

    asked: list[str] = []
    alone = browser.new_context(offline=True).new_page()
    alone.on("request", lambda request: asked.append(request.url))
    alone.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    alone.goto(file.as_uri())
    expect(alone.get_by_role("heading", name="What the student finds")).to_be_visible()
    expect(alone.get_by_text("<img src=x onerror=alert(1)> **bold** :red[hi] evil").first).to_be_visible()
    assert alone.locator("img[src=x], script").count() == 0
    picture = alone.locator("img").first
    assert picture.evaluate("image => image.naturalWidth") > 100
    assert "bowling alley" in (picture.get_attribute("alt") or "")
    assert [each for each in asked if not each.startswith(("file:", "data:"))] == []
    alone.close()


def test_the_exported_page_is_no_wider_than_a_phone_and_breaks_no_short_word(
    browser: Browser, student: Path, tmp_path: Path
) -> None:
    long = "w" * 120
    text = Sample.from_text(f"ana goes to paris {long} !")
    sample = text.model_copy(update={"entities": (Entity(start=4, end=5, type="LOC"),)})
    study = explain(Predictor.load(Settings.read(student=str(student))), Row(sample, f"a city {long}"))
    write_page(study, None, tmp_path / "case.html")
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto((tmp_path / "case.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    rows = page.get_by_role("row", name=re.compile("^paris"))
    assert rows.count() > 0
    assert max(row.evaluate("row => row.clientHeight") for row in rows.all()) < 40  # one line
    page.close()


def test_a_note_needs_a_name_and_stays(page: Page, workspace: Path, case: Sample) -> None:
    page.get_by_label("A note on this case").fill(HOSTILE)
    page.get_by_role("button", name="Keep the note").click()
    expect(page.get_by_role("alert")).to_contain_text("needs your name")
    page.get_by_label("Your name", exact=True).fill("Ana")
    page.get_by_label("Your name", exact=True).blur()
    page.get_by_label("A note on this case").fill(HOSTILE)
    page.get_by_role("button", name="Keep the note").click()
    expect(page.get_by_text(re.compile("^Ana, 20"))).to_be_visible()
    with Store(workspace) as store:
        assert [note.author for note in store.notes(case.id)] == ["Ana"]


def test_a_case_is_found_again_after_a_look_at_another_page(page: Page, case: Sample) -> None:
    page.get_by_role("link", name="Models").click()
    expect(page.get_by_role("heading", name="Captioners")).to_be_visible()
    page.get_by_role("link", name="Explain", exact=True).click()
    page.wait_for_url(re.compile(f"case={case.id}"))
    expect(page.get_by_role("heading", name="Take it with you")).to_be_visible()


def test_a_case_is_pinned_beside_another_by_the_url(browser: Browser, url: str, workspace: Path) -> None:
    with Store(workspace) as store:
        other = import_demos(store)[1][1]
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.goto(f"{url}&beside={other.id}")
    expect(page.get_by_text("Gold labels")).to_have_count(2)
    assert other.id in page.url
    page.close()


def test_the_page_is_no_wider_than_a_phone(browser: Browser, url: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(url)
    expect(page.get_by_role("heading", name="Take it with you")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()
