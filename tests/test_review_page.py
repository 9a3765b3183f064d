"""The review desk as its users meet it: a real server, a real browser, keys and the mouse."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from core import review
from core.domain import Augmentation, Caption, Entity, Maker, Sample
from core.exporting import export_approved
from core.identity import local
from core.review import guidelines, rules
from core.store import Store
from core.store.queue import Rules
from tests.reviewing import Session, add, open_desk, quiet, states
from tests.variants import FIRST, fill

HOSTILE = (
    "<img src=x onerror=alert(1)> **bold** $x^2$ {{7*7}} :red[hi] [a](javascript:alert(1)) "
    "\u202eevil \x1b[31mred </div><script>alert(2)</script>"
)
SHOWN = "<img src=x onerror=alert(1)> **bold** $x^2$ {{7*7}} :red[hi] [a](javascript:alert(1)) evil"

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What all tests of this file share; each finds its own variants by their model."""
    folder = tmp_path_factory.mktemp("desk") / "workspace"
    with Store(folder) as store:
        fill(store, 20)
    return folder


def test_variants_are_decided_by_keys_alone_and_the_export_is_what_was_approved(
    page: Page, url: str, workspace: Path, tmp_path: Path
) -> None:
    open_desk(page, url)
    session = Session(page)
    session.run(12, edits=1, undone=2)
    session.expect_card()
    with Store(workspace) as store:
        export_approved(store, tmp_path / "out.txt", format="twitter", without=["caption"], by=local("Ada"))
        assert (tmp_path / "out.txt").read_text(encoding="utf-8") == session.conll()
        assert store.queue.tally()["rejected"] == len(session.rejected)
        assert store.queue.tally()["edited"] == len(session.edited) == 1


def test_words_are_edited_and_their_spans_drawn_with_the_arrow_keys(page: Page, url: str, workspace: Path) -> None:
    with Store(workspace) as store:
        (one,) = add(store, "typing", "Adele sings in Rome 😍")
        open_desk(page, url, query="?model=typing")
        page.keyboard.press("e")
        page.get_by_label("Words of the variant").fill("Adele 🎤 sings in New York 😍")
        page.get_by_label("Words of the variant").press("Tab")
        words = page.locator(".word")
        expect(words).to_have_text(["Adele", "🎤", "sings", "in", "New", "York", "😍"])
        quiet(page)
        page.keyboard.press("1")
        quiet(page)
        words.nth(4).focus()
        page.keyboard.press("Shift+ArrowRight")
        page.keyboard.press("Enter")
        expect(words.nth(5)).to_have_attribute("aria-label", "York, LOC")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Nothing is left here")).to_be_visible()
        (decision,) = store.decisions(one)
        made = store.augmentation(decision.edit or "")
        assert made is not None
        assert made.variant is not None
        assert made.variant.text == "Adele 🎤 sings in New York 😍"
        assert made.variant.entities == (Entity(start=4, end=6, type="LOC"),)


