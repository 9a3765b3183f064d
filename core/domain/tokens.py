"""Words of a tweet, cut as the Twitter corpora cut them: `@` and `#` stand alone, punctuation too."""

import re
import unicodedata

_WORD = re.compile(
    r"""
    https?://\S+                                # a link is one word
    | [^\W_]+(?:[_.'’&-][^\W_]+)*_?             # don't, AT&T, U.S, snake_case, 3-2
    | \S                                        # any other sign alone: @ # ! emoji
    """,
    re.VERBOSE,
)
_JOINS = {"\u200d", "\ufe0f", "\ufe0e"}  # zero-width joiner and variation selectors belong to the sign before them


def split_words(text: str) -> tuple[str, ...]:
    """Cut raw text into words. Emoji sequences and combining marks stay whole; only white space is lost."""
    words: list[str] = []
    end = -1
    for match in _WORD.finditer(text):
        word = match.group()
        adjoins = match.start() == end
        if words and adjoins and (_extends(word[0]) or words[-1][-1] == "\u200d"):
            words[-1] += word
        else:
            words.append(word)
        end = match.end()
    return tuple(words)


def _extends(character: str) -> bool:
    is_skin_tone = "\U0001f3fb" <= character <= "\U0001f3ff"
    return character in _JOINS or is_skin_tone or unicodedata.category(character) in ("Mn", "Mc", "Me")
