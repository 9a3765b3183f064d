"""Span precision, recall and F1 of named entities, as seqeval counts them."""

from collections.abc import Sequence

from pydantic import Field
from seqeval.metrics import classification_report

from core.domain.record import Value


class Score(Value):
    """Exact-match scores in per cent, and how many gold spans they rest on."""

    precision: float
    recall: float
    f1: float
    support: int


class SpanScores(Score):
    """Micro-averaged scores over all spans, and the scores of each type."""

    by_type: dict[str, Score] = Field(default_factory=dict)


def span_scores(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> SpanScores:
    """Compare BIO tags, sentence by sentence, by seqeval's default (lenient, conlleval's) reading of them."""
    gold, predicted = [list(tags) for tags in gold], [list(tags) for tags in predicted]
    if not any(tag != "O" for tags in (*gold, *predicted) for tag in tags):  # seqeval would average over nothing
        return SpanScores(precision=0, recall=0, f1=0, support=0)
    report = classification_report(gold, predicted, output_dict=True, zero_division=0)
    scores = {
        name: Score(
            precision=round(100 * float(row["precision"]), 2),
            recall=round(100 * float(row["recall"]), 2),
            f1=round(100 * float(row["f1-score"]), 2),
            support=int(row["support"]),
        )
        for name, row in report.items()
    }
    by_type = {name: score for name, score in scores.items() if not name.endswith(" avg")}
    return SpanScores(**scores["micro avg"].model_dump(), by_type=by_type)
