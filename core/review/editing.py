"""A variant on its way to another wording or other spans."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from core.augmentation.projection import project
from core.domain import Entity, Relation, Sample, Span
from core.errors import BadInput
from core.printable import printable

HEAD, TAIL = "head", "tail"
"""The types of a relation's two spans, where spans are drawn."""


@dataclass(frozen=True)
class Draft:
    """A wording with its spans, not kept yet; `lost` are mentions of the old wording that it does not have.

    `label` is how head and tail are related, where it is known.
    """

    text: str
    tokens: tuple[str, ...]
    spans: tuple[Entity, ...]
    lost: tuple[str, ...] = ()
    label: str | None = None

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

    def text_of(self, span: Span) -> str:
        """The words of a span as they stand in the text."""
        return Sample(text=self.text, tokens=self.tokens).mention(span)


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
    label = sample.relation.label if sample.relation else None
    if text is None or text.strip() == sample.text.strip():
        return Draft(sample.text, sample.tokens, spans_of(sample), label=label)
    lost: list[str] = []
    kept = sample
    while True:
        projection = project(kept, text)
        if projection.sample:
            found = _once(spans_of(projection.sample))
            return Draft(projection.sample.text, projection.sample.tokens, found, tuple(lost), label)
        lost += projection.lost
        kept = _without(kept, projection.lost)


def reword(sample: Sample, made: Draft, text: str) -> Draft:
    """A draft of a sample in another wording, with those of its spans, found or drawn, that can be found there.

    Raises:
        BadInput: the text is empty, or longer than a tweet can be.
    """
    if text.strip() == made.text.strip():
        return made
    reworded = draft(_marked(sample, made), text)
    words = {reworded.text_of(span) for span in reworded.spans}
    lost = tuple(name for name in dict.fromkeys((*made.lost, *reworded.lost)) if name not in words)
    return replace(reworded, lost=lost, label=made.label)


def drawn(spans: Sequence[Entity], start: int, end: int, kind: str) -> tuple[Entity, ...]:
    """What is marked once tokens `[start, end)` were dragged over: a new span or, one word of a span, that one less."""
    if end - start == 1 and any(span.start <= start < span.end for span in spans):
        return unmark(spans, start)
    return mark(spans, start, end, kind)


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
        BadInput: the head or the tail of a relation is not marked, or its label holds control characters.
    """
    changed: dict[str, object] = {"text": made.text, "tokens": made.tokens}
    if sample.relation is None:
        # Nobody may have labelled the sample; drawing a span does.
        changed["entities"] = made.spans if made.spans or sample.entities is not None else None
    else:
        label = (made.label or "").strip() or None
        if label and printable(label) != label:
            raise BadInput(f"the relation {label!r} holds control characters: leave them out")
        relation = pair_of(made.spans).model_copy(update={"label": label})
        changed |= {"relation": relation, "entities": sample.entities if made.tokens == sample.tokens else None}
    return sample.model_copy(update=changed)


def pair_of(spans: Sequence[Entity]) -> Relation:
    """Head and tail as they are drawn; how they are related is not known.

    Raises:
        BadInput: one of them is not marked.
    """
    if not _has_both_ends(spans):
        raise BadInput("a relation needs both its head and its tail: choose one and drag over its words")
    ends = {span.type: Span(start=span.start, end=span.end) for span in spans}
    return Relation(head=ends[HEAD], tail=ends[TAIL])


def _marked(sample: Sample, made: Draft) -> Sample:
    """A draft as a sample to find the spans of; those of a relation that lacks an end are its entities there."""
    if sample.relation is None or _has_both_ends(made.spans):
        return finish(sample, made)
    return Sample(task=sample.task, text=made.text, tokens=made.tokens, image=sample.image, entities=made.spans)


def _has_both_ends(spans: Sequence[Entity]) -> bool:
    return {span.type for span in spans} == {HEAD, TAIL}


def _once(spans: Sequence[Entity]) -> tuple[Entity, ...]:
    """The spans with one head and one tail at most: a name that stands twice is looked for as an entity."""
    first = {span.type: span for span in reversed(spans) if span.type in (HEAD, TAIL)}
    return tuple(span for span in spans if first.get(span.type, span) == span)


def _without(sample: Sample, lost: Sequence[str]) -> Sample:
    kept = tuple(span for span in spans_of(sample) if sample.mention(span) not in lost)
    return sample.model_copy(update={"relation": None, "entities": kept})


def _entity(span: Span, kind: str) -> Entity:
    return Entity(start=span.start, end=span.end, type=kind)
