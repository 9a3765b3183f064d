"""A relation in the case study as its users meet it: head and tail are marked over the words, both views answer."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from core.domain import Augmentation, Maker, Relation, Sample, Span
from core.store import Store
from tests.browser import SECOND, app
from tests.loopback import serving

TWEET = "ana says the acme !"

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pair") / "workspace"


@pytest.fixture(scope="module")
def url(workspace: Path, student: Path, relation_student: Path) -> Iterator[str]:
    with (
        serving(lambda _: "ana works at acme .") as teacher,
        app(
            workspace,
            COTPD_STUDENT=str(student),
            COTPD_RELATION_STUDENT=str(relation_student),
            COTPD_TEACHER_URL=teacher.url,
            COTPD_TEACHER_MODEL="gpt-test",
        ) as address,
    ):
        yield address


@pytest.fixture
def page(page: Page, url: str) -> Page:
    page.goto(url)
    page.get_by_label("Tweet", exact=True).fill(TWEET)
    page.get_by_text("Relations (MRE)").click()
    expect(word(page, "ana")).to_be_visible()
    return page


def word(page: Page, text: str) -> Locator:
    """A word over which marks are drawn; its name says the mark, too."""
    return page.get_by_role("button", name=text, exact=True)


def mark_both(page: Page, head: str, tail: str) -> None:
    """Tap the head, then the tail, which is next by itself."""
    for text, end in ((head, "head"), (tail, "tail")):
        word(page, text).click()
        expect(word(page, f"{text}, {end}")).to_be_visible()


def study(page: Page) -> str:
    """Have the pair studied, wait for the end; gives the case's id."""
    page.get_by_role("button", name="Study this tweet").click()
    page.wait_for_url(re.compile(r"case=[0-9a-f]{32}"))
    expect(page.get_by_text("Explain these answers")).to_be_visible()
    expect(page.get_by_text(re.compile("^(hourglass_empty waiting|progress_activity working)"))).to_have_count(
        0, timeout=180 * SECOND
    )
    return page.url.partition("case=")[2]


def test_head_and_tail_are_marked_and_both_views_say_how_they_are_related(page: Page, workspace: Path) -> None:
    mark_both(page, "ana", "acme")
    case_id = study(page)
    main = page.get_by_test_id("stMain")
    expect(main.get_by_text("/per/org/member_of", exact=True)).to_have_count(2)
    expect(main).to_contain_text("Knowledge changed no relation, only how sure it is.")
    expect(page.locator(".js-plotly-plot .ytick")).to_have_text(["member of (per, org)", "no relation"])
    with Store(workspace) as store:
        case = store.case(case_id)
    assert case is not None
    relation = case.sample.relation
    assert relation is not None
    assert (case.sample.mention(relation.head), case.sample.mention(relation.tail)) == ("ana", "acme")
    page.get_by_role("link", name="Explain these answers").click()
    expect(page.get_by_label("Relation", exact=True)).to_be_visible()
    expect(page.locator(".js-plotly-plot .ytick", has_text="the tweet")).to_be_visible()


def test_marks_are_taken_away_swapped_and_move_with_the_words(page: Page) -> None:
    mark_both(page, "ana", "acme")
    page.get_by_role("button", name="Swap them").click()
    expect(word(page, "ana, tail")).to_be_visible()
    expect(word(page, "acme, head")).to_be_visible()
    tweet = page.get_by_label("Tweet", exact=True)
    tweet.fill("the acme says ana !")
    tweet.blur()
    expect(word(page, "says")).to_be_visible()
    expect(word(page, "acme, head")).to_be_visible()
    expect(word(page, "ana, tail")).to_be_visible()
    word(page, "ana, tail").click()
    expect(word(page, "ana")).to_be_visible()
    expect(page.get_by_role("button", name="Swap them")).to_be_disabled()


def test_a_mark_that_is_lost_with_its_word_is_told_and_is_the_next_to_be_made(page: Page) -> None:
    mark_both(page, "ana", "acme")
    tweet = page.get_by_label("Tweet", exact=True)
    tweet.fill("anna says the acme !")
    tweet.blur()
    expect(page.get_by_text("Not found in the new words: ana.")).to_be_visible()
    word(page, "anna").click()
    expect(word(page, "anna, head")).to_be_visible()
    expect(word(page, "acme, tail")).to_be_visible()


