"""The app as its users meet it: a real server, a real browser, real embedded models."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from core import weights
from core.domain import Knowledge, Maker, Prediction, Sample
from core.settings import Settings
from core.store import Store
from tests.browser import SECOND, app, card
from tests.loopback import Loopback

DEMO = Path(__file__).parent.parent / "assets/demo"
TWEET = "Eileen Collins of NASA landed in Houston, Texas"
HOSTILE = "<img src=x onerror=alert(1)> **bold** $x^2$ {{7*7}} :red[hi] [a](javascript:alert(1)) \u202eevil NASA"

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    weights.fetch("smollm2-135m", Settings.read().cache)
    return tmp_path_factory.mktemp("app") / "workspace"


@pytest.fixture
def page(page: Page, url: str) -> Page:
    page.goto(url)
    expect(page.get_by_label("Tweet", exact=True)).to_be_visible()
    return page


def study(page: Page, tweet: str) -> str:
    """Type a tweet, have it studied, wait for the end; gives the case's id."""
    page.get_by_label("Tweet", exact=True).fill(tweet)
    page.get_by_role("button", name="Study this tweet").click()
    page.wait_for_url(re.compile(r"case=[0-9a-f]{32}"))
    expect(page.get_by_role("heading", name="New samples")).to_be_visible()
    expect(page.get_by_text(re.compile("^(hourglass_empty waiting|progress_activity working)"))).to_have_count(
        0, timeout=180 * SECOND
    )
    return page.url.partition("case=")[2]


def test_a_photo_and_a_tweet_go_in_everything_comes_out_and_an_approval_survives_a_restart(
    browser: Browser, tmp_path: Path
) -> None:
    with app(tmp_path / "workspace") as address:
        page = browser.new_page()
        page.goto(address)
        expect(page.get_by_label("Tweet", exact=True)).to_be_visible()
        page.get_by_label("Your name", exact=True).fill("Ana Lovelace")
        page.set_input_files("input[type=file]", DEMO / "astronaut.jpg")
        expect(page.get_by_role("button", name="Remove the picture")).to_be_visible()
        case_id = study(page, TWEET)
        for title in ("The picture in words", "Special words", "The sentence", "Text and picture"):
            expect(card(page, title)).to_contain_text("done")
        expect(card(page, "The picture in words")).to_contain_text("embedded describer")
        for title in ("Without knowledge", "With knowledge"):
            expect(card(page, title).locator("mark").first).to_contain_text(re.compile(r"Eileen Collins.*PER.*\d+%"))
        for title in ("Another style", "Another entity", "An imagined picture"):
            expect(card(page, title)).to_contain_text(re.compile("done|set aside"))
        imagined = card(page, "An imagined picture")
        imagined.get_by_role("button", name="Approve").click()
        expect(imagined).to_contain_text("Approved by Ana Lovelace")
        page.close()

    with app(tmp_path / "workspace") as address:
        page = browser.new_page()
        page.goto(f"{address}/?case={case_id}")
        imagined = card(page, "An imagined picture")
        expect(imagined).to_contain_text("Approved by Ana Lovelace")
        expect(page.get_by_label("Tweet", exact=True)).to_have_value(TWEET)
        imagined.get_by_role("button", name="Undo").click()
        expect(imagined.get_by_role("alert")).to_contain_text("needs your name")
        page.get_by_label("Your name", exact=True).fill("Bo")
        page.get_by_label("Your name", exact=True).blur()
        imagined.get_by_role("button", name="Undo").click()
        expect(imagined.get_by_role("button", name="Approve")).to_be_visible()
        page.close()

    store = Store(tmp_path / "workspace")
    case = store.case(case_id)
    assert case is not None
    assert [decision.choice for decision in case.decisions] == ["approved", "withdrawn"]
    assert [decision.reviewer for decision in case.decisions] == ["Ana Lovelace", "Bo"]
    assert {thought.grain for thought in case.knowledge} == {"noun", "sentence", "multimodality"}
    assert all("SmolLM2" in thought.maker.model and thought.maker.prompt_version for thought in case.knowledge)


def test_a_name_survives_a_reload_and_stands_in_no_address(page: Page) -> None:
    page.get_by_label("Your name", exact=True).fill("Žižka; path=/x")
    page.get_by_label("Your name", exact=True).press("Enter")
    page.wait_for_function("document.cookie.includes('path%3D%2Fx')")
    page.reload()
    expect(page.get_by_label("Your name", exact=True)).to_have_value("Žižka; path=/x")
    assert "ka" not in page.url.partition("?")[2]


