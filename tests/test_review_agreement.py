"""κ and α are those of the field's own libraries on the same votes; where they are undefined, they say why."""

import random
from collections import Counter
from itertools import combinations

import krippendorff
import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from core import review
from core.identity import local
from core.review import rules
from core.review.agreement import alpha, kappas
from core.store import Store
from core.store.queue import Rules
from tests.variants import fill

CHOICES = ("approved", "rejected", "flagged")


def vote(store: Store, ids: list[str], seed: int) -> dict[str, dict[str, str]]:
    """Four reviewers, who skip some, change their minds and take things back; gives what stands."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    standing: dict[str, dict[str, str]] = {name: {} for name in ("Ada", "Bo", "Cleo", "Dan")}
    for one in ids:
        truth = chance.choice(CHOICES)
        for name, own in standing.items():
            if chance.random() < 0.2:
                review.decide(store, one, "skipped", by=local(name))
                continue
            choice = truth if chance.random() < 0.7 else chance.choice(CHOICES)
            review.decide(store, one, choice, by=local(name))
            if chance.random() < 0.1:
                review.undo(store, by=local(name))
            else:
                own[one] = choice
    return standing


@pytest.mark.parametrize("seed", range(3))
def test_kappa_of_each_pair_is_scikit_learns(store: Store, seed: int) -> None:
    ids = fill(store, 40)
    votes = vote(store, ids, seed)
    measured = kappas(store)
    assert measured.keys() == set(combinations(sorted(votes), 2))
    for (a, b), agreed in measured.items():
        shared = [one for one in ids if one in votes[a] and one in votes[b]]
        expected = cohen_kappa_score([votes[a][one] for one in shared], [votes[b][one] for one in shared])
        assert agreed.value == pytest.approx(expected, abs=1e-12)
        assert agreed.variants == len(shared)


@pytest.mark.parametrize("seed", range(3))
def test_alpha_is_krippendorffs_from_the_votes_themselves(store: Store, seed: int) -> None:
    ids = fill(store, 40)
    votes = vote(store, ids, seed)
    table = [[CHOICES.index(own[one]) if one in own else np.nan for one in ids] for own in votes.values()]
    agreed = alpha(store)
    expected = krippendorff.alpha(reliability_data=table, level_of_measurement="nominal")
    assert agreed.value == pytest.approx(expected, abs=1e-12)
    assert agreed.variants == sum(count > 1 for count in Counter(one for own in votes.values() for one in own).values())


def test_nobody_and_one_reviewer_agree_on_nothing_and_it_says_so(store: Store) -> None:
    ids = fill(store, 3)
    assert (alpha(store).value, kappas(store)) == (None, {})
    review.decide_all(store, ids, "approved", by=local("Ada"))
    assert alpha(store).undefined == "no variant has votes of two reviewers"


def test_reviewers_without_a_variant_in_common_say_so(store: Store) -> None:
    ids = fill(store, 2)
    review.decide(store, ids[0], "approved", by=local("Ada"))
    review.decide(store, ids[1], "approved", by=local("Bo"))
    assert kappas(store)["Ada", "Bo"].undefined == "the two have voted on no variant in common"


def test_unanimous_votes_leave_both_undefined_and_say_why(store: Store) -> None:
    ids = fill(store, 5)
    for name in ("Ada", "Bo"):
        review.decide_all(store, ids, "approved", by=local(name))
    assert (alpha(store).value, kappas(store)["Ada", "Bo"].value) == (None, None)
    assert "every vote says “approved”" in alpha(store).undefined
    assert "no chance to disagree" in kappas(store)["Ada", "Bo"].undefined
    assert alpha(store).variants == kappas(store)["Ada", "Bo"].variants == 5


def test_constant_votes_that_differ_are_agreement_by_chance(store: Store) -> None:
    ids = fill(store, 4)
    review.decide_all(store, ids, "approved", by=local("Ada"))
    review.decide_all(store, ids, "rejected", by=local("Bo"))
    assert kappas(store)["Ada", "Bo"].value == cohen_kappa_score(["a"] * 4, ["r"] * 4) == 0


def test_who_settles_a_dispute_is_not_counted_among_those_who_agree(store: Store) -> None:
    ids = fill(store, 6)
    rules.change(store, Rules(votes=2), by=local("Cleo"))
    for number, one in enumerate(ids):
        review.decide(store, one, "approved" if number % 2 else "rejected", by=local("Ada"))
        review.decide(store, one, "approved" if number > 1 else "rejected", by=local("Bo"))
    before, whole = kappas(store), alpha(store)
    disputed = [one for one, state in store.bulk.states(ids).items() if state == "pending"]
    assert disputed
    for one in disputed:
        review.decide(store, one, "approved", by=local("Cleo"), adjudicates=True)
    assert alpha(store) == whole
    assert {pair: agreed for pair, agreed in kappas(store).items() if "Cleo" not in pair} == before
    assert [agreed.variants for pair, agreed in kappas(store).items() if "Cleo" in pair] == [0, 0]
