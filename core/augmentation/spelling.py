"""Whether some words of a tweet are a known name in another spelling.

`Tobey Maguire` is `@TobeyMaguire`, `tobey maguire`, `Tobey Maguire’s` and `TOBEY MAGUIRE`; `US` is `U.S` and `#US`, and
never `us`. Words are whole tokens, so that `US` is never looked for inside `bus`.
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Collection, Sequence
from functools import cache, lru_cache
from itertools import accumulate

from core.domain.tokens import split_words
from core.settings import ASSETS

# How much each way of spelling a name is worth, 0…1. The order is what matters: where two names claim a word, the
# better spelling of the longer name gets it.
SAME_WORDS = 1.0
SAME_LETTERS = 0.98  # other spaces, signs or accents: Beyonce, TobeyMaguire, Spider-Man
SAME_BUT_CASE = 0.95
WITHOUT_GENITIVE = 0.98  # times the above: Obama's
AFFIXED = 0.90  # @realDonaldTrump, @taylorswift13, #TheBeatles
NUMBER = 0.85  # Patriot, Patriots
SHORTENED = 0.85  # LeoDiCaprio, L. DiCaprio, Man United, Beatles
ONE_EDIT = 0.80  # Shkrelli
FAMILY_NAME = 0.60  # Maguire

_EDITABLE = 7  # letters: one edit turns too many shorter names into other names (Iran, Iraq)
_INFLECTED = 5
_STEM = 4  # letters that a name must keep when a part of it goes
_MORE_TOKENS = 4  # that a name may be cut into, beyond its own: Spider - Man
_MORE_LETTERS = 2  # that several words of a name may have, beyond its own: an s or one edit, and a genitive
_MARKS = {"@", "#"}
_JOINERS = set("-‐‑–'’`´.&_·")
_AFFIXES = ("real", "official", "the", "its", "iam")
_LETTERS_OF_THEIR_OWN = str.maketrans({"ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i", "ـ": None})
_SENTENCE_ENDS = set(".!?…:")
_GENITIVE = re.compile(r"(?<=.)['’`´][sS]$")


@cache
def common_words() -> frozenset[str]:
    """Words that any tweet may have, so that in lower case they are no sign of a name: may, us, will."""
    lines = (ASSETS / "common_words.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("#"))  # the head says where they come from


@lru_cache(maxsize=1 << 16)
def letters(text: str) -> str:
    """Letters and digits without accents, points and compatibility forms; everything else is left out."""
    spelled = unicodedata.normalize("NFKD", text.translate(_LETTERS_OF_THEIR_OWN))
    return "".join(sign for sign in spelled if sign.isalnum() or _is_vowel_sign(sign))


def _is_vowel_sign(sign: str) -> bool:
    # Scripts of India and South-East Asia write vowels as marks; Latin, Arabic and Hebrew do well without theirs.
    kind, order = unicodedata.category(sign), unicodedata.combining(sign)
    is_optional = 10 <= order <= 36 or order >= 200 or "\ufe00" <= sign <= "\ufe0f"
    return kind in ("Mn", "Mc") and not is_optional


@lru_cache(maxsize=1 << 16)
def fold(text: str) -> str:
    """`letters` without case."""
    return letters(letters(text).casefold())


def camel_parts(word: str) -> list[str]:
    """`DiCaprio` is Di and Caprio, `NBAFinals` NBA and Finals, `iPhone` i and Phone."""
    parts, start = [], 0
    for at in range(1, len(word)):
        rises = word[at].isupper() and not word[at - 1].isupper()
        starts_word = word[at].isupper() and word[at + 1 : at + 2].islower()
        if rises or starts_word or word[at].isdigit() != word[at - 1].isdigit():
            parts.append(word[start:at])
            start = at
    return [*parts, word[start:]]


def _parts(words: Sequence[str]) -> list[str]:
    return [part for word in words for part in _parts_of(word)]


@lru_cache(maxsize=1 << 16)
def _parts_of(word: str) -> tuple[str, ...]:
    return tuple(map(fold, camel_parts(letters(word)))) if letters(word) else ()


def _is_common(parts: Sequence[str]) -> bool:
    return len("".join(parts)) <= 2 or all(part in common_words() or part.isdigit() for part in parts)


def _digits(word: str) -> str:
    return "".join(filter(str.isdigit, word))


def genitive(word: str) -> str:
    """The `'s` that a word ends with, or nothing."""
    found = _GENITIVE.search(word)
    return found[0] if found else ""


def bare(mention: str) -> str:
    """A mention without its genitive."""
    return mention.removesuffix(genitive(mention))


def _without_genitive(words: Sequence[str]) -> list[str]:
    return [*words[:-1], bare(words[-1])]


def _within_one_edit(one: str, other: str) -> bool:
    """Whether an insertion, a deletion, a substitution or a swap of neighbours makes one string the other."""
    same = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    a, b = one[same:], other[same:]
    is_swap = a[:2] == b[:2][::-1] and a[2:] == b[2:]
    return is_swap or a[1:] == b[1:] or a[1:] == b or a == b[1:]


class Words:
    """The tokens of a tweet, prepared for looking for names in them."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self.tokens = tuple(tokens)
        self.letters = [letters(token) for token in tokens]
        self.folds = [fold(token) for token in tokens]
        cased = [word for word in self.letters if len(word) > 1 and word.upper() != word.lower()]
        self.has_no_capitals = not any(
            word[:1].isupper() and not self.is_marked(at) for at, word in enumerate(self.letters)
        )
        self._is_shouted = 2 * sum(word.isupper() for word in cased) > len(cased) > 2
        inner = [word for at, word in enumerate(self.letters) if len(word) > 2 and at and not self.is_marked(at)]
        self._is_headline = 3 * sum(word[:1].isupper() for word in inner) > 2 * len(inner)
        self._lengths = list(accumulate(map(len, self.folds), initial=0))

    def starts(self, end: int, name: "Name") -> range:
        """Where tokens may begin that end at `end` and are this name; from elsewhere they are too many, or too long."""
        near = bisect_left(self._lengths, self._lengths[end] - name.letters)
        return range(max(0, end - name.tokens, min(near, end - 1)), end)

    def is_marked(self, at: int) -> bool:
        """Whether a token is a handle or a hashtag."""
        return self.tokens[at][0] in _MARKS or (at > 0 and self.tokens[at - 1] in _MARKS)

    def are_capitalised(self, start: int, end: int) -> bool:
        """Whether no token of `[start, end)` begins with a small letter; those of a script without case never do."""
        return not any(word[:1].islower() for word in self.letters[start:end])

    def may_be_chance(self, start: int, end: int) -> bool:
        """Whether these words could stand here without naming anything: `May I`, `TELL US NOW`."""
        word = self.letters[start]
        if self.is_marked(start) or not word or not _is_common(_parts(self.tokens[start:end])):
            return False
        if end - start > 1:
            return all(each.islower() for each in self.letters[start:end] if each)
        if word.isupper() and len(word) > 1:
            return self._is_shouted
        return word.islower() or self._opens_a_sentence(start)

    def stands_alone(self, at: int) -> bool:
        """Whether no capitalised word beside it makes a word part of another name: `Ivanka Trump`, `Trump Tower`."""
        beside = [near for near in (at - 1, at + 1) if 0 <= near < len(self.tokens) and self.folds[near]]
        return all(word.islower() or _is_common(_parts([word])) for word in (self.letters[near] for near in beside))

    def is_made_longer(self, start: int, end: int, parent: "Words") -> bool:
        """Whether a capitalised word beside these, which the parent does not have, may make another name with them.

        `Paris Hilton` for Paris, `Boston Celtics` for Boston.
        """
        return not self.is_marked(start) and not {start - 1, end}.isdisjoint(self.new_names(parent))

    def new_names(self, parent: "Words") -> list[int]:
        """Where capitalised words stand that may be names, and that the parent does not have, as part of a word either.

        The first word of a sentence has a capital anyway, and so have all words of a headline.
        """
        if self._is_headline:
            return []
        known = "".join(parent.folds)
        return [
            at
            for at, word in enumerate(self.letters)
            if word[:1].isupper()
            and not word.isupper()
            and not (self.is_marked(at) or self._opens_a_sentence(at) or _is_common(_parts([word])))
            and self.folds[at] not in known
        ]

    def neighbours(self, start: int, end: int) -> tuple[str, str]:
        """The nearest words before and behind tokens `[start, end)`, folded; empty where there is none."""
        before = next((word for word in reversed(self.folds[:start]) if word), "")
        behind = next((word for word in self.folds[end:] if word), "")
        return before, behind

    def _opens_a_sentence(self, at: int) -> bool:
        before = at - 1
        while before >= 0 and not self.letters[before] and self.tokens[before][0] not in _SENTENCE_ENDS:
            before -= 1
        return before < 0 or self.tokens[before][0] in _SENTENCE_ENDS


