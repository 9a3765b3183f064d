"""Names to put in the place of others: by type, from a corpus or from the project's own list."""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import gcd
from typing import Self

from core.augmentation.spelling import bare, fold
from core.domain import Sample
from core.settings import ASSETS

PROJECT_LIST = "project list"
_MARKS = ("@", "#")
_SAME_TYPE = {"OTHER": "MISC"}  # the fourth type's name in Twitter-2015 and in Twitter-2017


@dataclass(frozen=True)
class EntityPool:
    """Mentions by type, each once whatever its case. `name` says where they are from: it goes into every record."""

    name: str
    mentions: Mapping[str, tuple[str, ...]]

    @classmethod
    def from_samples(cls, samples: Iterable[Sample], name: str) -> Self:
        """The gold mentions of a corpus, in-domain names: all but handles and hashtags, which are no running words."""
        return cls._of(
            name,
            (
                (entity.type, bare(sample.mention(entity)))
                for sample in samples
                for entity in sample.entities or ()
                if sample.tokens[max(entity.start - 1, 0)] not in _MARKS
                and sample.tokens[entity.start][0] not in _MARKS
            ),
        )

    @classmethod
    def of_the_project(cls) -> Self:
        """Well-known names of PER, LOC, ORG and MISC, chosen for this project, for users without a corpus."""
        mentions = json.loads((ASSETS / "entities.json").read_text(encoding="utf-8"))
        return cls._of(PROJECT_LIST, ((kind, mention) for kind, names in mentions.items() for mention in names))

    @classmethod
    def _of(cls, name: str, found: Iterable[tuple[str, str]]) -> Self:
        mentions: dict[str, dict[str, str]] = {}
        for kind, mention in found:
            if key := fold(mention):
                mentions.setdefault(_SAME_TYPE.get(kind, kind), {}).setdefault(key, mention)
        return cls(name, {kind: tuple(each.values()) for kind, each in mentions.items()})

    @cached_property
    def identity(self) -> str:
        """Where the names are from, and a hash of them: for the record of a variant."""
        content = json.dumps({kind: sorted(names) for kind, names in self.mentions.items()}, sort_keys=True)
        return f"{self.name} {hashlib.sha256(content.encode()).hexdigest()[:8]}"

    def without(self, names: Iterable[str]) -> Self:
        """The pool but for these names, however they are spelled: those of a test set, say."""
        taken = {fold(bare(name)) for name in names}
        left = {kind: tuple(n for n in mine if fold(n) not in taken) for kind, mine in self.mentions.items()}
        return type(self)(self.name, left)

    def candidates(self, kind: str, old: str, tweet: str, lot: str) -> Iterator[str]:
        """The mentions of a type that may stand for `old`: none that is in the tweet, nor a longer form of `old`.

        They come in the order of the lot, which is the same whatever the order of the pool: a stride through all names,
        so that the first costs next to nothing, however many there are.
        """
        names = self._folded.get(_SAME_TYPE.get(kind, kind), ())
        said, replaced = fold(tweet), fold(old)
        for at in _stride(len(names), lot):
            name, folded, words = names[at]
            if folded not in said and replaced not in words and not (" " in old and replaced in folded):
                yield name

    @cached_property
    def _folded(self) -> dict[str, list[tuple[str, str, frozenset[str]]]]:
        """The names of each type in the order of the alphabet, with their folded forms and those of their words."""
        return {
            kind: [(name, fold(name), frozenset(map(fold, name.split()))) for name in sorted(names)]
            for kind, names in self.mentions.items()
        }


def mentions_of(samples: Iterable[Sample]) -> set[str]:
    """All gold mentions of these samples, as they are written."""
    return {sample.mention(entity) for sample in samples for entity in sample.entities or ()}


def shuffled(candidates: Collection[str], lot: str) -> list[str]:
    """The candidates in the order of the hash of lot and candidate: no order, process or machine changes it."""
    return sorted(candidates, key=lambda each: hashlib.sha256(f"{lot}\0{each}".encode()).digest())


def _stride(number: int, lot: str) -> Iterator[int]:
    """All of 0 … number - 1, each once: from a place on, in steps that share no divisor with the number."""
    digest = hashlib.sha256(lot.encode()).digest()
    start, step = (int.from_bytes(half) % max(number, 1) for half in (digest[:16], digest[16:]))
    while gcd(step, number) > 1:
        step += 1
    return ((start + turn * step) % number for turn in range(number))
