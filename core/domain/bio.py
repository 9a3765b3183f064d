"""BIO tags and entity spans: the same labels in two forms."""

from collections.abc import Iterable, Sequence

from core.domain.sample import Entity


def entities_from_tags(tags: Sequence[str]) -> tuple[Entity, ...]:
    """Read spans off BIO tags the way seqeval's default (and conlleval) does.

    An `I-X` that follows neither `B-X` nor `I-X` opens a span of its own: Twitter-2015 has such orphans.

    Raises:
        ValueError: a tag is neither `O` nor `B-…` nor `I-…`.
    """
    entities: list[Entity] = []
    start: int | None = None
    kind = ""
    for index, tag in enumerate([*tags, "O"]):
        prefix, _, label = tag.partition("-")
        if tag != "O" and not (prefix in ("B", "I") and label):
            raise ValueError(f"tag {tag!r} at token {index} is neither O nor B-TYPE nor I-TYPE")
        continues = prefix == "I" and start is not None and label == kind
        if start is not None and not continues:
            entities.append(Entity(start=start, end=index, type=kind))
            start = None
        if prefix != "O" and not continues:
            start, kind = index, label
    return tuple(entities)


def tags_from_entities(entities: Iterable[Entity], length: int) -> list[str]:
    """Write spans as BIO tags for a sentence of `length` tokens."""
    tags = ["O"] * length
    for entity in entities:
        tags[entity.start] = f"B-{entity.type}"
        for index in range(entity.start + 1, entity.end):
            tags[index] = f"I-{entity.type}"
    return tags
