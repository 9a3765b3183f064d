"""Where the second side is better than the first and where it is worse, and whether that could be chance."""

from collections.abc import Sequence
from math import comb

from core.analysis.compared import Compared, same
from core.analysis.tables import Line, Number, Table
from core.comparison import Effect
from core.domain import Entity

EFFECTS: dict[Effect, str] = {"helped": "for the better", "hurt": "for the worse", "neither": "wrong before and after"}

KINDS = {
    "gained": "found as well",
    "lost": "no longer found",
    "retyped": "another type",
    "rebounded": "other bounds",
}


def help_and_hurt(compared: Compared) -> Table:
    """Every difference between the two answers, by its kind and by whether it is for the better."""
    places: dict[tuple[str, Effect], list[int]] = {(kind, effect): [] for kind in KINDS for effect in EFFECTS}
    for at, (found, gold) in enumerate(zip(compared.changes, compared.gold, strict=True)):
        for change in found:
            places[change.kind, change.effect(gold)].append(at)
    lines = [
        Line(name=name, numbers=tuple(Number.count(places[kind, effect]) for effect in EFFECTS))
        for kind, name in KINDS.items()
    ]
    every = [[at for kind in KINDS for at in places[kind, effect]] for effect in EFFECTS]
    lines.append(Line(name="all mentions", numbers=tuple(Number.count(sorted(each)) for each in every)))
    better, worse, _ = (set(each) for each in every)
    whole = (sorted(better - worse), sorted(worse - better), sorted(better & worse))
    lines.append(Line(name="tweets: only better, only worse, both", numbers=tuple(map(Number.count, map(list, whole)))))
    return Table(
        title="From the first to the second",
        note="Mentions that differ between the two answers, by what changed and whether gold says that it is better.",
        columns=tuple(EFFECTS.values()),
        lines=tuple(lines),
    )


def right_and_wrong(compared: Compared) -> Table:
    """Who is right where: gold mentions that both, one or no side finds, and tweets that are right as a whole.

    The p-value is McNemar's exact one (two-sided binomial on the discordant pairs).
    """
    mentions: dict[tuple[bool, bool], list[int]] = {}
    tweets: dict[tuple[bool, bool], list[int]] = {}
    for at, (gold, *answers) in enumerate(zip(compared.gold, *compared.found, strict=True)):
        for mention in gold:
            first, second = (any(same(mention, each) for each in answer) for answer in answers)
            mentions.setdefault((first, second), []).append(at)
        whole = [_bare(answer) == _bare(gold) for answer in answers]
        tweets.setdefault((whole[0], whole[1]), []).append(at)
    lines = []
    for name, pairs in (("gold mentions", mentions), ("whole tweets", tweets)):
        only_first, only_second = pairs.get((True, False), []), pairs.get((False, True), [])
        counts = [pairs.get((True, True), []), only_first, only_second, pairs.get((False, False), [])]
        p = Number(value=mcnemar(len(only_first), len(only_second)), rows=tuple(sorted({*only_first, *only_second})))
        lines.append(Line(name=name, numbers=(*map(Number.count, counts), p)))
    return Table(
        title="Who is right",
        note="p is McNemar's exact test: how often chance alone would part the two so far.",
        columns=("both", "only the first", "only the second", "none", "p"),
        lines=tuple(lines),
    )


def confusion(compared: Compared) -> Table:
    """The first side's types (rows) against the second's (columns), where bounds are the same; "nothing" elsewhere."""
    pairs: dict[tuple[str, str], list[int]] = {}
    for at, answers in enumerate(zip(*compared.found, strict=True)):
        first, second = ({(each.start, each.end): each.type for each in answer} for answer in answers)
        for bounds in first.keys() | second.keys():
            pairs.setdefault((first.get(bounds, _NOTHING), second.get(bounds, _NOTHING)), []).append(at)
    names = [*sorted({name for pair in pairs for name in pair} - {_NOTHING}), _NOTHING]
    return Table(
        title="First ↓ second →",
        note="What the first side finds against what the second does, gold aside.",
        columns=tuple(names),
        lines=tuple(
            Line(name=row, numbers=tuple(Number.count(sorted(pairs.get((row, column), []))) for column in names))
            for row in names
        ),
    )


def mcnemar(only_first: int, only_second: int) -> float:
    """The exact two-sided p-value of McNemar's test: of n discordant pairs, as uneven a split by a fair coin."""
    n = only_first + only_second
    tail = sum(comb(n, k) for k in range(min(only_first, only_second) + 1))
    return min(1.0, float(2 * tail / 2**n))


_NOTHING = "nothing"


def _bare(mentions: Sequence[Entity]) -> list[tuple[int, int, str]]:
    return [(each.start, each.end, each.type) for each in mentions]
