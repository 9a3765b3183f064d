"""Which variants of the queue are wanted, and in which order, as parts of a query."""

from random import Random
from typing import Any, Literal, get_args

from pydantic import Field

from core.domain import State
from core.domain.record import Value

Order = Literal["oldest", "random", "uncertainty", "reviewers disagree", "views disagree"]
"""How the queue is ordered. `uncertainty` is the student's; the views are the student's with and without knowledge."""

ORDERS: tuple[Order, ...] = get_args(Order)
STATES: tuple[State, ...] = get_args(State)


class Filter(Value):
    """Which variants are wanted; what is empty or None asks for nothing.

    `types` are entity types of the variant, `labels` relations, `score` the range of the teacher's margin (variants
    without one are out of any range), `text` a part of the variant's words (ASCII letters in either case). `dropped`
    lets in those that the teacher's verdict or a lost mention dropped; `disputed` wants reviewers to disagree.
    """

    states: tuple[State, ...] = ("pending",)
    kinds: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    score: tuple[float | None, float | None] = (None, None)
    text: str = Field(default="", max_length=1000)
    disputed: bool = False
    dropped: bool = False


_KEYS: dict[Order, str] = {
    # Multiplied by a number of the seed's modulo a prime, hashes that were random already fall in another order.
    "random": "(shuffle * {multiplier} % 2147483647)",
    "uncertainty": "uncertainty",
    "reviewers disagree": "disputed",
    "views disagree": "changes",
}


def key(order: Order, seed: int) -> str | None:
    """What an order sorts by, the greatest first; equals, and all where it is None, stand as they came."""
    by = _KEYS.get(order)
    return by and by.format(multiplier=Random(seed).randrange(1, 2**31 - 1))  # noqa: S311 - no secret


def conditions(wanted: Filter, reviewer: str) -> tuple[list[str], list[Any]]:
    """What must hold of a row of the queue, and the values of its question marks."""
    where: list[str] = ["1"]
    values: list[Any] = []

    def one_of(column: str, chosen: tuple[str, ...]) -> None:
        if chosen:
            where.append(f"{column} IN ({', '.join('?' * len(chosen))})")
            values.extend(chosen)

    one_of("queue.state", wanted.states)
    one_of("queue.kind", wanted.kinds)
    one_of("queue.model", wanted.models)
    one_of("queue.label", wanted.labels)
    if wanted.types:
        one_of("EXISTS (SELECT 1 FROM queue_types WHERE queue_types.number = queue.number AND type", wanted.types)
        where[-1] += ")"
    for limit, sign in zip(wanted.score, (">=", "<="), strict=True):
        if limit is not None:
            where.append(f"queue.margin {sign} ?")
            values.append(limit)
    if wanted.text:
        where.append("queue.text LIKE ? ESCAPE '\\'")
        values.append(pattern(wanted.text))
    if wanted.disputed:
        where.append("queue.disputed = 1")
    if not wanted.dropped:
        where.append("queue.dropped IS NULL")
    if reviewer and wanted.states == ("pending",):
        where.append(
            "NOT EXISTS (SELECT 1 FROM votes WHERE votes.augmentation_id = queue.augmentation_id "
            "AND votes.reviewer = ? AND votes.choice <> 'withdrawn')"
        )
        values.append(reviewer)
    return where, values


def pattern(words: str) -> str:
    """What `LIKE ? ESCAPE '\\'` finds these words by, wherever they stand in a text."""
    escaped = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
