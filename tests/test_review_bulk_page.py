"""Review in bulk as its users meet it: exactly what is ticked is decided on, and asked about first."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core import review
from core.identity import local
from core.review import rules
from core.store import Store
from core.store.queue import Rules
from tests.reviewing import add, open_desk, quiet, states

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What all tests of this file share; each finds its own variants by their model."""
    return tmp_path_factory.mktemp("bulk") / "workspace"


def open_table(page: Page, url: str, model: str, rows: int, name: str = "Ada") -> None:
    page.goto(f"{url}/review_list?model={model}")
    expect(page.get_by_text(f"{rows} of {rows} variants")).to_be_visible()
    page.get_by_label("Your name", exact=True).fill(name)
    page.get_by_label("Your name", exact=True).press("Enter")
    page.wait_for_timeout(500)  # the table is drawn anew under another name
    quiet(page)


def tick(page: Page, *rows: int) -> None:
    """Tick rows of the table, which is a canvas."""
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    box = page.get_by_test_id("stDataFrame").bounding_box()
    assert box is not None
    for row in rows:
        page.mouse.click(box["x"] + 15, box["y"] + 35 + 84 * row + 42)
        quiet(page)


def test_exactly_the_selected_rows_are_decided_in_bulk_and_one_undo_takes_all_back(
    page: Page, url: str, workspace: Path
) -> None:
    with Store(workspace) as store:
        ids = add(store, "bulk", *(f"row {number}" for number in range(6)))
        open_table(page, url, "bulk", 6)
        tick(page, 1, 2, 4)
        page.get_by_role("button", name="Approve 3 selected").click()
        page.get_by_role("button", name="Yes, approve exactly these 3").click()
        expect(page.get_by_text("3 variants approved")).to_be_visible()
        approved = ["pending", "approved", "approved", "pending", "approved", "pending"]
        assert states(store, ids) == approved
        expect(page.get_by_text("3 of 3 variants")).to_be_visible()
        expect(page.get_by_role("button", name="Approve 0 selected")).to_be_disabled()  # no selection is carried over
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_text("6 of 6 variants")).to_be_visible()
        assert states(store, ids) == ["pending"] * 6


def test_ticks_are_of_these_rows_and_not_of_those_of_another_filter(page: Page, url: str, workspace: Path) -> None:
    with Store(workspace) as store:
        ids = add(store, "ticks", "first row", "other row")
        open_table(page, url, "ticks", 2)
        tick(page, 0)
        expect(page.get_by_role("button", name="Approve 1 selected")).to_be_enabled()
        page.get_by_label("Words", exact=True).fill("other")
        page.get_by_label("Words", exact=True).press("Enter")
        expect(page.get_by_text("1 of 1 variants")).to_be_visible()
        expect(page.get_by_role("button", name="Approve 0 selected")).to_be_disabled()
        assert states(store, ids) == ["pending"] * 2


def test_a_vote_that_approves_nothing_yet_and_one_that_settles_are_told_apart(
    page: Page, url: str, workspace: Path
) -> None:
    with Store(workspace) as store:
        ids = add(store, "votes", "nobody voted", "they differ")
        rules.change(store, Rules(votes=2), by=local("Cleo"))
        try:
            review.decide(store, ids[1], "approved", by=local("Ada"))
            review.decide(store, ids[1], "rejected", by=local("Bo"))
            open_table(page, url, "votes", 2, name="Cleo")
            tick(page, 0, 1)
            page.get_by_role("button", name="Approve 2 selected").click()
            page.get_by_role("button", name="Yes, approve exactly these 2").click()
            expect(page.get_by_text("2 variants voted on; they stand as: 1 pending, 1 approved.")).to_be_visible()
            assert store.queue.settler(ids[1]) == "Cleo"
        finally:
            rules.change(store, Rules(), by=local("Cleo"))


def test_one_key_at_the_desk_takes_many_decisions_back_only_after_a_question(
    page: Page, url: str, workspace: Path
) -> None:
    with Store(workspace) as store:
        ids = add(store, "many", "row a", "row b", "row c")
        review.decide_all(store, ids[:2], "approved", by=local("Dora"))
        open_desk(page, url, name="Dora", query="?model=many")
        expect(page.get_by_text("2 by you")).to_be_visible()
        quiet(page)
        page.keyboard.press("u")
        expect(page.get_by_role("button", name="Yes, take back all 2 decisions")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("button", name="Approve")).to_be_visible()
        assert states(store, ids) == ["approved", "approved", "pending"]
        quiet(page)
        page.keyboard.press("u")
        page.get_by_role("button", name="Yes, take back all 2 decisions").click()
        expect(page.get_by_text("Taken back: 2 decisions")).to_be_visible()
        assert states(store, ids) == ["pending"] * 3