def test_an_open_edit_and_the_filter_are_found_again_after_a_look_at_another_page(
    page: Page, url: str, workspace: Path
) -> None:
    with Store(workspace) as store:
        add(store, "looking", "Adele sings in Rome", "Adele sings in Oslo")
    open_desk(page, url, query="?model=looking&state=pending&state=flagged")
    page.keyboard.press("j")
    expect(page.get_by_text("parent of Adele sings in Oslo")).to_be_visible()
    quiet(page)
    page.keyboard.press("e")
    page.get_by_label("Words of the variant").fill("Adele sings in Turin")
    page.get_by_label("Words of the variant").press("Tab")
    expect(page.locator(".word").last).to_have_text("Turin")
    page.get_by_role("link", name="Jobs").click()
    expect(page.get_by_role("heading", name="Jobs", exact=True)).to_be_visible()
    page.get_by_role("link", name="Review", exact=True).click()
    expect(page.get_by_label("Words of the variant")).to_have_value("Adele sings in Turin")
    page.wait_for_url(re.compile("model=looking"))
    expect(page.get_by_text("parent of Adele sings in Oslo")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_reasons_are_kept_and_a_skip_and_a_flag_and_the_way_back(page: Page, url: str, workspace: Path) -> None:
    with Store(workspace) as store:
        ids = add(store, "steps", "one", "two", "three")
        open_desk(page, url, query="?model=steps")
        expect(page.get_by_text("parent of one")).to_be_visible()
        page.keyboard.press("x")
        page.get_by_label("A reason in your own words").fill("Not how anybody writes")
        page.get_by_label("A reason in your own words").press("Enter")
        expect(page.get_by_text("parent of two")).to_be_visible()
        quiet(page)
        page.keyboard.press("j")
        expect(page.get_by_text("parent of three")).to_be_visible()
        quiet(page)
        page.keyboard.press("k")
        expect(page.get_by_text("parent of two")).to_be_visible()
        quiet(page)
        page.keyboard.press("f")
        expect(page.get_by_text("parent of three")).to_be_visible()
        assert states(store, ids) == ["rejected", "flagged", "pending"]
        assert store.decisions(ids[0])[0].reason == "Not how anybody writes"


def test_a_key_pressed_twice_or_held_decides_on_one_card_alone(page: Page, url: str, workspace: Path) -> None:
    with Store(workspace) as store:
        ids = add(store, "twice", "one", "two", "three", "four")
        open_desk(page, url, query="?model=twice")
        expect(page.get_by_text("parent of one")).to_be_visible()
        for _ in range(3):
            page.keyboard.press("a")
        expect(page.get_by_text("parent of two")).to_be_visible()
        quiet(page)
        page.keyboard.down("a")
        for _ in range(5):
            page.wait_for_timeout(150)
            page.keyboard.down("a")  # what is down already, the keyboard repeats
        page.keyboard.up("a")
        expect(page.get_by_text("parent of three")).to_be_visible()
        quiet(page)
        assert states(store, ids) == ["approved", "approved", "pending", "pending"]


def test_an_edit_that_loses_a_mention_or_meets_another_name_stays_open(page: Page, url: str, workspace: Path) -> None:
    parent = Sample.from_tokens(("Adele", "sings", "in", "Rome", "!"))
    ends = (Entity(start=0, end=1, type="PER"), Entity(start=3, end=4, type="LOC"))
    variant = Sample.from_tokens(("Adele", "sings", "in", "Rome", "again"), entities=ends)
    maker = Maker(model="losing", created=FIRST)
    made = Augmentation(parent_id=parent.id, kind="style", answer=variant.text, variant=variant, maker=maker)
    with Store(workspace) as store:
        store.add(parent, made)
        page.goto(f"{url}/review?model=losing")
        expect(page.get_by_role("button", name="Approve")).to_be_visible()
        page.get_by_role("heading", name="Review", exact=True).click()
        page.keyboard.press("e")
        words = page.get_by_label("Words of the variant")
        words.fill("Adele sings in Lisbon again")
        words.press("Control+Enter")
        expect(page.get_by_text("Not in the new words: Rome")).to_be_visible()
        quiet(page)
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("alert")).to_contain_text("needs your name")
        page.get_by_label("Your name", exact=True).fill("Ada")
        page.get_by_label("Your name", exact=True).press("Enter")
        expect(page.get_by_role("alert")).to_have_count(0)
        expect(words).to_have_value("Adele sings in Lisbon again")
        quiet(page)
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Nothing is left here")).to_be_visible()
        (decision,) = store.decisions(made.id)
        kept = store.augmentation(decision.edit or "")
        assert kept is not None
        assert kept.variant is not None
        assert kept.variant.entities == ends[:1]


def test_what_is_typed_is_taken_back_by_the_field_and_not_by_the_desk(page: Page, url: str, workspace: Path) -> None:
    with Store(workspace) as store:
        ids = add(store, "typed", "one", "two")
        open_desk(page, url, query="?model=typed")
        page.keyboard.press("a")
        expect(page.get_by_text("parent of two")).to_be_visible()
        quiet(page)
        name = page.get_by_label("Your name", exact=True)
        name.press("x")
        name.press("Control+z")
        expect(name).to_have_value("Ada")
        page.wait_for_timeout(500)
        assert states(store, ids) == ["approved", "pending"]


