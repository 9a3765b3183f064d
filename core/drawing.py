"""Which samples of a split are taken where not all are."""

import random
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


def drawn(items: Sequence[Item], limit: int | None, draw: int | None) -> list[Item]:
    """The first items of a split or, with a draw, as many under that seed; under one seed the fewer are of the more.

    It depends on how many items there are and on their order alone, so that what is drawn for the teacher is what a
    training draws.
    """
    order = list(items)
    if draw is not None:
        random.Random(draw).shuffle(order)  # noqa: S311 - a draw, not a secret
    return order[:limit]