def test_markup_in_a_tweet_is_shown_as_it_reads(page: Page) -> None:
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    study(page, HOSTILE)
    shown = card(page, "Without knowledge")
    expect(shown).to_contain_text("<img src=x onerror=alert(1)> **bold** $x^2$ {{7*7}} :red[hi]")
    main = page.get_by_test_id("stMain")
    assert main.locator("img[src=x], a[href^=javascript], .katex").count() == 0
    assert dialogs == []


@pytest.mark.parametrize(
    ("tweet", "message"),
    [("", "The tweet is empty"), ("   ", "The tweet is empty"), ("word " * 2000, "shorten it to 1,000")],
)
def test_a_tweet_that_cannot_be_studied_is_refused_in_words_and_stays_in_the_form(
    page: Page, tweet: str, message: str
) -> None:
    page.get_by_label("Tweet", exact=True).fill(tweet)
    page.get_by_role("button", name="Study this tweet").click()
    expect(page.get_by_role("alert")).to_contain_text(message)
    expect(page.get_by_label("Tweet", exact=True)).to_have_value(tweet)


@pytest.mark.parametrize("tweet", ["🎉🎉 👩🏽‍🚀", "محمد صلاح يلعب في ليفربول"])
def test_emoji_and_right_to_left_tweets_are_studied(page: Page, tweet: str) -> None:
    study(page, tweet)
    expect(card(page, "Without knowledge")).to_contain_text(tweet.split(maxsplit=1)[0])
    expect(card(page, "Without knowledge")).to_contain_text("done")


def test_a_file_that_is_no_picture_is_refused_and_the_page_goes_on(page: Page, tmp_path: Path) -> None:
    broken = tmp_path / "party.jpg"
    broken.write_bytes((DEMO / "coffee.jpg").read_bytes()[:900])
    page.set_input_files("input[type=file]", broken)
    expect(page.get_by_role("alert")).to_contain_text("party.jpg")
    page.set_input_files("input[type=file]", DEMO / "coffee.jpg")
    expect(page.get_by_role("button", name="Remove the picture")).to_be_visible()
    expect(page.get_by_role("alert")).to_be_hidden()


def test_a_demo_sample_fills_the_form_and_shows_its_gold_labels(page: Page) -> None:
    page.get_by_label("Demo sample").click()
    page.get_by_role("option").first.click()
    expect(page.get_by_role("button", name="Remove the picture")).to_be_visible()
    form = page.get_by_label("Tweet", exact=True)
    expect(form).not_to_have_value("")  # the picture's button may come before the words do
    study(page, form.input_value())
    page.get_by_text("Gold labels").click()
    expect(page.get_by_test_id("stExpander").locator("mark").first).to_be_visible()


def test_the_picture_can_be_taken_off(page: Page) -> None:
    page.set_input_files("input[type=file]", DEMO / "coffee.jpg")
    page.get_by_role("button", name="Remove the picture").click()
    expect(page.get_by_role("button", name="Remove the picture")).to_be_hidden()
    study(page, TWEET)
    expect(card(page, "Text and picture")).to_contain_text("There is no picture")


def test_a_picture_that_was_just_chosen_is_studied(page: Page) -> None:
    page.get_by_label("Tweet", exact=True).fill(TWEET)
    page.set_input_files("input[type=file]", DEMO / "coffee.jpg")
    expect(page.get_by_test_id("stFileChip")).to_be_visible()
    expect(page.get_by_test_id("stFileChipIconSpinner")).to_have_count(0)  # all of it has come
    page.get_by_role("button", name="Study this tweet").click()
    page.wait_for_url(re.compile(r"case=[0-9a-f]{32}"))
    expect(page.get_by_role("button", name="Remove the picture")).to_be_visible()
    expect(card(page, "The picture in words")).to_contain_text("embedded describer")


def test_a_picture_is_taken_off_the_uploader(page: Page) -> None:
    page.set_input_files("input[type=file]", DEMO / "coffee.jpg")
    expect(page.get_by_role("button", name="Remove the picture")).to_be_visible()
    page.get_by_test_id("stFileChip").get_by_role("button").click()
    expect(page.get_by_role("button", name="Remove the picture")).to_be_hidden()


def test_a_case_is_found_again_after_a_look_at_another_page(page: Page) -> None:
    page.get_by_label("Demo sample").click()
    page.get_by_role("option").first.click()
    expect(page.get_by_role("button", name="Remove the picture")).to_be_visible()
    page.get_by_role("button", name="Study this tweet").click()
    page.wait_for_url(re.compile(r"case=[0-9a-f]{32}"))
    case = page.url.partition("case=")[2]
    page.get_by_role("link", name="Models").click()
    expect(page.get_by_role("heading", name="Captioners")).to_be_visible()
    page.get_by_role("link", name="Case study").click()
    page.wait_for_url(re.compile(f"case={case}"))
    expect(page.get_by_role("button", name="Remove the picture")).to_be_visible()
    expect(page.get_by_role("heading", name="New samples")).to_be_visible()


