"""What happened to a variant: who decided what and when, what it came from and what became of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from core.domain import Augmentation, Choice, Sample
from core.review.deciding import BY_HAND
from core.store import Store


@dataclass(frozen=True)
class Event:
    """One entry of the audit trail: the reviewer's word on the variant before (None: none yet), and from now on.

    Where they took back what another decided, it is that one's word. `undone` says that it was taken back later; `edit`
    is the augmentation that an edit made.
    """

    at: datetime
    reviewer: str
    old: Choice | None
    new: Choice | None
    reason: str | None
    adjudicates: bool
    seconds: float | None
    undone: bool
    edit: Augmentation | None


@dataclass(frozen=True)
class Lineage:
    """Where a variant comes from, its origin first, and the edits that were made of it."""

    origin: Sample
    before: tuple[Augmentation, ...]
    after: tuple[Augmentation, ...]


def history(store: Store, augmentation_id: str) -> list[Event]:
    """All that was decided about a variant, in the order it happened; nothing is ever missing from it."""
    decisions = store.decisions(augmentation_id)
    undone = {decision.undoes for decision in decisions} - {None}
    owners = {decision.act: decision.reviewer for decision in decisions if decision.act}
    words: dict[str, list[tuple[str | None, Choice]]] = {}
    events = []
    for decision in decisions:
        own = words.setdefault(owners.get(decision.undoes or "", decision.reviewer), [])
        old = own[-1][1] if own else None
        if decision.undoes:
            own[:] = [word for word in own if word[0] != decision.undoes]
        else:
            own.append((decision.act, decision.choice))
        events.append(
            Event(
                at=decision.at,
                reviewer=decision.reviewer,
                old=old,
                new=own[-1][1] if own else None,
                reason=decision.reason,
                adjudicates=decision.adjudicates,
                seconds=decision.seconds,
                undone=decision.act in undone,
                edit=store.augmentation(decision.edit) if decision.edit else None,
            )
        )
    return events


def lineage(store: Store, augmentation: Augmentation) -> Lineage:
    """The samples between a corpus' tweet and this variant, and the edits it was given.

    Raises:
        StoreError: the workspace cannot be read.
    """
    before: list[Augmentation] = []
    current = augmentation
    while edited := current.maker.parameters.get("edits"):
        found = store.augmentation(str(edited))
        if found is None or found in before:
            break
        before.insert(0, found)
        current = found
    origin = store.sample(current.parent_id)
    assert origin is not None, "the database keeps the parent of every augmentation"
    after = tuple(_edits_of(store, augmentation))
    return Lineage(origin, tuple(before), after)


def _edits_of(store: Store, augmentation: Augmentation) -> Iterator[Augmentation]:
    if augmentation.variant is None:
        return
    for each in reversed(store.augmentations(augmentation.variant.id, model=BY_HAND)):
        if each.maker.parameters.get("edits") == augmentation.id:
            yield each
