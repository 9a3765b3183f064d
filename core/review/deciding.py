"""A person's decisions about variants: kept for ever, taken back by further ones."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

from core.domain import Augmentation, Choice, Decision, Maker, Sample
from core.errors import BadInput
from core.store import Store
from core.store.queue import Item

BY_HAND = "by hand"
"""The maker of a variant that a person edited; its parameters say whose edit of what it is."""

HASTY = 2.0
"""Seconds under which a decision may be no decision."""

_MAX_REASON = 2000


def decide(
    store: Store,
    augmentation_id: str,
    choice: Choice,
    *,
    reviewer: str,
    reason: str | None = None,
    adjudicates: bool = False,
    seconds: float | None = None,
) -> Decision:
    """Keep a decision, with who and when. With `adjudicates` it counts more than all votes.

    Raises:
        BadInput: the reviewer gave no name, or one of over 100 characters; the reason is too long; no such variant.
        StoreError: the workspace cannot be written.
    """
    (decision,) = decide_all(
        store,
        [augmentation_id],
        choice,
        reviewer=reviewer,
        reason=reason,
        adjudicates=adjudicates,
        seconds=seconds,
    )
    return decision


def decide_all(
    store: Store,
    augmentation_ids: Sequence[str],
    choice: Choice,
    *,
    reviewer: str,
    reason: str | None = None,
    adjudicates: bool = False,
    seconds: float | None = None,
) -> list[Decision]:
    """Decide on exactly these variants in one act, all or none; one undo takes all of it back.

    Raises:
        BadInput: as `decide` does.
        StoreError: the workspace cannot be written.
    """
    name, now, act = named(reviewer), datetime.now(UTC), uuid.uuid4().hex
    if reason and len(reason) > _MAX_REASON:
        raise BadInput(f"the reason has {len(reason):,} characters; shorten it to {_MAX_REASON:,} or fewer")
    if missing := store.missing(augmentation_ids):
        raise BadInput(f"no variant has the id {missing[0]!r}: 'review list' shows those there are")
    decisions = [
        Decision(
            augmentation_id=each,
            choice=choice,
            reviewer=name,
            at=now,
            reason=(reason or "").strip() or None,
            act=act,
            adjudicates=adjudicates,
            seconds=seconds,
        )
        for each in dict.fromkeys(augmentation_ids)
    ]
    store.add(*decisions)
    return decisions


def would_adjudicate(store: Store, item: Item, reviewer: str) -> bool:
    """Whether a person's decision on a variant ends a disagreement: enough have voted, they differ, this is another."""
    needed = store.queue.rules().votes
    voters = {vote.reviewer for vote in store.queue.votes(item.augmentation.id)}
    return item.disputed and item.votes >= needed > 1 and reviewer.strip() not in voters


def edit(
    store: Store,
    edited: Augmentation,
    variant: Sample,
    *,
    reviewer: str,
    caption: str | None = None,
    adjudicates: bool = False,
    seconds: float | None = None,
) -> Augmentation:
    """Keep a corrected variant beside the one it corrects, as its child, and approve it; one undo takes both back.

    Raises:
        BadInput: nothing was changed, or the name is missing or too long.
        StoreError: the workspace cannot be written.
    """
    name, now, act = named(reviewer), datetime.now(UTC), uuid.uuid4().hex
    old = edited.variant
    if old is None:
        raise BadInput("an augmentation without a variant has nothing to edit")
    if variant == old and caption == edited.caption:
        raise BadInput("nothing was changed: accept the variant as it is, or change its words or spans")
    made = Augmentation(
        parent_id=old.id,
        kind=edited.kind,
        answer=variant.text,
        variant=variant,
        caption=caption,
        maker=Maker(model=BY_HAND, parameters={"editor": name, "edits": edited.id}, created=now, seconds=seconds or 0),
    )
    common = {"reviewer": name, "at": now, "act": act, "adjudicates": adjudicates, "seconds": seconds}
    store.add(
        made,
        Decision.model_validate({"augmentation_id": edited.id, "choice": "edited", "edit": made.id, **common}),
        Decision.model_validate({"augmentation_id": made.id, "choice": "approved", **common}),
    )
    return made


def undo(store: Store, *, reviewer: str) -> list[Decision]:
    """Take back the reviewer's latest act that stands, whole; again and again, as far as there are any.

    Gives the decisions that count no more.

    Raises:
        BadInput: the name is missing or too long, or there is nothing to take back.
        StoreError: the workspace cannot be written.
    """
    undone = store.queue.undo(named(reviewer), datetime.now(UTC))
    if not undone:
        raise BadInput("there is nothing of yours to take back")
    return undone


def named(reviewer: str) -> str:
    """A reviewer's name as it is kept.

    Raises:
        BadInput: there is none, or it has over 100 characters.
    """
    name = reviewer.strip()
    if not 1 <= len(name) <= 100:
        raise BadInput("a decision needs your name, of at most 100 characters: type it in the sidebar")
    return name