def test_a_tweet_survives_a_look_at_another_page(page: Page) -> None:
    page.get_by_label("Tweet", exact=True).fill("Adele sings in Rome")
    page.get_by_label("Tweet", exact=True).blur()
    page.get_by_role("link", name="Models").click()
    expect(page.get_by_role("heading", name="Captioners")).to_be_visible()
    page.get_by_role("link", name="Case study").click()
    expect(page.get_by_label("Tweet", exact=True)).to_have_value("Adele sings in Rome")


def test_a_link_to_no_case_says_so(browser: Browser, url: str) -> None:
    page = browser.new_page()
    page.goto(f"{url}/?case=<b>nothing</b>")
    expect(page.get_by_role("alert")).to_contain_text("there is no case", ignore_case=True)
    expect(page.get_by_label("Tweet", exact=True)).to_be_visible()
    page.close()


def test_a_teacher_that_fails_says_why_and_the_predictions_still_come(
    browser: Browser, tmp_path: Path, loopback: Loopback
) -> None:
    loopback.fault, loopback.status = "status", 401
    environment = {"COTPD_TEACHER_URL": loopback.url, "COTPD_TEACHER_MODEL": "gpt-4", "OPENAI_API_KEY": "sk-secret"}
    with app(tmp_path / "workspace", **environment) as address:
        page = browser.new_page()
        page.goto(address)
        expect(page.get_by_label("Tweet", exact=True)).to_be_visible()
        study(page, TWEET)
        expect(card(page, "Special words")).to_contain_text("OPENAI_API_KEY")
        expect(card(page, "Without knowledge").locator("mark").first).to_be_visible()
        assert "sk-secret" not in page.content()
        page.close()


def test_stored_cases_are_listed_and_opened(page: Page, workspace: Path) -> None:
    sample = Sample.from_text("Rihanna sang in Oslo")
    Store(workspace).study(sample)
    page.get_by_role("link", name="Stored cases").click()
    row = page.get_by_test_id("stMain").get_by_text("Rihanna sang in Oslo")
    expect(row).to_be_visible()
    # By its address: labels come late and in any order, so the first that is called "Open" may be another's.
    page.locator(f"a[href*='{sample.id}']", has_text="Open").click()
    expect(page.get_by_label("Tweet", exact=True)).to_have_value("Rihanna sang in Oslo")
    assert page.url.endswith(sample.id)


def test_the_summary_that_the_student_read_is_shown_beside_the_thoughts(
    browser: Browser, url: str, workspace: Path
) -> None:
    sample = Sample.from_text("Rihanna sang in Bergen")
    maker = Maker(model="a teacher", created=datetime(2026, 5, 1, tzinfo=UTC))
    thought = Knowledge(sample_id=sample.id, grain="sentence", text="All of her life, at length.", maker=maker)
    summary = Knowledge(sample_id=sample.id, grain="summary", text="She is a singer.", maker=maker)
    unread = Knowledge(sample_id=sample.id, grain="summary", text="She is a swimmer.", maker=maker)
    saw = maker.model_copy(update={"parameters": {"knowledge": [summary.id]}})
    found = Prediction(sample_id=sample.id, view="with_knowledge", entities=(), maker=saw)
    with Store(workspace) as store:
        store.study(sample)
        store.add(thought, summary, unread, found)
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.goto(f"{url}/?case={sample.id}")
    main = page.get_by_test_id("stMain")
    expect(main).to_contain_text("All of her life, at length.", timeout=90 * SECOND)
    expect(main).to_contain_text("it read this summary instead")
    expect(main).to_contain_text("She is a singer.")
    expect(main).not_to_contain_text("She is a swimmer.")
    page.close()


def test_a_page_asks_nobody_but_its_own_server(browser: Browser, url: str) -> None:
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(url)
    expect(page.get_by_label("Tweet", exact=True)).to_be_visible(timeout=90 * SECOND)
    expect(page.locator("link[rel*=icon]")).to_have_attribute("href", re.compile("^data:image/svg"))
    page.wait_for_load_state("networkidle")
    assert [each for each in asked if not each.startswith((url, "data:", "blob:"))] == []
    page.close()


def test_the_models_page_says_why_a_model_cannot_be_used(page: Page) -> None:
    page.get_by_role("link", name="Models").click()
    main = page.get_by_test_id("stMain")
    expect(main).to_contain_text("embedded describer")
    expect(main).to_contain_text("COTPD_BLIP2")
    expect(main).to_contain_text("COTPD_TEACHER_MODEL")


@pytest.mark.parametrize("path", ["", "cases", "models"])
def test_no_page_is_wider_than_a_phone(browser: Browser, url: str, path: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(f"{url}/{path}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()
