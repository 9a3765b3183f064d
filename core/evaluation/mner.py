"""Span precision, recall and F1 of named entities, as seqeval counts them."""

from collections.abc import Iterator, Sequence
from typing import Self

from pydantic import Field

from core.domain.bio import entities_from_tags
from core.evaluation.scores import Counts, Score

Spans = dict[tuple[int, int], str]
"""The types of a sentence's spans by their bounds, tokens `[start, end)`."""


class SpanScores(Score):
    """Micro-averaged scores over all spans, and the scores of each type."""

    by_type: dict[str, Score] = Field(default_factory=dict)

    @classmethod
    def of(cls, counts: Counts) -> Self:
        """The scores that follow from what `span_counts` counted."""
        return cls(**counts.overall().model_dump(), by_type=counts.by_type())


def span_scores(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> SpanScores:
    """Compare BIO tags, sentence by sentence, by seqeval's default (lenient, conlleval's) reading of them.

    Raises:
        ValueError: gold and predicted differ in length, or a tag is no BIO tag.
    """
    return SpanScores.of(span_counts(gold, predicted))


def span_counts(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> Counts:
    """Count spans by type; right is a predicted span whose bounds and type are gold. Raises as `span_scores` does."""
    counts = Counts()
    for known, found in spans(gold, predicted):
        counts.gold.update(known.values())
        counts.predicted.update(found.values())
        counts.right.update(kind for _, kind in known.items() & found.items())
    return counts


def spans(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> Iterator[tuple[Spans, Spans]]:
    """Each sentence's gold and predicted spans. Raises as `span_scores` does."""
    for number, (tags, answer) in enumerate(zip(gold, predicted, strict=True), start=1):
        if len(tags) != len(answer):
            raise ValueError(f"sentence {number} has {len(tags)} gold tags, but {len(answer)} predicted ones")
        yield _spans(tags), _spans(answer)


def _spans(tags: Sequence[str]) -> Spans:
    return {(entity.start, entity.end): entity.type for entity in entities_from_tags(tags)}
