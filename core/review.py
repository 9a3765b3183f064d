"""A person's decisions about variants: kept for ever, the latest counts."""

from datetime import UTC, datetime

from core.domain import Choice, Decision
from core.errors import BadInput
from core.identity import Person
from core.store import Store


def decide(store: Store, augmentation_id: str, choice: Choice, *, by: Person, reason: str | None = None) -> Decision:
    """Keep a decision, with who and when.

    Raises:
        Forbidden: their role does not let them decide, or take back what another decided.
        BadInput: they gave no name, or one of over 100 characters.
        StoreError: the workspace cannot be written.
    """
    by.must("decide on variants")
    name = by.name.strip()
    if not 1 <= len(name) <= 100:
        raise BadInput("a decision needs your name, of at most 100 characters: type it in the sidebar")
    counting = store.choice(augmentation_id) if choice == "withdrawn" else None
    if counting and counting.reviewer != name:
        by.must("undo the decisions of others")
    decision = Decision(
        augmentation_id=augmentation_id, choice=choice, reviewer=name, at=datetime.now(UTC), reason=reason
    )
    store.add(decision)
    return decision
