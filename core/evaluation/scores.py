"""Counts of what is right, and the scores that follow from them."""

from collections import Counter

from pydantic import Field

from core.domain.record import Value


class Score(Value):
    """Exact-match scores in per cent, to two decimals, and how many gold items they rest on."""

    precision: float
    recall: float
    f1: float
    support: int


class Counts(Value):
    """How many items of each type are gold, were predicted, and were predicted rightly."""

    gold: Counter[str] = Field(default_factory=Counter)
    predicted: Counter[str] = Field(default_factory=Counter)
    right: Counter[str] = Field(default_factory=Counter)

    def overall(self) -> Score:
        """Micro average: every item weighs the same, whatever its type."""
        return _score(self.gold.total(), self.predicted.total(), self.right.total())

    def by_type(self) -> dict[str, Score]:
        """The score of each type that is gold or predicted anywhere, in alphabetical order."""
        types = sorted(self.gold.keys() | self.predicted.keys())
        return {name: _score(self.gold[name], self.predicted[name], self.right[name]) for name in types}


def _score(gold: int, predicted: int, right: int) -> Score:
    return Score(
        precision=_per_cent(right, predicted),
        recall=_per_cent(right, gold),
        f1=_per_cent(2 * right, gold + predicted),
        support=gold,
    )


def _per_cent(part: int, whole: int) -> float:
    return round(100 * part / whole, 2) if whole else 0.0  # of nothing, nothing was right: seqeval's zero_division=0