def test_a_head_within_its_tail_is_swapped_and_reworded_like_any_other(page: Page, workspace: Path, url: str) -> None:
    words = tuple("we say new york times is in new york".split())
    nested = Relation(head=Span(start=2, end=4), tail=Span(start=2, end=5))
    sample = Sample.from_tokens(words, task="mre", relation=nested)
    with Store(workspace) as store:
        store.study(sample)
    page.goto(f"{url}/?case={sample.id}")
    expect(word(page, "times, tail")).to_be_visible()
    page.get_by_role("button", name="Swap them").click()
    expect(word(page, "times, head")).to_be_visible()
    tweet = page.get_by_label("Tweet", exact=True)
    tweet.fill("they say new york times is in new york")
    tweet.blur()
    expect(word(page, "they")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(word(page, "times, head")).to_be_visible()


def test_a_reviewer_says_how_head_and_tail_of_a_variant_are_related(page: Page, workspace: Path, url: str) -> None:
    parent = Sample.from_text(TWEET).of_pair("ana", "acme")
    variant = Sample.from_text("bob says the acme !").of_pair("bob", "acme")
    maker = Maker(model="pen", created=datetime(2026, 1, 1, tzinfo=UTC))
    made = Augmentation(parent_id=parent.id, kind="style", answer="", variant=variant, maker=maker)
    with Store(workspace) as store:
        store.add(parent, made)
    page.goto(f"{url}/review?model=pen")
    expect(page.get_by_text("bob → acme: how they are related is not known.")).to_be_visible()
    expect(page.get_by_text("/per/org/member_of", exact=True)).to_have_count(1)  # what the student finds
    page.get_by_label("Your name", exact=True).fill("Ada")
    page.get_by_role("button", name="Edit").click()
    page.get_by_role("combobox", name="How the head is related to the tail").click()
    page.get_by_role("option", name="member of (per, org)", exact=True).click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Nothing is left here")).to_be_visible()
    with Store(workspace) as store:
        (decision,) = store.decisions(made.id)
        kept = store.augmentation(decision.edit or "")
    assert kept is not None
    assert kept.variant == Sample.from_text("bob says the acme !").of_pair("bob", "acme", "/per/org/member_of")


def test_a_pair_without_its_tail_is_refused_in_words(page: Page) -> None:
    word(page, "ana").click()
    expect(word(page, "ana, head")).to_be_visible()
    page.get_by_role("button", name="Study this tweet").click()
    expect(page.get_by_role("alert")).to_contain_text("A relation needs both its head and its tail")
    expect(word(page, "ana, head")).to_be_visible()


def test_a_pair_is_found_again_by_its_link_and_after_a_look_at_another_page(page: Page, url: str) -> None:
    mark_both(page, "acme", "ana")
    case_id = study(page)
    page.get_by_role("link", name="Models").click()
    expect(page.get_by_text("They find how two mentions are related.")).to_be_visible()
    page.get_by_role("link", name="Case study").click()
    expect(word(page, "acme, head")).to_be_visible()
    expect(page.get_by_text("What follows is of the tweet studied before")).to_have_count(0)
    page.goto("about:blank")
    page.goto(f"{url}/?case={case_id}")
    expect(word(page, "ana, tail")).to_be_visible()
    expect(page.get_by_text("What follows is of the tweet studied before")).to_have_count(0)


def test_a_demo_with_a_relation_is_marked_already_and_shows_its_gold_one(page: Page) -> None:
    page.get_by_label("Demo sample").click()
    page.get_by_role("option", name="A lake in a city").click()
    expect(word(page, "Beijing, head")).to_be_visible()
    expect(word(page, "Lake, tail")).to_be_visible()
    study(page)
    page.get_by_text("Gold relation").click()
    expect(page.get_by_test_id("stExpander").get_by_text("/loc/loc/contain")).to_be_visible()
