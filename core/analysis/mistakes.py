"""What each side gets wrong, by class; and where both are so sure against gold that gold may be wrong."""

from collections import Counter
from math import exp, log

from core.analysis.compared import Compared, same
from core.analysis.sides import Answered
from core.analysis.tables import Line, Number, Table
from core.comparison import Change, ChangeKind
from core.domain import Entity
from core.domain.record import Value

CLASSES: dict[ChangeKind, str] = {
    "lost": "missed",
    "gained": "spurious",
    "retyped": "wrong type",
    "rebounded": "wrong bounds",
}
"""What a difference from gold to an answer is called when it is an error."""


def error_classes(compared: Compared) -> Table:
    """How often each side errs in each way."""
    lines = []
    for kind, name in CLASSES.items():
        numbers = [
            Number.count([at for at, errors in enumerate(rows) for error in errors if error.kind == kind])
            for rows in compared.errors
        ]
        lines.append(Line(name=name, numbers=tuple(numbers)))
    totals = [Number.count([at for at, errors in enumerate(rows) for _ in errors]) for rows in compared.errors]
    lines.append(Line(name="all", numbers=tuple(totals)))
    return Table(
        title="Error",
        note="Wrong type: the same words. Wrong bounds: words that overlap, whatever the type.",
        columns=tuple(side.name for side in compared.sides),
        lines=tuple(lines),
    )


class Suspect(Value):
    """A gold label that both sides contradict in the same way.

    `confidence` is the geometric mean of theirs; `credit` is how often they agree with gold about such a type, which
    keeps types that they know badly from filling the list.
    """

    row: int
    sentence: str
    confidence: float
    credit: float


def label_errors(compared: Compared) -> list[Suspect]:
    """Gold labels that are likely wrong, the likeliest first: where both sides are sure, agree, and differ from gold.

    A side's confidence is the geometric mean of the probabilities that it gives to its own labels of the words in
    question. As in confident learning (Northcutt et al., 2021), it counts for less where the sides are seldom right:
    the order is by confidence times credit.
    """
    credits = _credits(compared)
    suspects = []
    for at, (first, second) in enumerate(zip(*compared.errors, strict=True)):
        for error in first:
            if any(same(error.before, other.before) and same(error.after, other.after) for other in second):
                logs = [log(max(_confidence(answers[at], error), 1e-12)) for answers in compared.answers]
                credit = credits[(error.before or error.after or _NONE).type]
                sentence = _said(error, compared, at)
                suspects.append(Suspect(row=at, sentence=sentence, confidence=exp(sum(logs) / 2), credit=credit))
    return sorted(suspects, key=lambda each: -each.confidence * each.credit)


def _credits(compared: Compared) -> dict[str, float]:
    """By type, the share of mentions of that type, gold or found by a side, on which gold and that side agree."""
    agreed: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for answers in compared.found:
        for gold, found in zip(compared.gold, answers, strict=True):
            known, said = ({(each.start, each.end, each.type) for each in side} for side in (gold, found))
            agreed.update(kind for *_, kind in known & said)
            total.update(kind for *_, kind in known | said)
    return {kind: agreed[kind] / count for kind, count in total.items()}


_NONE = Entity(start=0, end=1, type="none")


def _confidence(answered: Answered, error: Change) -> float:
    """The geometric mean of a side's probabilities over the words of both mentions; of a pair, its one."""
    if len(answered.labels) == 1:
        return answered.probabilities[0]
    words = {word for side in (error.before, error.after) if side for word in range(side.start, side.end)}
    logs = [log(max(answered.probabilities[word], 1e-12)) for word in words]
    return exp(sum(logs) / len(logs))


def _said(error: Change, compared: Compared, at: int) -> str:
    sample = compared.rows[at].sample
    gold, found = (
        f"“{sample.mention(each)}” {each.type}" if each else "nothing" for each in (error.before, error.after)
    )
    return f"gold {gold}, both find {found}"
