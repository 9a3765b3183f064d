"""What changed between two predictions for one sample, in words a person would use."""

from collections.abc import Collection, Sequence
from typing import Literal

from core.domain import Answer, Entity, Relation, Sample
from core.domain.record import Value
from core.evaluation.mre import in_words

ChangeKind = Literal["gained", "lost", "retyped", "rebounded"]
Effect = Literal["helped", "hurt", "neither"]


class Change(Value):
    """One difference: `before` is None for a gain, `after` is None for a loss.

    The relation of a pair stands in both at its head's words, as its type.
    """

    kind: ChangeKind
    before: Entity | None = None
    after: Entity | None = None
    sentence: str

    def effect(self, gold: Collection[Entity]) -> Effect:
        """Whether the change made a wrong answer right, a right one wrong, or one wrong answer another."""
        known = {(each.start, each.end, each.type) for each in gold}
        was_right = self.before is not None and (self.before.start, self.before.end, self.before.type) in known
        is_right = self.after is not None and (self.after.start, self.after.end, self.after.type) in known
        if is_right or (self.after is None and not was_right):  # found what is there, or let go what isn't
            return "helped"
        return "hurt" if was_right or self.before is None else "neither"


def changes(sample: Sample, before: Sequence[Entity], after: Sequence[Entity]) -> list[Change]:
    """Differences between two sets of entities, in the order of the tweet.

    A span in both with another type is retyped; spans that overlap but differ are rebounded, each paired once, the
    largest overlap first; what is left was lost or gained. Scores don't count.
    """
    old = {(entity.start, entity.end): entity for entity in before}
    new = {(entity.start, entity.end): entity for entity in after}
    pairs = [(old.pop(span), new.pop(span)) for span in sorted(old.keys() & new.keys())]
    overlaps = sorted(
        ((min(a.end, b.end) - max(a.start, b.start), a, b) for a in old.values() for b in new.values()),
        key=lambda found: (-found[0], found[1].start, found[2].start),
    )
    for shared, a, b in overlaps:
        if shared > 0 and (a.start, a.end) in old and (b.start, b.end) in new:
            pairs.append((old.pop((a.start, a.end)), new.pop((b.start, b.end))))
    found = [_paired(sample, a, b) for a, b in pairs if (a.start, a.end, a.type) != (b.start, b.end, b.type)]
    found += [_lost(sample, entity) for entity in old.values()]
    found += [_gained(sample, entity) for entity in new.values()]
    return sorted(found, key=lambda change: (change.after or change.before or Entity(start=0, end=1, type="?")).start)


def answer_changes(sample: Sample, before: Answer, after: Answer) -> list[Change]:
    """Differences between two answers about one sample: of its mentions, and of the relation of its pair."""
    found = changes(sample, before.entities, after.entities)
    pair, was, now = sample.relation, before.relation, after.relation
    if pair and was and now and was.label != now.label:
        ends = f"“{sample.mention(pair.head)}” to “{sample.mention(pair.tail)}”"
        sentence = f"The relation of {ends} changed from {in_words(was.label)} to {in_words(now.label)}"
        first, second = at_head(pair, was.label), at_head(pair, now.label)
        found.append(Change(kind="retyped", before=first, after=second, sentence=sentence))
    return found


def at_head(pair: Relation, label: str) -> Entity:
    """A relation as a mention of its head, so that it is compared as mentions are."""
    return Entity(start=pair.head.start, end=pair.head.end, type=label)


def _paired(sample: Sample, before: Entity, after: Entity) -> Change:
    if (before.start, before.end) == (after.start, after.end):
        sentence = f"“{sample.mention(after)}” changed from {before.type} to {after.type}"
        return Change(kind="retyped", before=before, after=after, sentence=sentence)
    growth = (after.end - after.start) - (before.end - before.start)
    verb = "grew" if growth > 0 else "shrank" if growth < 0 else "moved"
    sentence = f"“{sample.mention(before)}” {verb} to “{sample.mention(after)}”"
    sentence += f" and from {before.type} to {after.type}" if before.type != after.type else f" ({after.type})"
    return Change(kind="rebounded", before=before, after=after, sentence=sentence)


def _lost(sample: Sample, entity: Entity) -> Change:
    return Change(kind="lost", before=entity, sentence=f"“{sample.mention(entity)}” ({entity.type}) is no longer found")


def _gained(sample: Sample, entity: Entity) -> Change:
    return Change(kind="gained", after=entity, sentence=f"“{sample.mention(entity)}” ({entity.type}) is found as well")
