"""Tweets with pictures that come with the project, to try it on: `assets/demo`, whose LICENSES.md names the sources."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from core.domain import Entity, Sample
from core.domain.tokens import find_words, split_words
from core.settings import ASSETS

FOLDER = ASSETS / "demo"


@dataclass(frozen=True)
class Demo:
    """A sample with gold entities or, for a pair of mentions, their relation.

    Its picture is a file, not yet in a workspace: `sample.image` is None.
    """

    title: str
    sample: Sample
    image: Path
    alt: str
    credit: str


@cache
def demos() -> tuple[Demo, ...]:
    """All of them, in the order in which they are shown."""
    lines = (FOLDER / "samples.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(_demo(**json.loads(line)) for line in lines)


def _demo(
    *,
    title: str,
    text: str,
    image: str,
    alt: str,
    credit: str,
    entities: list[tuple[str, str]] | None = None,
    relation: tuple[str, str, str] | None = None,
) -> Demo:
    sample = Sample.from_text(text)
    if entities:
        sample = sample.model_copy(update={"entities": _locate(entities, sample.tokens)})
    if relation:
        sample = sample.of_pair(*relation)
    return Demo(title=title, sample=sample, image=FOLDER / image, alt=alt, credit=credit)


def _locate(mentions: list[tuple[str, str]], tokens: tuple[str, ...]) -> tuple[Entity, ...]:
    """Spans of mentions that are listed in the order of the text.

    Raises:
        ValueError: a mention's words do not stand in the text after the mention before it.
    """
    entities: list[Entity] = []
    position = 0
    for mention, kind in mentions:
        words = split_words(mention)
        start = find_words(words, tokens, position)
        if start is None:
            raise ValueError(f"mention {mention!r} does not stand in {' '.join(tokens)!r} after token {position}")
        position = start + len(words)
        entities.append(Entity(start=start, end=position, type=kind))
    return tuple(entities)
