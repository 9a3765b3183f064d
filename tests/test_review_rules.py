"""Several must agree: votes, rules, and who ends a disagreement."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from core import review
from core.errors import BadInput
from core.identity import local
from core.review import rules
from core.review.deciding import would_adjudicate
from core.store import Store
from core.store.filters import Filter
from core.store.queue import Rules
from tests.variants import approved, fill, state


def test_as_many_as_the_rules_ask_for_must_agree(store: Store) -> None:
    ids = fill(store, 2)
    rules.change(store, Rules(votes=2), by=local("Cleo"))
    review.decide(store, ids[0], "approved", by=local("Ada"))
    assert state(store, ids[0]) == "pending"
    assert approved(store) == []
    waiting = [place.augmentation_id for place in store.queue.places(Filter(), reviewer="Ada", limit=9)]
    assert waiting == ids[1:]  # hers is cast; the variant waits for others
    review.decide(store, ids[0], "approved", by=local("Bo"))
    assert state(store, ids[0]) == "approved"
    review.decide(store, ids[1], "approved", by=local("Ada"))
    review.decide(store, ids[1], "rejected", by=local("Bo"))
    assert state(store, ids[1]) == "pending"
    found = store.queue.find(ids[1])
    assert found is not None
    assert found.disputed


def test_an_adjudication_ends_a_disagreement_and_taking_it_back_opens_it_again(store: Store) -> None:
    (one,) = fill(store, 1)
    rules.change(store, Rules(votes=2), by=local("Cleo"))
    review.decide(store, one, "approved", by=local("Ada"))
    review.decide(store, one, "rejected", by=local("Bo"))
    review.decide(store, one, "rejected", by=local("Cleo"), adjudicates=True)
    assert state(store, one) == "rejected"
    assert store.queue.count(Filter(states=(), disputed=True)) == 0
    review.undo(store, by=local("Cleo"))
    assert state(store, one) == "pending"
    assert store.queue.count(Filter(states=(), disputed=True)) == 1


def test_only_one_more_person_adjudicates_once_enough_have_voted_and_differ(store: Store) -> None:
    (one,) = fill(store, 1)
    rules.change(store, Rules(votes=2), by=local("Cleo"))

    def would(name: str) -> bool:
        item = store.queue.find(one)
        assert item is not None
        return would_adjudicate(store, item, local(name))

    review.decide(store, one, "approved", by=local("Ada"))
    assert not would("Cleo")
    review.decide(store, one, "rejected", by=local("Bo"))
    assert (would("Cleo"), would("Ada"), would("Bo")) == (True, False, False)
    rules.change(store, Rules(votes=3), by=local("Cleo"))
    assert not would("Cleo")


def test_other_rules_settle_all_that_was_decided_anew_and_back(store: Store) -> None:
    ids = fill(store, 4)
    review.decide_all(store, ids[:3], "approved", by=local("Ada"))
    review.decide(store, ids[0], "approved", by=local("Bo"))
    rules.change(store, Rules(votes=2), by=local("Cleo"))
    assert approved(store) == [ids[0]]
    assert store.queue.tally()["pending"] == 3
    rules.change(store, Rules(votes=1), by=local("Cleo"))
    assert set(approved(store)) == set(ids[:3])


@pytest.mark.parametrize("votes", [0, -1, 21])
def test_rules_that_nobody_could_meet_are_refused(store: Store, votes: int) -> None:
    with pytest.raises(BadInput, match="choose 1 to 20"):
        rules.change(store, Rules(votes=votes), by=local("Cleo"))


def test_rules_that_were_changed_meanwhile_are_not_written_over(store: Store) -> None:
    seen = store.queue.rules()
    rules.change(store, Rules(votes=2), by=local("Bo"), instead_of=seen)
    with pytest.raises(BadInput, match=r"changed the rules .* \(2 must agree, votes are shown\): yours are not"):
        rules.change(store, Rules(votes=3), by=local("Cleo"), instead_of=seen)
    assert store.queue.rules() == Rules(votes=2)


def test_the_rules_cannot_be_changed_behind_their_history(store: Store, tmp_path: Path) -> None:
    rules.change(store, Rules(votes=2), by=local("Cleo"))
    with closing(sqlite3.connect(tmp_path / "workspace" / "workspace.db")) as db:
        for change in ("UPDATE rules SET votes = 1", "DELETE FROM rules"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                db.execute(change)


def test_only_a_verdict_ends_a_disagreement(store: Store) -> None:
    (one,) = fill(store, 1)
    rules.change(store, Rules(votes=2), by=local("Cleo"))
    review.decide(store, one, "approved", by=local("Ada"))
    review.decide(store, one, "rejected", by=local("Bo"))
    for choice in ("skipped", "withdrawn", "flagged"):
        with pytest.raises(BadInput, match=f"'{choice}' is no verdict"):
            review.decide(store, one, choice, by=local("Cleo"), adjudicates=True)
    assert store.queue.count(Filter(states=(), disputed=True)) == 1


def test_a_decision_that_is_left_to_the_rules_settles_what_is_disputed_and_is_a_vote_elsewhere(store: Store) -> None:
    disputed, fresh = fill(store, 2)
    rules.change(store, Rules(votes=2), by=local("Cleo"))
    review.decide(store, disputed, "approved", by=local("Ada"))
    review.decide(store, disputed, "rejected", by=local("Bo"))
    review.decide_all(store, [disputed, fresh], "approved", by=local("Cleo"), adjudicates=None)
    assert [state(store, each) for each in (disputed, fresh)] == ["approved", "pending"]
    assert [store.queue.settler(each) for each in (disputed, fresh)] == ["Cleo", None]


def test_the_latest_act_is_told_whole_before_it_is_taken_back(store: Store) -> None:
    ids = fill(store, 3)
    assert store.queue.latest_act("Ada") == []
    review.decide_all(store, ids, "approved", by=local("Ada"))
    review.decide(store, ids[0], "rejected", by=local("Bo"))
    assert {each.augmentation_id for each in store.queue.latest_act("Ada")} == set(ids)
    assert store.queue.latest_act("Ada") == review.undo(store, by=local("Ada"))
    assert store.queue.latest_act("Ada") == []
