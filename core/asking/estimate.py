"""How many tokens a dialogue has, before anybody has counted them."""

from collections.abc import Iterable

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
