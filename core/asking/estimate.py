"""What a run will take, before anybody has counted it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from core.asking.prices import Price
from core.teachers import Message

_OF_A_TURN = 4  # what a chat format puts around each turn
_OF_A_PICTURE = 765
"""Of 1024 × 1024 pixels, by OpenAI's rule: 85, and 170 for each of four tiles of 512. Others count otherwise."""


def tokens(dialogue: Iterable[Message]) -> int:
    """About how many: a token for four bytes of UTF-8, so that emoji and other scripts weigh more than letters do."""
    return sum(_OF_A_TURN + _of_pictures(turn) + len(turn["content"].encode()) // 4 for turn in dialogue)


def most_tokens(dialogue: Iterable[Message]) -> int:
    """No less than there can be: a tokenizer over bytes makes at most a token of each."""
    return sum(2 * (_OF_A_TURN + _of_pictures(turn)) + len(turn["content"].encode()) for turn in dialogue)


def _of_pictures(turn: Message) -> int:
    return _OF_A_PICTURE if "picture" in turn else 0


@dataclass(frozen=True)
class Forecast:
    """What a run will take. Tokens are estimated (see `tokens`), answers as long as they were so far.

    `most_completion_tokens` is for answers as long as they may be. Costs are in USD, None where the price is unknown.
    """

    calls: int
    prompt_tokens: int
    completion_tokens: int
    most_completion_tokens: int
    cost: float | None
    most_cost: float | None

    @classmethod
    def of(cls, *, calls: int, read: int, written: int, most: int, price: Price | None) -> Self:
        """The forecast of so many calls and tokens, at a price."""
        return cls(
            calls=calls,
            prompt_tokens=read,
            completion_tokens=written,
            most_completion_tokens=most,
            cost=price.of(read, written) if price else None,
            most_cost=price.of(read, most) if price else None,
        )
