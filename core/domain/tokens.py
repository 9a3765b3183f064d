"""Words of a tweet, cut as Twitter-2017 cuts them: `@` and `#` stand alone, apostrophes and all punctuation too."""

import re
import unicodedata

_WORD = re.compile(
    r"""
    https?://\S+                                # a link is one word
    | [\U0001F1E6-\U0001F1FF]{2}                 # a flag is two regional indicators
    | \d+(?:[.,]\d+)+                           # 9.30 and 1,000, but not 3-2
    | \w+                                       # Bundesliga_EN is one word; Trump's, AT&T are three
    | \S                                        # any other sign alone: @ # ! emoji
    """,
    re.VERBOSE,
)
_JOINERS = {"\u200c", "\u200d"}  # zero-width: Persian's inside words, emoji's between signs
_VARIATIONS = {"\ufe0e", "\ufe0f"}


def split_words(text: str) -> tuple[str, ...]:
    """Cut raw text into words. Emoji sequences and combining marks stay whole; only white space is lost."""
    words: list[str] = []
    end = -1
    for match in _WORD.finditer(text):
        word = match.group()
        adjoins = match.start() == end
        if adjoins and (_extends(word[0]) or _continues(words[-1], word)):
            words[-1] += word
        else:
            words.append(word)
        end = match.end()
    return tuple(words)


def find_words(words: tuple[str, ...], tokens: tuple[str, ...], start: int = 0) -> int | None:
    """Where words stand in a text's, from the word `start` on; None where they don't."""
    places = range(start, len(tokens) - len(words) + 1)
    return next((at for at in places if words and tokens[at : at + len(words)] == words), None)


def _extends(character: str) -> bool:
    """Whether a sign belongs to the one before it: marks, joiners, skin tones, the tags of regional flags."""
    is_skin_tone = "\U0001f3fb" <= character <= "\U0001f3ff"
    is_tag = "\U000e0020" <= character <= "\U000e007f"
    return character in _JOINERS or is_skin_tone or is_tag or unicodedata.category(character) in ("Mn", "Mc", "Me")


def _continues(before: str, word: str) -> bool:
    """Whether a word goes on behind a joiner, or behind a letter's mark (as in Devanagari, or a decomposed é)."""
    is_letter_with_mark = (
        before[0].isalnum() and before[-1] not in _VARIATIONS and unicodedata.category(before[-1]) in ("Mn", "Mc")
    )
    return before[-1] in _JOINERS or (is_letter_with_mark and word[0].isalnum())
