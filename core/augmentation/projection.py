"""Gold labels carried from a tweet over to another wording of it.

A rewrite in Twitter style may turn `Tobey Maguire` into `@TobeyMaguire`: each mention of the parent is looked for in
the rewrite, and where one cannot be found, or not without doubt, there is no labelled rewrite. A wrong label is worse
than a lost variant.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from core.augmentation.spelling import Name, Words, fold
from core.domain import Entity, Relation, Replacement, Sample, Span


@dataclass(frozen=True)
class Projection:
    """The rewrite with its parent's labels; `sample` is None where a mention is lost, and `lost` names it.

    `respelled` are the mentions that the rewrite writes in another way, in its order.
    """

    sample: Sample | None
    respelled: tuple[Replacement, ...] = ()
    lost: tuple[str, ...] = ()


class _Place(NamedTuple):
    """Tokens `[start, end)`."""

    start: int
    end: int


class _Occurrence(NamedTuple):
    """Where a name stands, whether its words could stand there by chance, and the words before and behind it."""

    place: _Place
    may_be_chance: bool
    neighbours: tuple[str, str]


def project(sample: Sample, rewrite: str) -> Projection:
    """Label a rewrite with the entities and the relation of its parent.

    A name that stands as often in the rewrite as in the parent is labelled there in order; where the parent has it
    once as PER, once as LOC, once unlabelled, only if each stands beside a word that it stood beside. Where it stands
    more or less often, but at least once, and the parent always gives it the same type, each of its occurrences gets
    that type; any other case is a lost mention. A name that is also a common word (May, Will), or that the parent
    writes with a capital and the rewrite without (Apple), counts only where it cannot stand by chance; one that a new
    capitalised word makes longer (`Paris` in `Paris Hilton`) never does. Head and tail of a relation go to the
    occurrence at the same place in the order, or to the last.

    A span never splits a word of `split_words`: a mention inside `#TrumpTrain` is lost. So is a head or a tail that
    overlaps the other.

    Raises:
        BadInput: the rewrite is empty, or longer than a tweet can be.
    """
    variant = Sample.from_text(rewrite, task=sample.task, image=sample.image)
    types = {_Place(entity.start, entity.end): entity.type for entity in sample.entities or ()}
    groups = _same_names(sample, types)
    names = [_name(sample, places, types) for places in groups]
    lost: list[_Place] = []
    goes_to: dict[_Place, _Place] = {}
    comes_from: dict[_Place, _Place] = {}
    known = Words(sample.tokens)
    found = zip(groups, _find(names, known, known), _find(names, Words(variant.tokens), known), strict=True)
    for places, before, after in found:
        kept = _kept(before, after, types)
        lost += places if not kept else set(places) - {old.place for old in before}
        goes_to |= {old.place: kept[min(i, len(kept) - 1)].place for i, old in enumerate(before) if kept}
        comes_from |= {new.place: before[min(i, len(before) - 1)].place for i, new in enumerate(kept)}
    if lost:
        return Projection(None, lost=tuple(dict.fromkeys(_mention(sample, place) for place in sorted(lost))))
    labelled = [(new, old) for new, old in sorted(comes_from.items()) if old in types]
    relation = _moved(sample.relation, goes_to)
    if relation and relation.head == relation.tail:
        return Projection(None, lost=(sample.mention(sample.relation.tail),) if sample.relation else ())
    return Projection(
        Sample(
            task=variant.task,
            text=variant.text,
            tokens=variant.tokens,
            image=variant.image,
            entities=None
            if sample.entities is None
            else tuple(Entity(start=new.start, end=new.end, type=types[old]) for new, old in labelled),
            relation=relation,
        ),
        respelled=tuple(
            Replacement(old=_mention(sample, old), new=_mention(variant, new), type=types[old])
            for new, old in labelled
            if variant.tokens[slice(*new)] != sample.tokens[slice(*old)]
        ),
    )


def added(sample: Sample, variant: Sample) -> list[str]:
    """The capitalised words of a labelled rewrite that may be names, and that its parent has only in mentions, or not.

    They would be trained on as no entities. Words that open a sentence, tags, and a headline's capitals say nothing.
    """
    mentioned, labelled = (
        {at for entity in each.entities or () for at in range(entity.start, entity.end)} for each in (sample, variant)
    )
    parent = Words([token for at, token in enumerate(sample.tokens) if at not in mentioned])
    return [variant.tokens[at] for at in Words(variant.tokens).new_names(parent) if at not in labelled]


def _same_names(sample: Sample, entities: Collection[_Place]) -> list[list[_Place]]:
    """Where the parent's mentions stand, those of one name together."""
    relation = sample.relation
    ends = [_Place(span.start, span.end) for span in (relation.head, relation.tail)] if relation else []
    groups = defaultdict(list)
    for place in sorted({*entities, *ends}):
        words = " ".join(sample.tokens[slice(*place)])
        groups[fold(words) or words].append(place)
    return list(groups.values())


