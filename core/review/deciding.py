"""A person's decisions about variants: kept for ever, taken back by further ones."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from core.domain import Augmentation, Choice, Decision, Maker, Sample
from core.errors import BadInput
from core.identity import Person
from core.store import Store
from core.store.queue import Item, taken_back

BY_HAND = "by hand"
"""The maker of a variant that a person edited; its parameters say whose edit of what it is."""

HASTY = 2.0
"""Seconds under which a decision may be no decision."""

VERDICTS: tuple[Choice, ...] = ("approved", "rejected", "edited")
"""Choices that say what becomes of a variant; only these can end a disagreement."""

_MAX_REASON = 2000


def decide(
    store: Store,
    augmentation_id: str,
    choice: Choice,
    *,
    by: Person,
    reason: str | None = None,
    adjudicates: bool | None = False,
    seconds: float | None = None,
    seen: Mapping[str, int | None] | None = None,
) -> Decision:
    """Keep a decision, with who and when. With `adjudicates` it counts more than all votes; None: if it ends a
    disagreement (`would_adjudicate`).

    Who settled a disagreement settles it anew by another verdict. "withdrawn" takes back one's own word or, where what
    counts are others', those: each of their acts that stands. It gives the first of the decisions that do.

    `seen` is the variant's `Item.latest` as the reviewer saw it, by its id; without it they decide whatever came since.

    Raises:
        Overtaken: somebody decided on it since it was seen.
        Forbidden: their role does not let them decide, adjudicate, or take back what another decided.
        BadInput: the reviewer gave no name, or one of over 100 characters; the reason is too long; no such variant; a
            choice that is no verdict is to adjudicate; or a skip of what they have decided on.
        StoreError: the workspace cannot be written.
    """
    return decide_all(
        store,
        [augmentation_id],
        choice,
        by=by,
        reason=reason,
        adjudicates=adjudicates,
        seconds=seconds,
        seen=seen,
    )[0]


def decide_all(
    store: Store,
    augmentation_ids: Sequence[str],
    choice: Choice,
    *,
    by: Person,
    reason: str | None = None,
    adjudicates: bool | None = False,
    seconds: float | None = None,
    seen: Mapping[str, int | None] | None = None,
) -> list[Decision]:
    """Decide on exactly these variants in one act, all or none; one undo takes all of it back.

    Raises:
        Overtaken: somebody decided on one of them since it was `seen`.
        Forbidden: as `decide` does, or their role does not let them decide on many at once.
        BadInput: as `decide` does.
        StoreError: the workspace cannot be written.
    """
    _must_be_able(by, adjudicates=bool(adjudicates))
    if len(augmentation_ids) > 1:
        by.must("decide on many at once")
    name, now, act = named(by), datetime.now(UTC), uuid.uuid4().hex
    if adjudicates and choice not in VERDICTS:
        raise BadInput(f"{choice!r} is no verdict, so it ends no disagreement; one of {', '.join(VERDICTS)} does")
    if reason and len(reason) > _MAX_REASON:
        raise BadInput(f"the reason has {len(reason):,} characters; shorten it to {_MAX_REASON:,} or fewer")
    if missing := store.missing(augmentation_ids):
        raise BadInput(f"no variant has the id {missing[0]!r}: 'review list' shows those there are")
    ids = list(dict.fromkeys(augmentation_ids))
    if choice == "skipped" and (spoken := [word for each in ids if (word := store.queue.word(each, name))]):
        raise BadInput(f"{name} has {spoken[0].choice} the variant {spoken[0].augmentation_id}: a skip would hide that")
    undone: list[Decision] = []
    if choice == "withdrawn":
        others = [each for each in ids if _is_others(store, each, name)]
        if others:
            by.must("undo the decisions of others")
        undone = [what for each in others for what in store.queue.standing_votes(each)]
        ids = [each for each in ids if each not in {decision.augmentation_id for decision in undone}]
        ids = list(dict.fromkeys([*ids, *(half for each in ids for half in store.queue.halves(each, name))]))
    decisions = [
        Decision(
            augmentation_id=each,
            choice=choice,
            reviewer=name,
            at=now,
            reason=(reason or "").strip() or None,
            act=act,
            adjudicates=choice in VERDICTS and _settles(store, each, by, adjudicates),
            seconds=seconds,
        )
        for each in ids
    ]
    decisions += [taken_back(each, name, now) for each in undone]
    store.add(*decisions, seen=seen)
    return decisions


def _is_others(store: Store, augmentation_id: str, name: str) -> bool:
    """Whether what counts of a variant is not this reviewer's own: the latest word or, with more votes, all of them."""
    voters = [vote.reviewer for vote in store.queue.votes(augmentation_id)]
    counting = voters[-1:] if store.queue.rules().votes == 1 else voters
    return bool(counting) and name not in counting


