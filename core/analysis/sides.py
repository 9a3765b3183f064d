"""The two that are compared, each a student in one view, and the mentions that they and the gold labels have."""

from core.comparison import at_head
from core.corpora import Row
from core.domain import Entity, ScoredEntity, Task, View
from core.domain.record import Value
from core.errors import BadInput
from core.evaluation.mre import NONE
from core.prediction import Labelled


class Side(Value):
    """A student in one view."""

    student: str
    view: View

    @property
    def name(self) -> str:
        """What tables call it."""
        return f"{self.student} {self.view.replace('_', ' ')}"


class Answered(Value):
    """A side's labels of one sample, and the probability that it gives to each."""

    labels: tuple[str, ...]
    probabilities: tuple[float, ...]

    def mentions(self, row: Row, task: Task) -> tuple[ScoredEntity, ...]:
        """What was found. The relation of a pair, unless it is "None", stands at its head's words."""
        if task == "mner":
            return Labelled(list(self.labels), list(self.probabilities)).entities()
        score = min(1.0, self.probabilities[0])
        return tuple(ScoredEntity(**each.model_dump(), score=score) for each in _pair(row, self.labels[0]))


def gold_mentions(row: Row, task: Task) -> tuple[Entity, ...]:
    """What is to be found, in the form of `Answered.mentions`.

    Raises:
        BadInput: the sample has no gold labels.
    """
    if task == "mner" and row.sample.entities is not None:
        return row.sample.entities
    if task == "mre" and row.sample.relation is not None and row.sample.relation.label is not None:
        return _pair(row, row.sample.relation.label)
    raise BadInput(f"{row.sample.text[:60]!r} has no gold labels of the student's task: compare on a labelled set")


def _pair(row: Row, label: str) -> tuple[Entity, ...]:
    if row.sample.relation is None or label == NONE:
        return ()
    return (at_head(row.sample.relation, label),)