def _name(sample: Sample, places: Sequence[_Place], types: Mapping[_Place, str]) -> Name:
    is_person = any(types.get(place, "").upper().startswith("PER") for place in places)
    return Name({sample.tokens[slice(*place)] for place in places}, is_person=is_person)


def _find(names: Sequence[Name], text: Words, parent: Words) -> list[list[_Occurrence]]:
    """Where each name stands. No two places overlap: of all choices, the one with the most letters, best spelled.

    Between equals the one with fewer, and so longer, names is taken: `New York Yankees`, not New York and Yankees.
    """
    tokens = text.tokens
    best: list[tuple[float, int]] = [(0.0, 0)]  # of the first n tokens: value, and minus the number of names
    last: list[tuple[int, int] | None] = [None]  # the name that ends there in that choice, and its start
    for end in range(1, len(tokens) + 1):
        best.append(best[-1])
        last.append(None)
        for index, name in enumerate(names):
            for start in text.starts(end, name):
                if likeness := name.likeness(text, start, end):
                    size = sum(map(len, text.letters[start:end])) or 1
                    value = (round(best[start][0] + likeness * size, 6), best[start][1] - 1)
                    if value > best[end]:
                        best[end], last[end] = value, (index, start)
    occurrences: list[list[_Occurrence]] = [[] for _ in names]
    end = len(tokens)
    while end:
        if taken := last[end]:
            index, start = taken
            is_chance = text.may_be_chance(start, end) or names[index].is_another_word(text, start, end)
            neighbours = text.neighbours(start, end)
            if not text.is_made_longer(start, end, parent):
                occurrences[index].insert(0, _Occurrence(_Place(start, end), is_chance, neighbours))
            end = start
        else:
            end -= 1
    return occurrences


def _kept(
    before: Sequence[_Occurrence], after: Sequence[_Occurrence], types: Mapping[_Place, str]
) -> list[_Occurrence]:
    """The occurrences in the rewrite that are the parent's name beyond doubt, in order."""
    is_one_thing = len({types.get(old.place) for old in before}) == 1
    if len(before) == len(after) and all(
        (is_one_thing and not new.may_be_chance)
        or any(a and a == b for a, b in zip(old.neighbours, new.neighbours, strict=True))
        for old, new in zip(before, after, strict=True)
    ):
        return list(after)
    if is_one_thing:
        return [new for new in after if not new.may_be_chance]
    return []


def _moved(relation: Relation | None, goes_to: Mapping[_Place, _Place]) -> Relation | None:
    if relation is None:
        return None
    head, tail = (goes_to[_Place(span.start, span.end)] for span in (relation.head, relation.tail))
    return Relation(
        head=Span(start=head.start, end=head.end), tail=Span(start=tail.start, end=tail.end), label=relation.label
    )


def _mention(sample: Sample, place: _Place) -> str:
    return sample.mention(Span(start=place.start, end=place.end))
