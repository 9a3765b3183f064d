"""The jobs page in a real browser: a job is foreseen, started, watched, stopped and gone on with."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from core.domain import Entity, Sample
from core.store import Store
from tests.browser import app
from tests.loopback import Loopback, serving

HOSTILE = "<img src=x onerror=alert(1)> **bold** $x^2$ :red[hi]"
SAMPLES = tuple(
    Sample.from_tokens((name, "went", "to", "Oslo"), entities=(Entity(start=0, end=1, type="PER"),))
    for name in ("Ana", "Bo", "Cy", "Di", "Ed", "Flo", "Gus", "Hal")
)

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def loopback() -> Iterator[Loopback]:
    with serving(lambda _: f"It is known: {HOSTILE}.") as loopback:
        yield loopback


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, loopback: Loopback) -> Iterator[str]:
    workspace = tmp_path_factory.mktemp("jobs") / "workspace"
    with Store(workspace) as store:
        store.add_corpus("names", "train", SAMPLES)
    with app(workspace, COTPD_TEACHER_URL=loopback.url, COTPD_TEACHER_MODEL="m") as address:
        yield address


@pytest.fixture
def page(page: Page, url: str) -> Page:
    page.goto(f"{url}/jobs?corpus=names%2Ftrain")
    expect(page.get_by_role("button", name="Start")).to_be_visible()
    return page


def test_a_job_is_foreseen_stopped_and_gone_on_with(page: Page, loopback: Loopback) -> None:
    page.get_by_role("button", name="What will it take?").click()
    expect(page.get_by_text("16 to ask for")).to_be_visible()
    loopback.pause = 0.5
    page.get_by_label("Requests at once").fill("1")
    page.get_by_label("Requests at once").press("Enter")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text("of 16")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("it goes on from there")).to_be_visible()
    loopback.pause = 0
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text("more were in the workspace before")).to_be_visible()
    expect(page.get_by_text("it goes on from there")).to_be_hidden()
    assert len(loopback.requests) == 16


def test_what_comes_of_new_samples_is_shown_while_they_are_made(page: Page, loopback: Loopback) -> None:
    loopback.pause = 1.5
    page.get_by_text("New samples", exact=True).click()
    page.get_by_role("button", name="Another style").click()  # leaves verdicts, none of which is a yes, and pictures
    page.get_by_label("Requests at once").fill("1")
    page.get_by_label("Requests at once").press("Enter")
    page.get_by_role("button", name="Start").click()
    page.get_by_text("An imagined picture: kept").click()
    expect(page.get_by_text("onerror=alert(1)").first).to_be_visible()
    expect(page.get_by_text("Another entity: implausible (3)")).to_be_visible()
    expect(page.get_by_role("button", name="Stop")).to_be_enabled()  # it still runs, and what is open stays so
    expect(page.get_by_text("onerror=alert(1)").first).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("it goes on from there")).to_be_visible()
    loopback.pause = 0


def test_a_quota_that_is_none_is_refused_beside_its_field(page: Page) -> None:
    page.get_by_text("New samples", exact=True).click()
    for written, problem in (
        ("PER", "such as PER=200"),
        ("DOG=1", "no mention of these samples has that type; they have: PER"),
    ):
        page.get_by_role("textbox", name="At most, by type").fill(written)
        page.get_by_role("textbox", name="At most, by type").press("Enter")
        if written == "DOG=1":
            page.get_by_role("button", name="What will it take?").click()
        expect(page.get_by_role("alert")).to_contain_text(problem)
    page.get_by_role("textbox", name="At most, by type").fill("PER=3")
    page.get_by_role("textbox", name="At most, by type").press("Enter")
    page.get_by_role("button", name="What will it take?").click()
    expect(page.get_by_text("to ask for")).to_be_visible()
    expect(page.get_by_role("alert")).to_be_hidden()


def test_new_samples_are_made_and_shown_inert_with_their_reasons(page: Page) -> None:
    page.get_by_text("New samples", exact=True).click()
    page.get_by_role("button", name="Another entity").click()  # leaves the other two kinds
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text("New samples so far")).to_be_visible()
    page.get_by_text("An imagined picture: kept").click()
    expect(page.get_by_text("onerror=alert(1)").first).to_be_visible()
    assert page.locator("img[src=x]").count() == 0
