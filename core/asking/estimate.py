"""How many tokens a dialogue has, before anybody has counted them."""

from collections.abc import Iterable

from core.teachers import Message

_OF_A_TURN = 4  # what a chat format puts around each turn


def tokens(dialogue: Iterable[Message]) -> int:
    """About how many: a token for four bytes of UTF-8, so that emoji and other scripts weigh more than letters do."""
    return sum(_OF_A_TURN + len(message["content"].encode()) // 4 for message in dialogue)


def most_tokens(dialogue: Iterable[Message]) -> int:
    """No less than there can be: a tokenizer over bytes makes at most a token of each."""
    return sum(2 * _OF_A_TURN + len(message["content"].encode()) for message in dialogue)
