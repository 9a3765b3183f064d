"""A student scored on a labelled split, in both of its views."""

from collections.abc import Sequence

from core.corpora import Row
from core.domain.bio import tags_from_entities
from core.domain.record import Value
from core.errors import BadInput
from core.evaluation.mner import SpanScores, span_scores
from core.prediction import Predictor, Progress
from core.settings import Settings
from core.student.views import sections


class ViewScores(SpanScores):
    """Scores of one view; `input` says what the student saw."""

    input: str


class Report(Value):
    """Both views of one student on one split."""

    student: str
    samples: int
    without_knowledge: ViewScores
    with_knowledge: ViewScores


def evaluate_views(settings: Settings, rows: Sequence[Row], progress: Progress) -> Report:
    """Label every row in both views and count exact spans.

    Raises:
        BadInput: there are no rows, a row has no gold labels, or there is no such student.
    """
    gold = []
    for row in rows:
        if row.sample.entities is None:
            raise BadInput(f"{row.sample.text!r} has no labels: evaluation needs a labelled split")
        gold.append(tags_from_entities(row.sample.entities, len(row.sample.tokens)))
    if not rows:
        raise BadInput("there are no samples to evaluate on")
    predictor = Predictor.load(settings)
    total = 2 * len(rows)

    known = [(row.sample.tokens, sections(row.caption, {"mixed": row.knowledge or ""})) for row in rows]
    bare = [(row.sample.tokens, list[str]()) for row in rows]
    alone = predictor.label(bare, "without_knowledge", lambda done, _: progress(done, total))
    helped = predictor.label(known, "with_knowledge", lambda done, _: progress(len(rows) + done, total))

    captions, thoughts = (sum(bool(text) for text in column) for column in _columns(rows))
    without = span_scores(gold, [words.tags for words in alone])
    with_ = span_scores(gold, [words.tags for words in helped])
    return Report(
        student=predictor.name,
        samples=len(rows),
        without_knowledge=ViewScores(input="text alone", **without.model_dump()),
        with_knowledge=ViewScores(input=f"text, {captions:,} captions, {thoughts:,} thoughts", **with_.model_dump()),
    )


def _columns(rows: Sequence[Row]) -> tuple[list[str | None], list[str | None]]:
    return [row.caption for row in rows], [row.knowledge for row in rows]
