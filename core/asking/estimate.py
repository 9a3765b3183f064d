"""What a run will take, before anybody has counted it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from core.asking.prices import Price
from core.teachers import Message

_OF_A_TURN = 4  # what a chat format puts around each turn

_A_PICTURE = 765
_MOST_OF_A_PICTURE = 26_000
"""Tokens that most models, and those that count highest, count for a picture as it is sent (see `prices.toml`)."""


def tokens(dialogue: Iterable[Message], price: Price | None = None) -> int:
    """About how many: a token for four bytes of UTF-8, so that emoji and other scripts weigh more than letters do.

    The price of a model says what a picture counts for there.
    """
    picture = (price and price.picture) or _A_PICTURE
    return sum(_OF_A_TURN + _pictures(turn) * picture + len(turn["content"].encode()) // 4 for turn in dialogue)


def most_tokens(dialogue: Iterable[Message], price: Price) -> int:
    """No less than there can be: a tokenizer over bytes makes at most a token of each."""
    picture = price.picture or _MOST_OF_A_PICTURE
    return sum(2 * _OF_A_TURN + _pictures(turn) * picture + len(turn["content"].encode()) for turn in dialogue)


def _pictures(turn: Message) -> int:
    return int("picture" in turn)


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
