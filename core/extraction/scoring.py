"""How well a teacher extracts, on the scale on which students are scored."""

from collections.abc import Sequence

from core.corpora import Row
from core.domain import Task
from core.domain.bio import tags_from_entities
from core.domain.record import Value
from core.evaluation.mner import SpanScores, span_scores
from core.evaluation.mre import NONE, RelationScores, relation_scores
from core.extraction.answers import Answers
from core.extraction.asking import Extractor
from core.extraction.placing import Placed, place

UNKNOWN_TYPE = "unknown type"
"""What the wrong predictions are called whose type is none of the label set."""


class Counts(Value):
    """What became of the questions: asked = parsed + unparsed + failed. Of the mentions, those that got no place."""

    asked: int
    parsed: int
    unparsed: int
    failed: int
    mentions_not_in_text: int = 0
    mentions_of_unknown_type: int = 0
    mentions_overlapping: int = 0


class Report(Value):
    """One teacher's answers about labelled samples; `input` says what it saw of them."""

    task: Task
    model: str
    prompt_version: str
    input: str
    labels: tuple[str, ...]
    counts: Counts
    scores: SpanScores | RelationScores


def report(extractor: Extractor, rows: Sequence[Row], answers: Answers) -> Report:
    """Score the answers, row by row. Without one, or with one that cannot be parsed, nothing was found in a row.

    A mention that got no place in its tweet (see `core.extraction.placing`) counts as a wrong prediction.
    """
    kept = [answers.get(extractor.key(row)) for row in rows]
    said = [extractor.parse(each.answer) if each else None for each in kept]
    parsed, failed = sum(each is not None for each in said), kept.count(None)
    counts = {"asked": len(rows), "parsed": parsed, "unparsed": len(rows) - parsed - failed, "failed": failed}
    scores: SpanScores | RelationScores
    if extractor.task == "mner":
        mentions = [each if isinstance(each, tuple) else () for each in said]
        placed = [place(each, row.sample, extractor.labels) for each, row in zip(mentions, rows, strict=True)]
        counts["mentions_not_in_text"] = sum(len(each.not_in_text) for each in placed)
        counts["mentions_of_unknown_type"] = sum(len(each.unknown_type) for each in placed)
        counts["mentions_overlapping"] = sum(len(each.overlapping) for each in placed)
        scores = _span_scores(rows, placed)
    else:
        gold = [row.sample.relation.label or NONE for row in rows if row.sample.relation]
        scores = relation_scores(gold, [each if isinstance(each, str) else NONE for each in said], extractor.labels)
        right = sum(each == label for each, label in zip(said, gold, strict=True))  # no answer is never a right one
        scores = scores.model_copy(update={"accuracy": 100 * right / len(gold) if gold else 0.0})
    captions = sum(bool(row.caption) for row in rows) if "caption" in extractor.prompt.places else 0
    return Report(
        task=extractor.task,
        model=extractor.model,
        prompt_version=extractor.prompt.version,
        input=f"text, {captions:,} captions" if captions else "text alone",
        labels=extractor.labels,
        counts=Counts(**counts),
        scores=scores,
    )


def _span_scores(rows: Sequence[Row], placed: Sequence[Placed]) -> SpanScores:
    """Behind the words of each tweet stands a word that is no entity for each mention without a place in it."""
    gold, predicted = [], []
    for row, found in zip(rows, placed, strict=True):
        wrong = [f"B-{mention.type}" for mention in (*found.not_in_text, *found.overlapping)]
        wrong += [f"B-{UNKNOWN_TYPE}"] * len(found.unknown_type)
        length = len(row.sample.tokens)
        gold.append(tags_from_entities(row.sample.entities or (), length) + ["O"] * len(wrong))
        predicted.append(tags_from_entities(found.entities, length) + wrong)
    return span_scores(gold, predicted)
