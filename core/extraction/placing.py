"""Where the mentions that a teacher names stand in the tweet.

Labels are flat, so a word belongs to one entity at most. A mention that gets no place at all counts as one wrong
prediction: it lowers precision, as a span that no gold label matches does.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from core.domain import Entity, Sample, Span
from core.extraction.parsing import Mention


@dataclass(frozen=True)
class Placed:
    """Mentions as spans of tokens; those that got no place, by the reason. A mention is in one of the four."""

    entities: tuple[Entity, ...] = ()
    not_in_text: tuple[Mention, ...] = ()
    unknown_type: tuple[Mention, ...] = ()
    overlapping: tuple[Mention, ...] = ()


def place(mentions: Sequence[Mention], sample: Sample, types: Collection[str]) -> Placed:
    """Find every occurrence of every mention.

    Case counts, unless the mention stands in the tweet in another case only; spaces don't, since corpora part words
    that stand together in a tweet. A mention is whole tokens. Longer ones are placed first: an occurrence that overlaps
    one of them is passed over, and a mention that has no other is `overlapping`. To name a mention twice is to name it
    once.
    """
    named = dict.fromkeys(mentions)
    unknown = tuple(mention for mention in named if mention.type not in types)
    owner: list[Entity | None] = [None] * len(sample.tokens)
    not_in_text: list[Mention] = []
    overlapping: list[Mention] = []
    for mention in sorted(named.keys() - set(unknown), key=_longest_first(named)):
        found = [Entity(start=at.start, end=at.end, type=mention.type) for at in _occurrences(sample, mention.text)]
        free = [entity for entity in found if not any(owner[entity.start : entity.end])]
        for entity in free:
            owner[entity.start : entity.end] = [entity] * (entity.end - entity.start)
        if not found:
            not_in_text.append(mention)
        elif not any(entity in owner for entity in found):
            overlapping.append(mention)
    entities = tuple(dict.fromkeys(entity for entity in owner if entity))
    return Placed(entities, tuple(not_in_text), unknown, tuple(overlapping))


def _longest_first(named: Collection[Mention]) -> Callable[[Mention], tuple[int, int]]:
    order = {mention: number for number, mention in enumerate(named)}
    return lambda mention: (-len(_joined(mention.text)), order[mention])


def _occurrences(sample: Sample, mention: str) -> list[Span]:
    words = [_joined(token) for token in sample.tokens]
    wanted = _joined(mention)
    exact = list(_find(words, wanted))
    return exact or list(_find([word.casefold() for word in words], wanted.casefold()))


def _find(words: Sequence[str], wanted: str) -> Iterator[Span]:
    """The runs of words that make up `wanted`, none overlapping another, none with a blank word at an end."""
    start = 0
    while start < len(words):
        end, read = start, ""
        while end < len(words) and words[start] and len(read) < len(wanted):
            read += words[end]
            end += 1
        if read and read == wanted:
            yield Span(start=start, end=end)
            start = end
        else:
            start += 1


def _joined(words: str) -> str:
    return "".join(words.split())