class Name:
    """A name as it is written in a tweet, in one or several ways that differ in case, spaces, signs or accents only.

    No form of it has more than so many `tokens`, nor, of several tokens, more than so many `letters`.
    """

    def __init__(self, written: Collection[tuple[str, ...]], *, is_person: bool) -> None:
        self._written = frozenset(written)
        self._is_capitalised = all(letters(words[0])[:1].isupper() for words in written)
        self._letters = {"".join(map(letters, words)) for words in written}
        words = max(written, key=lambda words: len(_parts(words)))
        self._parts = _parts(words)
        self._key = "".join(self._parts)
        self._signs = {word for words in written for word in split_words(" ".join(words)) if not letters(word)}
        self._ends = set(accumulate(map(len, self._parts)))
        self._family = fold(words[-1]) if is_person and len(words) > 1 and len(fold(words[-1])) >= _STEM else None
        self._inflected = self._inflections(words) if self._key else {}
        self.tokens = max(map(len, written)) + _MORE_TOKENS
        self.letters = len(self._key) + _MORE_LETTERS

    def is_another_word(self, text: Words, start: int, end: int) -> bool:
        """Whether one word in small letters, among others with capitals, may be a word and not this name: an apple."""
        is_lowered = end - start == 1 and text.letters[start].islower() and not text.is_marked(start)
        return is_lowered and not text.has_no_capitals and self._is_capitalised

    def _inflections(self, words: Sequence[str]) -> dict[str, float]:
        spellings = {}
        if self._parts[0] == "the" and len(self._key) >= len("the") + _STEM:
            spellings[self._key.removeprefix("the")] = SHORTENED
        if len(self._key) >= _INFLECTED:
            spellings[self._key.removesuffix("s") if self._key.endswith("s") else self._key + "s"] = NUMBER
        if genitive(words[-1]):
            spellings[self._key.removesuffix("s")] = SAME_BUT_CASE * WITHOUT_GENITIVE
        return spellings

    def likeness(self, text: Words, start: int, end: int) -> float:
        """How sure it is that tokens `[start, end)` are this name: 0 (they are not) to 1 (the very words)."""
        words = text.tokens[start:end]
        if words in self._written:
            return SAME_WORDS
        if not (self._key and text.folds[start] and text.folds[end - 1] and self._holds_together(text, start, end)):
            return 0.0
        breaks_alike = self._breaks_alike(text, start, end)
        return (breaks_alike and self._as_spelled(text, start, end)) or self._as_varied(text, start, end, breaks_alike)

    def _as_varied(self, text: Words, start: int, end: int, breaks_alike: bool) -> float:
        """A form of the name with other letters. These must look like names: marked, or capitalised."""
        words = _without_genitive(text.tokens[start:end])
        parts, folded = _parts(words), "".join(map(fold, words))
        is_marked, are_capitalised = text.is_marked(start), text.are_capitalised(start, end)
        if not folded or (_is_common(parts) and (len(parts) == 1 or not are_capitalised)):
            return 0.0
        if end - start == 1 and is_marked and words[0].strip("@#_").isalnum() and self._is_affixed(folded):
            return AFFIXED
        if (is_marked or are_capitalised or text.has_no_capitals) and self._is_shortened(folded, text.folds[start]):
            return SHORTENED
        if not (is_marked or are_capitalised) or not breaks_alike:
            return 0.0
        if folded == self._family:
            is_left_over = start > 0 and text.folds[start - 1] in self._parts
            return FAMILY_NAME if text.stands_alone(start) and not is_left_over else 0.0
        return self._inflected.get(folded) or (ONE_EDIT if self._is_one_edit_off(folded) else 0.0)

    def _holds_together(self, text: Words, start: int, end: int) -> bool:
        """Whether nothing but joining signs stands between the words, and no `’ s` of another's hangs on them."""
        return (end - start == 1 or text.folds[end - 1] != "s") and all(
            word or token in _JOINERS or token in self._signs or unicodedata.category(token[0]) == "Cf"
            for word, token in zip(text.folds[start:end], text.tokens[start:end], strict=True)
        )

    def _breaks_alike(self, text: Words, start: int, end: int) -> bool:
        """Whether no word ends where none of the name's does, unless capitals show where names begin.

        `now here` is not Nowhere; `Tobey Maguire` is tobeymaguire.
        """
        ends = set(accumulate(map(len, text.folds[start : end - 1])))
        return ends <= self._ends or text.are_capitalised(start, end)

    def _as_spelled(self, text: Words, start: int, end: int) -> float:
        """The name itself, whatever its spaces, signs and accents, or its genitive; 0 if it is another word."""
        words = text.tokens[start:end]
        if alike := self._as_itself(words):
            return alike
        return self._as_itself(_without_genitive(words)) * WITHOUT_GENITIVE if genitive(words[-1]) else 0.0

    def _as_itself(self, words: Sequence[str]) -> float:
        """A common word must keep its capitals: `US` is not us."""
        if "".join(map(letters, words)) in self._letters:
            return SAME_LETTERS
        return SAME_BUT_CASE if "".join(map(fold, words)) == self._key and not _is_common(_parts(words)) else 0.0

    def _is_affixed(self, folded: str) -> bool:
        bare = folded.rstrip("0123456789")
        forms = {bare, *(bare.removeprefix(affix) for affix in _AFFIXES), bare.removesuffix("official")}
        return len(self._key) >= _STEM and self._key in forms

    def _is_one_edit_off(self, folded: str) -> bool:
        """A slip of the pen. At the ends of a name an edit makes another word (America, American), in a number too."""
        is_long = min(len(folded), len(self._key)) >= _EDITABLE
        keeps = folded[0] == self._key[0] and folded[-1] == self._key[-1] and _digits(folded) == _digits(self._key)
        return is_long and keeps and _within_one_edit(folded, self._key)

    def _is_shortened(self, folded: str, first_word: str) -> bool:
        """Leo DiCaprio, L. DiCaprio: the first word cut off to three letters or more, or to an initial of its own."""
        first, rest = self._parts[0], "".join(self._parts[1:])
        start = folded.removesuffix(rest)
        is_short = len(start) >= 3 or (len(start) == 1 and first_word == start)
        return len(rest) >= _STEM and folded == start + rest and first.startswith(start) and is_short
