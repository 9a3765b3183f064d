"""Names that a teacher knows: the list of zero-shot augmentation (paper section 4.3), 100 of each type."""

import re
import string
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import zip_longest

from core import prompts
from core.asking import Conversation
from core.asking.estimate import Forecast, tokens
from core.asking.forms import key_of
from core.asking.prices import Price
from core.augmentation.pool import EntityPool
from core.augmentation.spelling import fold
from core.store import Store
from core.teachers import Ask, Teacher

PER_TYPE = 100

TYPES = {
    "PER": "persons",
    "LOC": "places",
    "ORG": "companies, teams or organisations",
    "MISC": "films, songs, events, products or awards",
}
"""How a teacher is asked for each type."""

_MARK = re.compile(r"^\s*(?:\d+\s*[.)]|[-*•])\s*")
_REMARK = re.compile(r"\s*(?:[(:–—].*|\s-\s.*)$")
_PROSE = frozenset({"is", "are", "was", "were", "who", "which"})


class NameList:
    """A teacher's list of names: asked for letter by letter, since small models go round in circles in a list of 100.

    Its raw answers are kept like all others, so that a second list asks nothing.
    """

    def __init__(self, teacher: Teacher) -> None:
        """Raises BadInput where the teacher's prompt set lacks the prompt."""
        self._teacher = teacher
        self._prompt = prompts.load(teacher.prompts, "names")
        self._answers: dict[tuple[str, str], str] = {}
        self.kept: list[str] = []

    @property
    def missing(self) -> int:
        """How many questions there are: all letters of all types."""
        return len(TYPES) * len(string.ascii_uppercase)

    def open(self, store: Store) -> int:
        """How many questions a store has no answer to."""
        attempts = (store.attempts.latest(key_of(ask, self._teacher)) for ask in self._asks().values())
        return sum(latest is None or latest.failure is not None for latest in attempts)

    def conversations(self) -> Iterator[Conversation]:
        """One a question."""
        for (kind, letter), ask in self._asks().items():
            yield self._conversation(kind, letter, ask)

    def forecast(self, price: Price | None) -> Forecast:
        """What asking all of them will take."""
        asked = [self._prompt.messages(type=words, letter="A") for words in TYPES.values()]
        read = sum(map(tokens, asked)) * len(string.ascii_uppercase)
        most = self.missing * self._prompt.max_tokens
        return Forecast.of(calls=self.missing, read=read, written=most, most=most, price=price)

    def pool(self, taken: Collection[str]) -> EntityPool:
        """The names that came; see `pool_of`."""
        return pool_of(self._teacher.model, self._answers, taken)

    def _asks(self) -> dict[tuple[str, str], Ask]:
        """The questions by (type, letter)."""
        return {
            (kind, letter): Ask(
                tuple(self._prompt.messages(type=words, letter=letter)), self._prompt.max_tokens, self._prompt.version
            )
            for kind, words in TYPES.items()
            for letter in string.ascii_uppercase
        }

    def _conversation(self, kind: str, letter: str, ask: Ask) -> Conversation:
        answer = yield ask
        if answer:
            self._answers[kind, letter] = answer.text


def names_in(answer: str, letter: str) -> Iterator[str]:
    """The names in an answer, one a line: at most five words, capitalised, with the letter that was asked for.

    What follows a comma is a remark; a line that says something of a name is none.
    """
    for line in answer.splitlines():
        name = _REMARK.sub("", _MARK.sub("", line)).partition(",")[0].strip(" \"'“”*.,;")
        words = name.split()
        starts_well = name[:1].upper() == letter and any(character.isupper() for character in name)
        is_one = not any(mark in name for mark in "@#<>{}[]/") and _PROSE.isdisjoint(words)
        if starts_well and 1 <= len(words) <= 5 and len(name) > 1 and is_one:
            yield " ".join(words)


def pool_of(model: str, answers: Mapping[tuple[str, str], str], taken: Collection[str]) -> EntityPool:
    """The names in the answers by (type, letter), at most 100 a type, as many of each letter as there are.

    Each name is there once, whatever its case, and under one type: one that comes as two types is of neither, for
    nobody knows what it names. None is in `taken`: the mentions of the corpora that it must not overlap.
    """
    found = {
        kind: [list(names_in(answers.get((kind, letter), ""), letter)) for letter in string.ascii_uppercase]
        for kind in TYPES
    }
    kinds_of: dict[str, set[str]] = {}
    for kind, by_letter in found.items():
        for name in (name for names in by_letter for name in names):
            kinds_of.setdefault(fold(name), set()).add(kind)
    left_out = {fold(name) for name in taken} | {key for key, kinds in kinds_of.items() if len(kinds) > 1}
    mentions = {kind: tuple(_once(_in_turn(by_letter), left_out))[:PER_TYPE] for kind, by_letter in found.items()}
    return EntityPool(f"names by {model}", mentions)


def _in_turn(by_letter: Iterable[list[str]]) -> Iterator[str]:
    """The first of each letter, then the second of each …: what a model names first it knows best."""
    for row in zip_longest(*by_letter):
        yield from (name for name in row if name)


def _once(names: Iterable[str], left_out: Collection[str]) -> Iterator[str]:
    said = set(left_out)
    for name in names:
        if (key := fold(name)) and key not in said:
            said.add(key)
            yield name
