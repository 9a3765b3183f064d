"""Scores on a set, and on parts of it: by what the mentions are, and by what their tweets are."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from core.analysis.compared import Compared, same
from core.analysis.relatedness import relatedness
from core.analysis.tables import Line, Number, Table
from core.corpora import Row
from core.domain import Entity, Span

Slicer = Callable[[Row, Entity], str]
"""From a mention in its row to the slice that it belongs to."""


@dataclass(frozen=True)
class Known:
    """What a student could know from its training set, case aside: its words, and its mentions."""

    words: frozenset[str]
    mentions: frozenset[str]

    @classmethod
    def of(cls, rows: Sequence[Row]) -> "Known":
        """The words and the mentions of a training set."""
        words = {word.casefold() for row in rows for word in row.sample.tokens}
        mentions = {_surface(row, each) for row in rows for each in row.sample.entities or ()}
        # A pair's relation stands at its head.
        mentions |= {_surface(row, row.sample.relation.head) for row in rows if row.sample.relation}
        return cls(frozenset(words), frozenset(mentions))


@dataclass
class _Tally:
    gold: list[int] = field(default_factory=list)
    found: tuple[list[int], list[int]] = field(default_factory=lambda: ([], []))
    right: tuple[list[int], list[int]] = field(default_factory=lambda: ([], []))


def overall(compared: Compared) -> Table:
    """Precision, recall and micro-F1 of both sides on the whole set; behind each are the tweets that lower it."""
    lines = []
    for side, answers in zip(compared.sides, compared.found, strict=True):
        right, spurious, missed = 0, [], []
        for at, (gold, found) in enumerate(zip(compared.gold, answers, strict=True)):
            wrong = [mention for mention in found if not any(same(mention, each) for each in gold)]
            right += len(found) - len(wrong)
            spurious += [at] * len(wrong)
            missed += [at] * (len(gold) - len(found) + len(wrong))
        scores = (
            (_per_cent(right, right + len(spurious)), spurious),
            (_per_cent(right, right + len(missed)), missed),
            (_f1(right, right + len(spurious), right + len(missed)), sorted(spurious + missed)),
        )
        numbers = tuple(Number(value=score, rows=tuple(dict.fromkeys(places))) for score, places in scores)
        lines.append(Line(name=side.name, numbers=numbers))
    return Table(
        title="On the whole set",
        note="In per cent. Right is a mention with its words and type. Behind a figure are the tweets that lower it.",
        columns=("precision", "recall", "F1"),
        lines=tuple(lines),
    )


def slices(compared: Compared, known: Known | None) -> list[Table]:
    """F1 of both sides on every slice; with a training set's words, on seen and unseen mentions as well.

    A mention, gold or found, belongs to one slice of each kind, so that precision and recall have a meaning on each.
    """
    return [_table(compared, title, note, slicer) for title, note, slicer in _kinds(known)]


def _kinds(known: Known | None) -> Iterator[tuple[str, str, Slicer]]:
    yield "Type", "", lambda _, mention: mention.type
    yield "Mention's length", "In words.", _length
    if known:
        yield "Seen in training", "As a mention, case aside.", _novelty(known)
        yield "Out of vocabulary", "Any word that no training tweet has, case aside.", _vocabulary(known)
    yield "Sign before it", "", _sign
    yield "Tweet's length", "In words.", _tweet_length
    yield "Tweet with hashtag", "", lambda row, _: "hashtag" if "#" in "".join(row.sample.tokens) else "no hashtag"
    yield "Picture and tweet", "As the thought about both says it, read off its words.", lambda row, _: relatedness(row)


def _table(compared: Compared, title: str, note: str, slicer: Slicer) -> Table:
    tallies: dict[str, _Tally] = {}
    for at, (row, gold, *answers) in enumerate(zip(compared.rows, compared.gold, *compared.found, strict=True)):
        for mention in gold:
            tallies.setdefault(slicer(row, mention), _Tally()).gold.append(at)
        for number, answer in enumerate(answers):
            for mention in answer:
                tally = tallies.setdefault(slicer(row, mention), _Tally())
                tally.found[number].append(at)
                if any(same(mention, each) for each in gold):
                    tally.right[number].append(at)
    lines = []
    for name in sorted(tallies):
        tally = tallies[name]
        places = sorted({*tally.gold, *tally.found[0], *tally.found[1]})
        first, second = (_f1(len(tally.right[n]), len(tally.found[n]), len(tally.gold)) for n in (0, 1))
        gap = None if first is None or second is None else second - first
        numbers = (Number(value=value, rows=tuple(places)) for value in (first, second, gap))
        lines.append(Line(name=name, numbers=(Number.count(tally.gold), *numbers)))
    names = tuple(f"F1 {side.name}" for side in compared.sides)
    return Table(title=title, note=note, columns=("gold mentions", *names, "second − first"), lines=tuple(lines))


def _per_cent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 2) if whole else None


def _f1(right: int, found: int, gold: int) -> float | None:
    return _per_cent(2 * right, found + gold)


def _length(_: Row, mention: Entity) -> str:
    words = mention.end - mention.start
    return ("1", "2", "3 and more")[min(words, 3) - 1]


def _novelty(known: Known) -> Slicer:
    return lambda row, mention: "seen" if _surface(row, mention) in known.mentions else "unseen"


def _vocabulary(known: Known) -> Slicer:
    def slicer(row: Row, mention: Entity) -> str:
        words = row.sample.tokens[mention.start : mention.end]
        return "all words known" if all(word.casefold() in known.words for word in words) else "a word is new"

    return slicer


def _sign(row: Row, mention: Entity) -> str:
    before = row.sample.tokens[mention.start - 1] if mention.start else ""
    return {"#": "behind #", "@": "behind @"}.get(before, "none")


def _tweet_length(row: Row, _: Entity) -> str:
    words = len(row.sample.tokens)
    return "1 to 10" if words <= 10 else "11 to 20" if words <= 20 else "over 20"


def _surface(row: Row, mention: Span) -> str:
    return " ".join(row.sample.tokens[mention.start : mention.end]).casefold()
