"""What a variant has of its parent's knowledge: the thoughts that still hold for it (section 3.3)."""

from collections.abc import Mapping
from typing import TypeVar

from core.domain import AugmentationKind, Grain

Thought = TypeVar("Thought")

OF_WORDS: tuple[Grain, ...] = ("noun", "sentence")


def inherited(kind: AugmentationKind, thoughts: Mapping[Grain, Thought]) -> dict[Grain, Thought]:
    """Of a parent's thoughts those that hold for a variant of it.

    A rewrite keeps all. An imagined picture keeps those about words: the others are about the parent's picture too.
    Another name keeps none: they explain the old one.
    """
    match kind:
        case "style":
            return dict(thoughts)
        case "entity":
            return {}
        case "image":
            return {grain: thought for grain, thought in thoughts.items() if grain in OF_WORDS}