def test_what_somebody_decided_meanwhile_is_shown_and_not_overturned_unseen(
    page: Page, url: str, workspace: Path
) -> None:
    with Store(workspace) as store:
        ids = add(store, "meanwhile", "one", "two")
        open_desk(page, url, query="?model=meanwhile")
        expect(page.get_by_text("parent of one")).to_be_visible()
        review.decide(store, ids[0], "rejected", by=local("Bo"), reason="no tweet")
        page.keyboard.press("a")
        expect(page.get_by_text("Somebody decided on it meanwhile")).to_be_visible()
        expect(page.get_by_text("no tweet")).to_be_visible()
        assert states(store, ids) == ["rejected", "pending"]
        quiet(page)
        page.keyboard.press("a")
        expect(page.get_by_text("parent of two")).to_be_visible()
        assert states(store, ids) == ["approved", "pending"]
        page.goto(f"{url}/review_list?model=meanwhile")
        expect(page.get_by_text("1 of 1 variants")).to_be_visible()
        page.get_by_label("Your name", exact=True).fill("Ada")
        page.get_by_label("Your name", exact=True).press("Enter")
        quiet(page)
        box = page.get_by_test_id("stDataFrame").bounding_box()
        assert box is not None
        page.mouse.click(box["x"] + 15, box["y"] + 35 + 42)
        page.get_by_role("button", name="Approve 1 selected").click()
        expect(page.get_by_role("button", name="Yes, approve exactly these 1")).to_be_visible()
        review.decide(store, ids[1], "flagged", by=local("Bo"))
        page.get_by_role("button", name="Yes, approve exactly these 1").click()
        expect(page.get_by_text("Nothing was done: somebody decided on it meanwhile")).to_be_visible()
        assert states(store, ids) == ["approved", "flagged"]


def test_a_key_without_a_name_decides_nothing_and_says_what_is_missing(page: Page, url: str, workspace: Path) -> None:
    with Store(workspace) as store:
        (one,) = add(store, "nameless", "nobody was here")
        page.goto(f"{url}/review?model=nameless")
        expect(page.get_by_text("parent of nobody")).to_be_visible()
        quiet(page)
        page.get_by_role("button", name="Approve").click()
        expect(page.get_by_role("alert")).to_contain_text("needs your name")
        assert store.decisions(one) == []


def test_filters_live_in_the_url_and_come_back_with_it(page: Page, url: str) -> None:
    open_desk(page, url)
    page.get_by_label("Words", exact=True).fill("with 19 friends")
    page.get_by_label("Words", exact=True).press("Enter")
    expect(page.get_by_text("with 19 friends").first).to_be_visible()
    page.wait_for_url(re.compile(r"text=with\+19\+friends|text=with%2019%20friends"))
    page.reload()
    expect(page.get_by_text("with 19 friends").first).to_be_visible()


def test_a_link_opens_one_card_wherever_it_stands(page: Page, url: str, workspace: Path) -> None:
    with Store(workspace) as store:
        ids = add(store, "linked", "card one", "card two", "card three")
        review.decide(store, ids[2], "rejected", by=local("Bo"))
        page.goto(f"{url}/review?model=linked&card={ids[2]}")
        expect(page.get_by_text("parent of card three")).to_be_visible()
        expect(page.get_by_text(f"Id: {ids[2]}")).to_be_visible()
        quiet(page)
        page.keyboard.press("e")
        expect(page.get_by_label("Words of the variant")).to_have_value("card three")
        page.goto(f"{url}/review?model=linked&card=nope")
        expect(page.get_by_text("There is no variant nope")).to_be_visible()
        expect(page.get_by_text("parent of card one")).to_be_visible()


def test_others_votes_are_hidden_in_blind_mode_until_one_has_voted(page: Page, url: str, workspace: Path) -> None:
    with Store(workspace) as store:
        ids = add(store, "blind", "blind one", "blind two")
        rules.change(store, Rules(votes=2, blind=True), by=local("Cleo"))
        try:
            review.decide(store, ids[0], "rejected", by=local("Zoe the secret"), reason="secret reason")
            edited = store.augmentation(ids[0])
            assert edited is not None
            review.edit(store, edited, Sample.from_text("secret edit"), by=local("Zoe the secret"))
            open_desk(page, url, query="?model=blind", name="Bo")
            expect(page.get_by_text("Others' votes are hidden until you have voted")).to_be_visible()
            assert "secret" not in page.get_by_test_id("stMain").inner_text()
            page.keyboard.press("a")
            expect(page.get_by_text("parent of blind two")).to_be_visible()
            quiet(page)
            page.keyboard.press("k")
            expect(page.get_by_text("secret reason")).to_be_visible()
            expect(page.get_by_text("Edited to: secret edit")).to_be_visible()
            expect(page.get_by_text("reviewers disagree", exact=True)).to_be_visible()
        finally:
            rules.change(store, Rules(), by=local("Cleo"))


