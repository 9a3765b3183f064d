"""What a viewer, a reviewer and a curator may do to a decision."""

from pathlib import Path

import pytest

from core import review
from core.errors import Forbidden
from core.identity import Person, local
from core.review import editing, guidelines, rules
from core.store import Store
from core.store.queue import Rules
from tests.variants import fill, state


@pytest.mark.parametrize("choice", ["approved", "rejected", "skipped", "flagged", "withdrawn"])
def test_a_viewer_decides_nothing(store: Store, choice: str) -> None:
    (one,) = fill(store, 1)
    with pytest.raises(Forbidden, match=r"a viewer may not decide on variants; .* make you a reviewer"):
        review.decide(store, one, choice, by=Person("Eve", "viewer"))
    assert store.decisions(one) == []


def test_a_viewer_edits_and_undoes_nothing(store: Store) -> None:
    (one,) = fill(store, 1)
    review.decide(store, one, "approved", by=local("Eve"))
    old, eve = store.augmentation(one), Person("Eve", "viewer")
    assert old is not None
    assert old.variant is not None
    changed = editing.finish(old.variant, editing.draft(old.variant, old.variant.text + " too"))
    with pytest.raises(Forbidden):
        review.edit(store, old, changed, by=eve, caption=old.caption)
    with pytest.raises(Forbidden):
        review.undo(store, by=eve)
    assert state(store, one) == "approved"


def test_a_reviewer_takes_back_what_they_decided_and_a_curator_what_anybody_did(store: Store) -> None:
    (one,) = fill(store, 1)
    ada, bo, eve = Person("Ada", "reviewer"), Person("Bo", "reviewer"), Person("Eve", "curator")
    review.decide(store, one, "approved", by=ada)
    with pytest.raises(Forbidden, match="a reviewer may not undo the decisions of others"):
        review.decide(store, one, "withdrawn", by=bo)
    review.decide(store, one, "withdrawn", by=ada)
    review.decide(store, one, "approved", by=bo)
    review.decide(store, one, "withdrawn", by=eve)
    assert [each.reviewer for each in store.decisions(one)] == ["Ada", "Ada", "Bo", "Eve"]


def test_a_curator_takes_back_all_votes_of_others_and_a_reviewer_their_own(store: Store) -> None:
    ids = fill(store, 2)
    rules.change(store, Rules(votes=2), by=local("Cleo"))
    ada, bo, cleo = Person("Ada", "reviewer"), Person("Bo", "reviewer"), Person("Cleo", "curator")
    review.decide_all(store, ids, "approved", by=local("Ada"))
    review.decide_all(store, ids, "approved", by=local("Bo"))
    with pytest.raises(Forbidden, match="may not undo the decisions of others"):
        review.decide(store, ids[0], "withdrawn", by=Person("Eve", "reviewer"))
    review.decide(store, ids[0], "withdrawn", by=cleo)
    assert store.queue.votes(ids[0]) == []
    assert [state(store, each) for each in ids] == ["pending", "approved"]  # the rest of an act in bulk stands
    assert store.queue.word(ids[0]) is None
    review.decide(store, ids[1], "withdrawn", by=ada)  # the latest word is Bo's, and hers is her own
    assert [vote.reviewer for vote in store.queue.votes(ids[1])] == ["Bo"]
    assert [each.augmentation_id for each in review.undo(store, by=bo)] == [ids[1]]


def test_what_a_curator_does_a_reviewer_may_not(store: Store, tmp_path: Path) -> None:
    ids, ada = fill(store, 2), Person("Ada", "reviewer")
    for attempt, right in (
        (lambda: review.decide_all(store, ids, "approved", by=ada), "decide on many at once"),
        (lambda: review.decide(store, ids[0], "approved", by=ada, adjudicates=True), "adjudicate"),
        (lambda: rules.change(store, Rules(votes=2), by=ada), "change the guidelines"),
        (lambda: guidelines.write(tmp_path, "be kind", by=ada), "change the guidelines"),
    ):
        with pytest.raises(Forbidden, match=f"a reviewer may not {right}"):
            attempt()
    assert store.queue.tally()["pending"] == 2
    assert store.queue.rules().votes == 1
    assert guidelines.read(tmp_path) == guidelines.DEFAULT
