"""A student scored on a labelled split, in both of its views."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.corpora import Row
from core.domain import Sample, Task, View
from core.domain.record import Value
from core.errors import BadInput
from core.evaluation.confusion import Confusion, entity_confusion, relation_confusion
from core.evaluation.mner import SpanScores, span_scores
from core.evaluation.mre import RelationScores, relation_scores
from core.prediction import Predictor
from core.progress import Progress
from core.settings import Settings
from core.student.labels import gold_labels
from core.student.views import sections

VIEWS: tuple[View, ...] = ("without_knowledge", "with_knowledge")

Scores = SpanScores | RelationScores


@dataclass(frozen=True)
class Example:
    """A sample, the sections of its knowledge view (the caption, then the thoughts), and its gold labels."""

    sample: Sample
    sections: list[str]
    labels: list[str]


class Report(Value):
    """Both views of one student on one split; `knowledge` says what the knowledge view saw beside the text."""

    student: str
    samples: int
    knowledge: str
    scores: dict[View, Scores]
    confusion: dict[View, Confusion]


def evaluate_views(settings: Settings, rows: Sequence[Row], progress: Progress) -> Report:
    """Label every row in both views, and score the answers.

    Raises:
        BadInput: there are no rows, a row has no gold labels, or there is no such student.
    """
    if not rows:
        raise BadInput("there are no samples to evaluate on")
    predictor = Predictor.load(settings)
    examples = [
        Example(row.sample, sections(row.caption, row.knowledge), gold_labels(row.sample, predictor.task))
        for row in rows
    ]
    captions, thoughts = sum(bool(row.caption) for row in rows), sum(len(row.knowledge) for row in rows)
    gold = [example.labels for example in examples]
    answers = {view: label(predictor, examples, view, _part(progress, at)) for at, view in enumerate(VIEWS)}
    return Report(
        student=predictor.name,
        samples=len(rows),
        knowledge=f"{captions:,} captions, {thoughts:,} thoughts",
        scores={view: score(predictor, gold, answer) for view, answer in answers.items()},
        confusion={view: confusion(predictor.task, gold, answer) for view, answer in answers.items()},
    )


def label(
    predictor: Predictor, examples: Sequence[Example], view: View, progress: Progress | None = None
) -> list[list[str]]:
    """A student's labels of examples, seen in one view."""
    items = [(example.sample, example.sections) for example in examples]
    return [labelled.labels for labelled in predictor.label(items, view, progress)]


def score(predictor: Predictor, gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> Scores:
    """Span scores of BIO tags, or relation scores of one relation a sample."""
    if predictor.task == "mre":
        labels = predictor.student.config.labels
        return relation_scores([one for (one,) in gold], [one for (one,) in predicted], labels)
    return span_scores(gold, predicted)


def confusion(task: Task, gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> Confusion:
    """What was taken for what."""
    if task == "mre":
        return relation_confusion([one for (one,) in gold], [one for (one,) in predicted])
    return entity_confusion(gold, predicted)


def _part(progress: Progress, at: int) -> Progress:
    return lambda done, total: progress(at * total + done, len(VIEWS) * total)