def test_guidelines_that_are_half_written_outlive_a_look_at_another_page(page: Page, url: str) -> None:
    page.goto(f"{url}/agreement")
    text = page.get_by_label("Guidelines, shown beside each card")
    text.fill("Approve what")
    text.blur()
    quiet(page)
    page.get_by_role("link", name="Jobs").click()
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
    page.get_by_role("link", name="Agreement").click()
    expect(text).to_have_value("Approve what")
    expect(page.get_by_text("Changed meanwhile")).to_have_count(0)


def test_rules_that_are_saved_hold_at_once_on_the_page_itself(page: Page, url: str, workspace: Path) -> None:
    with Store(workspace) as store:
        (one,) = add(store, "ruled", "ruled one")
        review.decide(store, one, "approved", by=local("Zoe"))
        before = store.queue.tally()["approved"]
        page.goto(f"{url}/agreement")
        approved = page.get_by_test_id("stMetric").filter(has_text="Approved")
        expect(approved).to_contain_text(str(before))
        votes = page.get_by_label("Reviewers who must agree on a variant")
        votes.fill("2")
        votes.press("Tab")
        page.get_by_role("button", name="Save the rules").click()
        expect(page.get_by_role("alert")).to_contain_text("needs your name")
        page.get_by_label("Your name", exact=True).fill("Cleo")
        page.get_by_label("Your name", exact=True).press("Enter")
        quiet(page)
        try:
            page.get_by_role("button", name="Save the rules").click()
            expect(page.get_by_text("The rules are saved.")).to_be_visible()
            expect(page.get_by_text("Changed meanwhile")).to_have_count(0)  # nobody else is here
            assert store.queue.rules() == Rules(votes=2, blind=False)
            assert store.queue.tally()["approved"] < before
            expect(approved).to_contain_text(str(store.queue.tally()["approved"]))
        finally:
            rules.change(store, Rules(), by=local("Cleo"))


def test_a_skip_takes_no_vote_back_and_ends_no_disagreement(page: Page, url: str, workspace: Path) -> None:
    with Store(workspace) as store:
        ids = add(store, "votes", "vote one", "vote two")
        rules.change(store, Rules(votes=2), by=local("Cleo"))
        try:
            review.decide(store, ids[1], "approved", by=local("Ada"))
            review.decide(store, ids[1], "rejected", by=local("Zoe"))
            open_desk(page, url, query="?model=votes", name="Bo")
            expect(page.get_by_text("parent of vote one")).to_be_visible()
            page.keyboard.press("a")
            expect(page.get_by_text("parent of vote two")).to_be_visible()
            expect(page.get_by_text("your decision settles it")).to_be_visible()
            quiet(page)
            page.keyboard.press("k")
            expect(page.get_by_text("parent of vote one")).to_be_visible()
            quiet(page)
            page.keyboard.press("j")
            expect(page.get_by_text("parent of vote two")).to_be_visible()
            quiet(page)
            page.keyboard.press("j")
            expect(page.get_by_text("Nothing is left here")).to_be_visible()
            assert [(vote.reviewer, vote.choice) for vote in store.queue.votes(ids[0])] == [("Bo", "approved")]
            disputed = store.queue.find(ids[1])
            assert disputed is not None
            assert disputed.disputed
        finally:
            rules.change(store, Rules(), by=local("Cleo"))


