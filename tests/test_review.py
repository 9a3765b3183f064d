"""Decisions on variants: kept for ever, counted by the latest, and taken back act by act."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from core import review
from core.domain import Decision, Sample
from core.errors import BadInput, Forbidden, Overtaken
from core.identity import Person, local
from core.review import editing, guidelines, rules
from core.review.deciding import BY_HAND
from core.review.history import history, lineage
from core.store import Store
from core.store.filters import Filter
from core.store.queue import Rules
from tests.variants import FIRST, approved, fill, state, variant


def test_the_latest_decision_counts_and_the_history_stays(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        (one,) = fill(store, 1)
        review.decide(store, one, "rejected", by=local("Ada"), reason="too loud")
        review.decide(store, one, "approved", by=local("  Grace "))
    with Store(tmp_path) as reopened:
        told = reopened.decisions(one)
        assert [(each.choice, each.reviewer, each.reason) for each in told] == [
            ("rejected", "Ada", "too loud"),
            ("approved", "Grace", None),
        ]
        assert told[0].at <= told[1].at
        assert approved(reopened) == [one]
        review.decide(reopened, one, "withdrawn", by=local("Grace"))
        assert approved(reopened) == []
        assert state(reopened, one) == "rejected"  # what stood before hers stands again


@pytest.mark.parametrize("name", ["", "   ", "a" * 101])
def test_a_decision_needs_a_name(store: Store, name: str) -> None:
    (one,) = fill(store, 1)
    for attempt in (
        lambda: review.decide(store, one, "approved", by=local(name)),
        lambda: review.undo(store, by=local(name)),
        lambda: rules.change(store, Rules(votes=2), by=local(name)),
        lambda: guidelines.write(Path("nowhere"), "", by=local(name)),
    ):
        with pytest.raises(BadInput, match="needs your name"):
            attempt()
    assert store.decisions(one) == []


@pytest.mark.parametrize("choice", ["approved", "rejected", "skipped", "flagged"])
def test_each_choice_is_the_name_of_its_state_and_undo_leads_back_to_pending(store: Store, choice: str) -> None:
    (one,) = fill(store, 1)
    review.decide(store, one, choice, by=local("Ada"))
    assert state(store, one) == choice
    review.undo(store, by=local("Ada"))
    assert state(store, one) == "pending"


def test_a_skip_hides_no_decision_that_another_took(store: Store) -> None:
    (one,) = fill(store, 1)
    review.decide(store, one, "approved", by=local("Ada"))
    review.decide(store, one, "skipped", by=local("Bo"))
    assert state(store, one) == "approved"


def test_an_undo_brings_back_what_was_decided_before(store: Store) -> None:
    (one,) = fill(store, 1)
    review.decide(store, one, "approved", by=local("Ada"))
    review.decide(store, one, "rejected", by=local("Bo"))
    assert state(store, one) == "rejected"
    review.undo(store, by=local("Bo"))
    assert state(store, one) == "approved"
    assert approved(store) == [one]


def test_undo_goes_back_act_by_act_as_far_as_there_are_any_of_ones_own(store: Store) -> None:
    ids = fill(store, 6)
    review.decide(store, ids[0], "approved", by=local("Ada"))
    review.decide_all(store, ids[1:4], "rejected", by=local("Ada"))
    review.decide(store, ids[5], "approved", by=local("Bo"))
    undone = review.undo(store, by=local("Ada"))
    assert [each.augmentation_id for each in undone] == ids[1:4]
    assert [state(store, each) for each in ids] == ["approved", *["pending"] * 4, "approved"]
    review.undo(store, by=local("Ada"))
    with pytest.raises(BadInput, match="nothing of yours"):
        review.undo(store, by=local("Ada"))
    assert approved(store) == [ids[5]]
    assert len(store.decisions(ids[1])) == 2  # nothing was taken out of the history


def test_decisions_in_bulk_are_all_kept_or_none(store: Store) -> None:
    ids = fill(store, 3)
    with pytest.raises(BadInput, match="no variant has the id 'nobody'"):
        review.decide_all(store, [ids[0], "nobody", ids[2]], "approved", by=local("Ada"))
    assert store.queue.tally()["pending"] == 3


def test_nothing_is_kept_of_an_act_on_what_somebody_decided_on_since_it_was_seen(store: Store) -> None:
    ids = fill(store, 2)
    seen = store.queue.latest(ids)
    assert seen == dict.fromkeys(ids)
    review.decide(store, ids[1], "rejected", by=local("Bo"))
    with pytest.raises(Overtaken, match="decided on 1 of them meanwhile"):
        review.decide_all(store, ids, "approved", by=local("Ada"), seen=seen)
    made = store.augmentation(ids[1])
    assert made is not None
    assert made.variant is not None
    shorter = Sample.from_text("bob goes to rome")
    with pytest.raises(Overtaken, match="decided on it meanwhile"):
        review.edit(store, made, shorter, by=local("Ada"), caption=made.caption, seen={ids[1]: None})
    assert (store.queue.tally()["pending"], store.queue.tally()["rejected"]) == (1, 1)
    review.decide_all(store, ids, "approved", by=local("Ada"), seen=store.queue.latest(ids))
    assert store.queue.tally()["approved"] == 2


def test_an_overlong_reason_is_refused(store: Store) -> None:
    (one,) = fill(store, 1)
    with pytest.raises(BadInput, match="2,001 characters; shorten it to 2,000"):
        review.decide(store, one, "rejected", by=local("Ada"), reason="x" * 2001)


def test_an_edit_is_a_child_that_is_approved_while_the_old_one_stays_as_it_was(store: Store) -> None:
    ids = fill(store, 1)
    old = store.augmentation(ids[0])
    assert old is not None
    assert old.variant is not None
    draft = editing.draft(old.variant, old.variant.text.replace("had coffee", "had tea"))
    made = review.edit(store, old, editing.finish(old.variant, draft), by=local("Ada"), caption=old.caption)
    assert store.augmentation(old.id) == old
    assert made.parent_id == old.variant.id
    assert made.maker.model == BY_HAND
    assert made.maker.parameters == {"editor": "Ada", "edits": old.id}
    assert made.variant is not None
    assert "had tea" in made.variant.text
    assert (state(store, old.id), state(store, made.id)) == ("edited", "approved")
    assert approved(store) == [made.id]
    line = lineage(store, made)
    assert (line.origin.id, [each.id for each in line.before], line.after) == (old.parent_id, [old.id], ())
    assert [each.id for each in lineage(store, old).after] == [made.id]


def test_an_edit_that_is_taken_back_waits_for_nobody(store: Store) -> None:
    ids = fill(store, 1)
    old = store.augmentation(ids[0])
    assert old is not None
    assert old.variant is not None
    made = review.edit(store, old, old.variant.model_copy(update={"entities": ()}), by=local("Ada"))
    review.undo(store, by=local("Ada"))
    assert approved(store) == []
    assert [place.augmentation_id for place in store.queue.places(Filter(), limit=9)] == ids
    assert store.queue.tally()["pending"] == 1
    again = review.edit(store, old, old.variant.model_copy(update={"entities": ()}), by=local("Ada"))
    assert again.id == made.id
    assert approved(store) == [made.id]


def test_an_edit_that_changes_nothing_is_refused(store: Store) -> None:
    ids = fill(store, 3)
    for each in ids:
        old = store.augmentation(each)
        assert old is not None
        assert old.variant is not None
        with pytest.raises(BadInput, match="nothing was changed"):
            review.edit(store, old, old.variant, by=local("Ada"), caption=old.caption)


def test_the_history_says_who_when_old_and_new(store: Store) -> None:
    (one,) = fill(store, 1)
    review.decide(store, one, "approved", by=local("Ada"), seconds=3.5)
    review.decide(store, one, "rejected", by=local("Ada"), reason="on second thoughts")
    review.decide(store, one, "flagged", by=local("Bo"))
    review.undo(store, by=local("Ada"))
    told = [(each.reviewer, each.old, each.new, each.reason, each.undone) for each in history(store, one)]
    assert told == [
        ("Ada", None, "approved", None, False),
        ("Ada", "approved", "rejected", "on second thoughts", True),
        ("Bo", None, "flagged", None, False),
        ("Ada", "rejected", "approved", None, False),
    ]
    assert history(store, one)[0].seconds == 3.5


def test_decisions_of_an_older_version_are_in_the_queue_after_its_upgrade(tmp_path: Path) -> None:
    from sqlite_utils import Database, Migrations

    from core.store.migrations import STEPS
    from core.store.rows import row_of

    (tmp_path / "w").mkdir()
    parent, made = variant(1)
    told = Decision(augmentation_id=made.id, choice="approved", reviewer="Eve", at=FIRST)
    assert made.variant is not None
    with closing(sqlite3.connect(tmp_path / "w" / "workspace.db")) as connection:
        old = Database(connection)
        steps = Migrations("workspace")
        for step in STEPS[:2]:
            steps()(step)
        steps.apply(old)
        for table, record in (("samples", parent), ("samples", made.variant), ("augmentations", made)):
            old.table(table).insert(row_of(record), ignore=True)
        new = ("act", "undoes", "adjudicates")
        old.table("decisions").insert({name: value for name, value in row_of(told).items() if name not in new})
    with Store(tmp_path / "w") as store:
        assert approved(store) == [made.id]
        assert store.queue.tally()["approved"] == 1
        assert store.queue.known("type") == ["LOC", "PER"]
        assert store.decisions(made.id)[0].id == told.id


def test_what_stood_accepted_in_an_older_version_stands_approved(tmp_path: Path) -> None:
    from sqlite_utils import Database, Migrations

    from core.store.migrations import STEPS
    from core.store.rows import insert

    (tmp_path / "w").mkdir()
    with closing(sqlite3.connect(tmp_path / "w" / "workspace.db")) as connection:
        old = Database(connection)
        steps = Migrations("workspace")
        for step in STEPS[:7]:
            steps()(step)
        steps.apply(old)
        for number, choice in ((1, "approved"), (2, "rejected")):
            parent, made = variant(number)
            told = Decision.model_validate(
                {"augmentation_id": made.id, "choice": choice, "reviewer": "Eve", "at": FIRST, "act": str(number)}
            )
            insert(old, [parent, made, told])
        connection.commit()
        assert [row["state"] for row in old.query("SELECT state FROM queue")] == ["accepted", "rejected"]
    with Store(tmp_path / "w") as store:
        one = variant(1)[1].id
        assert approved(store) == [one]
        tally = {"pending": 0, "approved": 1, "edited": 0, "rejected": 1, "skipped": 0, "flagged": 0}
        assert store.queue.tally() == tally
        review.undo(store, by=local("Eve"))
        review.undo(store, by=local("Eve"))
        assert store.queue.tally() == {**tally, "pending": 2, "approved": 0, "rejected": 0}


def test_a_decision_keeps_its_id_whatever_fields_newer_versions_add() -> None:
    old = Decision(augmentation_id="a", choice="approved", reviewer="Eve", at=FIRST)
    assert old.id == "57e3daa8e04c976eb89a36d689a52c3b"


def test_each_reviewers_own_word_is_told_from_the_one_that_counts(store: Store) -> None:
    (one,) = fill(store, 1)
    review.decide(store, one, "approved", by=local("Ada"))
    review.decide(store, one, "rejected", by=local("Bo"))
    review.decide(store, one, "skipped", by=local("Cleo"))
    words = [store.queue.word(one, name) for name in ("Ada", "Bo", "Cleo", None)]
    assert [word and word.choice for word in words] == ["approved", "rejected", None, "rejected"]


def test_a_skip_of_what_one_decided_on_is_refused(store: Store) -> None:
    one, two = fill(store, 2)
    review.decide(store, one, "approved", by=local("Ada"))
    with pytest.raises(BadInput, match=f"Ada has approved the variant {one}: a skip would hide that"):
        review.decide_all(store, [two, one], "skipped", by=local("Ada"))
    assert approved(store) == [one]
    assert store.queue.word(two) is None
    review.undo(store, by=local("Ada"))
    review.decide(store, one, "skipped", by=local("Ada"))
    assert store.queue.word(one) is None


def test_a_withdrawal_hides_no_decision_that_another_took(store: Store) -> None:
    (one,) = fill(store, 1)
    ada, bo = Person("Ada", "reviewer"), Person("Bo", "reviewer")
    review.decide(store, one, "approved", by=ada)
    review.decide(store, one, "skipped", by=bo)
    with pytest.raises(Forbidden, match="undo the decisions of others"):
        review.decide(store, one, "withdrawn", by=bo)
    assert state(store, one) == "approved"
    review.decide(store, one, "rejected", by=bo)
    review.decide(store, one, "withdrawn", by=bo)
    assert (state(store, one), approved(store)) == ("approved", [one])


def test_ones_own_edit_is_taken_back_whole(store: Store) -> None:
    (one,) = fill(store, 1)
    old = store.augmentation(one)
    assert old is not None
    assert old.variant is not None
    review.edit(store, old, old.variant.model_copy(update={"entities": ()}), by=local("Ada"), caption=old.caption)
    review.decide(store, one, "withdrawn", by=local("Ada"))
    assert (state(store, one), approved(store)) == ("pending", [])
    assert store.queue.tally()["pending"] == 1  # the edit itself waits for nobody
    review.undo(store, by=local("Ada"))
    assert state(store, one) == "edited"
    assert len(approved(store)) == 1


def test_who_settled_a_dispute_can_settle_it_anew_take_it_back_or_doubt_it(store: Store) -> None:
    (one,) = fill(store, 1)
    rules.change(store, Rules(votes=2), by=local("Cleo"))
    review.decide(store, one, "approved", by=local("Ada"))
    review.decide(store, one, "rejected", by=local("Bo"))
    cleo = Person("Cleo", "curator")
    review.decide(store, one, "approved", by=cleo, adjudicates=True)
    review.decide(store, one, "rejected", by=cleo)
    assert (state(store, one), approved(store)) == ("rejected", [])
    review.undo(store, by=cleo)
    assert approved(store) == [one]
    for doubt in ("withdrawn", "flagged"):
        review.decide(store, one, "approved", by=cleo, adjudicates=True)
        assert approved(store) == [one]
        review.decide(store, one, doubt, by=cleo)
        item = store.queue.find(one)
        assert item is not None
        assert item.disputed
        assert approved(store) == []
        review.undo(store, by=cleo)
        assert approved(store) == [one]


def test_only_who_settled_a_dispute_last_settles_it_anew(store: Store) -> None:
    (one,) = fill(store, 1)
    rules.change(store, Rules(votes=2), by=local("Cleo"))
    for name, choice, settles in (
        ("Ada", "approved", False),
        ("Bo", "rejected", False),
        ("Cleo", "approved", True),
        ("Dan", "rejected", True),
        ("Cleo", "approved", False),
    ):
        review.decide(store, one, choice, by=local(name), adjudicates=settles)
    assert state(store, one) == "rejected"


def test_what_took_back_a_decision_of_another_is_not_undone_nor_anything_else_in_its_place(store: Store) -> None:
    ids = fill(store, 3)
    review.decide(store, ids[0], "approved", by=local("Ada"))
    review.decide(store, ids[1], "approved", by=local("Cleo"))
    review.decide(store, ids[2], "approved", by=local("Cleo"))
    review.decide_all(store, [ids[0], ids[2]], "withdrawn", by=local("Cleo"))
    expected = ["pending", "approved", "pending"]
    assert [state(store, each) for each in ids] == expected
    for _ in range(2):
        with pytest.raises(BadInput, match="take back a decision of Ada"):
            review.undo(store, by=local("Cleo"))
        assert [state(store, each) for each in ids] == expected
        review.decide(store, ids[0], "rejected", by=local("Cleo"))
        review.undo(store, by=local("Cleo"))
    review.decide(store, ids[0], "rejected", by=local("Ada"))
    assert [(each.reviewer, each.old, each.new) for each in history(store, ids[0])][:2] == [
        ("Ada", None, "approved"),
        ("Cleo", "approved", None),
    ]
    assert history(store, ids[0])[-1].old is None


def test_a_withdrawal_of_ones_own_is_undone_and_nothing_else_with_it(store: Store) -> None:
    ids = fill(store, 2)
    for each in ids:
        review.decide(store, each, "approved", by=local("Cleo"))
    review.decide(store, ids[0], "withdrawn", by=local("Cleo"))
    assert [state(store, each) for each in ids] == ["pending", "approved"]
    review.undo(store, by=local("Cleo"))
    assert [state(store, each) for each in ids] == ["approved", "approved"]


def test_an_imagined_picture_is_not_left_without_words(store: Store) -> None:
    old = store.augmentation(fill(store, 3)[2])
    assert old is not None
    assert old.variant is not None
    assert old.caption
    with pytest.raises(BadInput, match="no words"):
        review.edit(store, old, old.variant, by=local("Ada"), caption=" ")


def test_what_was_dropped_without_a_variant_cannot_be_decided_on(store: Store) -> None:
    parent, made = variant(0)
    lost = made.model_copy(update={"variant": None, "dropped": "refused"})
    store.add(parent, lost)
    with pytest.raises(BadInput, match="no variant has the id"):
        review.decide(store, lost.id, "approved", by=local("Ada"))


def test_an_edit_of_another_is_taken_back_whole(store: Store) -> None:
    (one,) = fill(store, 1)
    old = store.augmentation(one)
    assert old is not None
    assert old.variant is not None
    changed = editing.finish(old.variant, editing.draft(old.variant, old.variant.text + " too"))
    made = review.edit(store, old, changed, by=local("Ada"), caption=old.caption)
    review.decide(store, one, "withdrawn", by=local("Cleo"))
    assert state(store, one) == "pending"
    assert approved(store) == []
    assert history(store, made.id)[0].undone
