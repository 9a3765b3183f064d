"""BIOES tags and entity spans: each mention's last word is marked too (`E-`), and one of a single word is `S-`."""

from collections.abc import Iterable, Sequence

from core.domain.sample import Entity


def entities_from_bioes(tags: Sequence[str]) -> tuple[Entity, ...]:
    """Read spans off BIOES tags. Unlike BIO's, they say where a mention ends, so a chain that breaks is an error.

    Raises:
        ValueError: a tag is not in its place; the message names it and its token, from 0.
    """
    entities: list[Entity] = []
    start, kind = 0, ""
    for index, tag in enumerate([*tags, "O"]):
        prefix, _, label = tag.partition("-")
        opens, goes_on = prefix in ("B", "S"), prefix in ("I", "E")
        if tag != "O" and not (label and (opens or goes_on)):
            raise ValueError(f"tag {tag!r} at token {index} is neither O nor B-, I-, E- or S- with a type")
        if goes_on and label != kind:
            raise ValueError(f"tag {tag!r} at token {index} goes on with no mention: no B-{label} is open before it")
        if not goes_on and kind:
            raise ValueError(f"the mention of {kind} from token {start} has no end before token {index}: no E-{kind}")
        if opens:
            start, kind = index, label
        if prefix in ("E", "S"):
            entities.append(Entity(start=start, end=index + 1, type=kind))
            kind = ""
    return tuple(entities)


def bioes_from_entities(entities: Iterable[Entity], length: int) -> list[str]:
    """Write spans as BIOES tags for a sentence of `length` tokens."""
    tags = ["O"] * length
    for entity in entities:
        inside = entity.end - entity.start - 2
        prefixes = ["S"] if inside < 0 else ["B", *"I" * inside, "E"]
        tags[entity.start : entity.end] = [f"{prefix}-{entity.type}" for prefix in prefixes]
    return tags