def test_a_reason_that_is_left_rejects_nothing_and_many_types_can_be_chosen(
    page: Page, url: str, workspace: Path
) -> None:
    with Store(workspace) as store:
        parent = Sample.from_text("parent of many")
        words = tuple(f"w{number}" for number in range(12))
        types = [f"{'Z' * 20}{number:02}" for number in range(12)]
        spans = tuple(Entity(start=at, end=at + 1, type=kind) for at, kind in enumerate(types))
        variant = Sample.from_tokens(words, entities=spans)
        maker = Maker(model="many", created=FIRST)
        made = Augmentation(parent_id=parent.id, kind="style", answer="", variant=variant, maker=maker)
        store.add(parent, made)
        open_desk(page, url, query="?model=many")
        expect(page.get_by_text("parent of many")).to_be_visible()
        page.keyboard.press("x")
        page.get_by_label("A reason in your own words").fill("No, wait")
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_role("button", name="Approve")).to_be_visible()
        quiet(page)
        assert store.decisions(made.id) == []
        page.keyboard.press("e")
        expect(page.locator("button", has_text="ZZZZ")).to_have_count(12)  # words of such a span are no such buttons
        expect(page.get_by_role("alert")).to_have_count(0)


def test_hostile_words_are_shown_as_they_read_everywhere_on_the_desk(page: Page, url: str, workspace: Path) -> None:
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    name = "<b>Eve</b> **$x$** :red[E]"
    with Store(workspace) as store:
        long = "a\u202eb " * 12_500  # 50 kB
        parent = Sample.from_tokens((HOSTILE, "parent"), entities=(Entity(start=0, end=1, type=":red[T] <b>T</b>"),))
        made = Augmentation(
            parent_id=parent.id,
            kind="image",
            answer=HOSTILE,
            caption=HOSTILE + long,
            variant=Sample.from_tokens((HOSTILE, *long.split()), entities=(Entity(start=0, end=1, type="PER"),)),
            maker=Maker(model="<i>hostile</i> **m**", created=FIRST),
        )
        caption = Caption(sample_id=parent.id, text=HOSTILE, maker=Maker(model="pen", created=FIRST))
        store.add(parent, caption, made)
        review.decide(store, made.id, "flagged", by=local(name), reason=HOSTILE)
        guidelines.write(workspace, HOSTILE, by=local(name))
    open_desk(page, url, query="?state=flagged&text=onerror", name=name)
    main = page.get_by_test_id("stMain")
    expect(main.get_by_text(SHOWN).first).to_be_visible()
    quiet(page)
    assert main.inner_text().count(SHOWN[:60]) >= 5  # parent, variant, both captions, reason
    expect(main.get_by_text(SHOWN.replace("**", ""))).to_be_visible()  # guidelines: emphasis is all that they may have
    page.keyboard.press("e")
    expect(page.locator(".word").first).to_contain_text(SHOWN)
    page.keyboard.press("Escape")
    quiet(page)
    page.goto(f"{url}/review_list?state=flagged&text=onerror")
    expect(page.get_by_text("1 of 1 variants")).to_be_visible()
    page.goto(f"{url}/agreement")
    expect(page.get_by_role("heading", name="How far reviewers agree")).to_be_visible()
    quiet(page)
    for place in (page.get_by_test_id("stMain"), page.get_by_test_id("stSidebar")):
        assert place.locator("img[src=x], a[href^=javascript], .katex, script, b, i").count() == 0
    assert dialogs == []


def test_guidelines_look_as_their_markdown_means_and_reach_nowhere(page: Page, url: str, workspace: Path) -> None:
    sent = "![dot](http://localhost:1/dot.png) [there](http://localhost:1/) <http://localhost:1/>"
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    guidelines.write(workspace, f"# House rules\n\nBe **brief**.\n\n- Spans first\n- {sent}\n", by=local("Cleo"))
    open_desk(page, url)
    main = page.get_by_test_id("stMain")
    expect(main.get_by_role("heading", name="House rules", exact=True)).to_be_visible()
    expect(main.get_by_role("strong").filter(has_text="brief")).to_be_visible()
    expect(main.get_by_role("listitem")).to_have_text(["Spans first", sent])
    assert not re.search(r"#|\*\*|- Spans", main.inner_text())
    assert main.locator("a[href*='localhost:1'], img[alt=dot]").count() == 0
    assert not [each for each in asked if "localhost:1/" in each]


@pytest.mark.parametrize("path", ["review", "review_list", "agreement"])
def test_no_page_of_the_desk_is_wider_than_a_phone(browser: Browser, url: str, path: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(f"{url}/{path}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    quiet(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()