def _settles(store: Store, augmentation_id: str, by: Person, wanted: bool | None) -> bool:
    """Whether a verdict on a variant counts more than all votes, where that is `wanted`, or None: left to the rules."""
    if wanted is None:
        item = store.queue.find(augmentation_id)
        wanted = item is not None and would_adjudicate(store, item, by)
    return wanted or _has_settled(store, augmentation_id, by)


def _has_settled(store: Store, augmentation_id: str, by: Person) -> bool:
    """Whether this person's word is what ended a disagreement, and may end it anew."""
    return by.may("adjudicate") and store.queue.settler(augmentation_id) == by.name.strip()


def would_adjudicate(store: Store, item: Item, by: Person) -> bool:
    """Whether a decision on a variant ends a disagreement: enough have voted, they differ, this is another curator."""
    needed = store.queue.rules().votes
    voters = {vote.reviewer for vote in store.queue.votes(item.augmentation.id)}
    return item.disputed and item.votes >= needed > 1 and by.name.strip() not in voters and by.may("adjudicate")


def edit(
    store: Store,
    edited: Augmentation,
    variant: Sample,
    *,
    by: Person,
    caption: str | None = None,
    adjudicates: bool | None = False,
    seconds: float | None = None,
    seen: Mapping[str, int | None] | None = None,
) -> Augmentation:
    """Keep a corrected variant beside the one it corrects, as its child, and approve it; one undo takes both back.

    Raises:
        Overtaken: somebody decided on the one it corrects since it was `seen`.
        Forbidden: their role does not let them decide, or adjudicate.
        BadInput: nothing was changed, the imagined picture is left without words, or the name is missing or too long.
        StoreError: the workspace cannot be written.
    """
    _must_be_able(by, adjudicates=bool(adjudicates))
    name, now, act = named(by), datetime.now(UTC), uuid.uuid4().hex
    old = edited.variant
    if old is None:
        raise BadInput("an augmentation without a variant has nothing to edit")
    if edited.caption is not None and not (caption or "").strip():
        raise BadInput("the imagined picture has no words: describe it, or cancel")
    if variant == old and caption == edited.caption:
        raise BadInput("nothing was changed: approve the variant as it is, or change what is wrong in it")
    made = Augmentation(
        parent_id=old.id,
        kind=edited.kind,
        answer=variant.text,
        variant=variant,
        caption=caption,
        maker=Maker(model=BY_HAND, parameters={"editor": name, "edits": edited.id}, created=now, seconds=seconds or 0),
    )
    settles = _settles(store, edited.id, by, adjudicates)
    common = {"reviewer": name, "at": now, "act": act, "adjudicates": settles, "seconds": seconds}
    store.add(
        made,
        Decision.model_validate({"augmentation_id": edited.id, "choice": "edited", "edit": made.id, **common}),
        Decision.model_validate({"augmentation_id": made.id, "choice": "approved", **common}),
        seen=seen,
    )
    return made


def undo(store: Store, *, by: Person) -> list[Decision]:
    """Take back the reviewer's latest act that stands, whole; again and again, as far as there are any.

    Gives the decisions that count no more.

    Raises:
        Forbidden: their role does not let them decide.
        BadInput: the name is missing or too long, there is nothing to take back, or the latest act took back what
            another decided.
        StoreError: the workspace cannot be written.
    """
    _must_be_able(by)
    name = named(by)
    if other := store.queue.took_back_of(name):
        raise BadInput(
            f"what you did last was to take back a decision of {other}: that cannot be undone, but you can decide anew"
        )
    undone = store.queue.undo(name, datetime.now(UTC))
    if not undone:
        raise BadInput("there is nothing of yours to take back")
    return undone


def _must_be_able(by: Person, *, adjudicates: bool = False) -> None:
    by.must("decide on variants")
    if adjudicates:
        by.must("adjudicate")


def named(by: Person) -> str:
    """A reviewer's name as it is kept.

    Raises:
        BadInput: there is none, or it has over 100 characters.
    """
    name = by.name.strip()
    if not 1 <= len(name) <= 100:
        raise BadInput("this needs your name, of at most 100 characters: in the sidebar (» opens it), or as --reviewer")
    return name
