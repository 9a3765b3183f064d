"""Precision, recall and F1 of relations. "None", where two mentions have no relation, is not one of them."""

from collections import Counter
from collections.abc import Iterable, Sequence, Set
from typing import Self

from pydantic import Field

from core.evaluation.scores import Counts, Score

NONE = "None"
"""The label of a pair without a relation. MNRE's first version writes it `none`, which would count as a relation."""

MNRE_23 = frozenset(
    "None /per/per/parent /per/per/siblings /per/per/couple /per/per/neighbor /per/per/peer /per/per/charges "
    "/per/per/alumi /per/per/alternate_names /per/org/member_of /per/loc/place_of_residence /per/loc/place_of_birth "
    "/org/org/alternate_names /org/org/subsidiary /org/loc/locate_at /loc/loc/contain /per/misc/present_in "
    "/per/misc/awarded /per/misc/race /per/misc/religion /per/misc/nationality /misc/misc/part_of "
    "/misc/loc/held_on".split()
)
"""The 23 labels of MNRE's second version (12,247 / 1,624 / 1,614 samples), spelt as published."""


def in_words(relation: str) -> str:
    """A relation as a person reads it: `/per/org/member_of` is "member of (per, org)"."""
    match relation.split("/"):
        case ["", head, tail, name]:
            return f"{name.replace('_', ' ')} ({head}, {tail})"
    return "no relation" if relation == NONE else relation


class RelationScores(Score):
    """Micro-averaged scores over all relations but "None", and the scores of each that occurs.

    `accuracy` (per cent) is over all pairs, those with "None" included. `label_set` says which benchmark the labels
    are of, those that could have been said included: results on label sets of different sizes don't compare.
    """

    by_type: dict[str, Score] = Field(default_factory=dict)
    accuracy: float
    label_set: str

    @classmethod
    def of(cls, counts: Counts, labels: Set[str] = frozenset()) -> Self:
        """The scores that follow from what `relation_counts` counted; `labels` are all that could have been said."""
        related = Counts(gold=_related(counts.gold), predicted=_related(counts.predicted), right=_related(counts.right))
        return cls(
            **related.overall().model_dump(),
            by_type=related.by_type(),
            accuracy=counts.overall().recall,  # over every label, each pair has one gold and one predicted
            label_set=label_set(counts.gold.keys() | counts.predicted.keys(), labels),
        )


def relation_scores(gold: Sequence[str], predicted: Sequence[str], labels: Iterable[str] = ()) -> RelationScores:
    """Compare the labels of pairs, of `labels` that could have been said; see `relation_counts`."""
    return RelationScores.of(relation_counts(gold, predicted), frozenset(labels))


def relation_counts(gold: Sequence[str], predicted: Sequence[str]) -> Counts:
    """Count labels, "None" included: one gold and one predicted a pair.

    Raises:
        ValueError: gold and predicted differ in length.
    """
    right = (label for label, answer in zip(gold, predicted, strict=True) if label == answer)
    return Counts(gold=Counter(gold), predicted=Counter(predicted), right=Counter(right))


def label_set(found: Set[str], possible: Set[str] = frozenset()) -> str:
    """The name of a label set: MNRE-23, or how many labels there are, "None" included.

    A student that knows but some of MNRE's labels is not of MNRE-23. Where nobody says what is `possible`, what was
    found decides.
    """
    is_known = found <= MNRE_23 and (not possible or possible == MNRE_23)
    return "MNRE-23" if is_known else f"{len(found | possible)} relations"


def _related(counter: Counter[str]) -> Counter[str]:
    return Counter({label: count for label, count in counter.items() if label != NONE})
