"""A variant on its way to another wording or other spans."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from core.augmentation.projection import project
from core.domain import Entity, Relation, Sample, Span
from core.errors import BadInput

HEAD, TAIL = "head", "tail"
"""The types of a relation's two spans, where spans are drawn."""


@dataclass(frozen=True)
class Draft:
    """A wording with its spans, not kept yet; `lost` are mentions of the old wording that it does not have."""

    text: str
    tokens: tuple[str, ...]
    spans: tuple[Entity, ...]
    lost: tuple[str, ...] = ()

    def with_spans(self, spans: Iterable[Entity]) -> "Draft":
        """The same words with other spans.

        Raises:
            BadInput: a span ends beyond the words, or overlaps another.
        """
        ordered = tuple(sorted(spans, key=lambda span: span.start))
        for before, span in zip((None, *ordered), ordered, strict=False):
            if span.end > len(self.tokens) or (before and span.start < before.end):
                raise BadInput(
                    f"span [{span.start}, {span.end}) overlaps another, or ends beyond the {len(self.tokens)} words"
                )
        return replace(self, spans=ordered)


def spans_of(sample: Sample) -> tuple[Entity, ...]:
    """What is marked in a sample: its entities, or its relation's head and tail."""
    if sample.relation is None:
        return sample.entities or ()
    ends = ((sample.relation.head, HEAD), (sample.relation.tail, TAIL))
    return tuple(sorted((_entity(span, name) for span, name in ends), key=lambda span: span.start))


def draft(sample: Sample, text: str | None = None) -> Draft:
    """A sample in another wording, with those of its spans that can be found there; in its own words by default.

    Words are cut anew only where the text is another, so that spans drawn on a corpus' own words stay on them.

    Raises:
        BadInput: the text is empty, or longer than a tweet can be.
    """
    if text is None or text.strip() == sample.text.strip():
        return Draft(sample.text, sample.tokens, spans_of(sample))
    lost: list[str] = []
    kept = sample
    while True:
        projection = project(kept, text)
        if projection.sample:
            return Draft(projection.sample.text, projection.sample.tokens, spans_of(projection.sample), tuple(lost))
        lost += projection.lost
        kept = _without(kept, projection.lost)


def mark(spans: Sequence[Entity], start: int, end: int, kind: str) -> tuple[Entity, ...]:
    """Draw a span over tokens `[start, end)`: what it overlaps goes, and a head or a tail is there once."""
    new = Entity(start=start, end=end, type=kind)
    kept = [
        span
        for span in spans
        if (span.end <= start or span.start >= end) and not (kind in (HEAD, TAIL) and span.type == kind)
    ]
    return tuple(sorted([*kept, new], key=lambda span: span.start))


def unmark(spans: Sequence[Entity], token: int) -> tuple[Entity, ...]:
    """Take away the span that a token is in."""
    return tuple(span for span in spans if not span.start <= token < span.end)


def finish(sample: Sample, made: Draft) -> Sample:
    """The sample that a draft of it has become.

    Raises:
        BadInput: the head or the tail of a relation is not marked.
    """
    changed: dict[str, object] = {"text": made.text, "tokens": made.tokens}
    if sample.relation is None:
        # Nobody may have labelled the sample; drawing a span does.
        changed["entities"] = made.spans if made.spans or sample.entities is not None else None
    else:
        ends = {span.type: Span(start=span.start, end=span.end) for span in made.spans}
        if ends.keys() != {HEAD, TAIL}:
            raise BadInput("a relation needs both its head and its tail: choose one and drag over its words")
        relation = Relation(head=ends[HEAD], tail=ends[TAIL], label=sample.relation.label)
        changed |= {"relation": relation, "entities": sample.entities if made.tokens == sample.tokens else None}
    return sample.model_copy(update=changed)


def _without(sample: Sample, lost: Sequence[str]) -> Sample:
    if sample.relation:
        return sample.model_copy(update={"relation": None, "entities": None})
    kept = tuple(entity for entity in sample.entities or () if sample.mention(entity) not in lost)
    return sample.model_copy(update={"entities": kept})


def _entity(span: Span, kind: str) -> Entity:
    return Entity(start=span.start, end=span.end, type=kind)
