"""A person's decisions about variants: kept for ever, the latest counts."""

from datetime import UTC, datetime

from core.domain import Choice, Decision
from core.errors import BadInput
from core.store import Store


def decide(store: Store, augmentation_id: str, choice: Choice, *, reviewer: str, reason: str | None = None) -> Decision:
    """Keep a decision, with who and when.

    Raises:
        BadInput: the reviewer gave no name, or one of over 100 characters.
        StoreError: the workspace cannot be written.
    """
    name = reviewer.strip()
    if not 1 <= len(name) <= 100:
        raise BadInput("a decision needs your name, of at most 100 characters: type it in the sidebar")
    decision = Decision(
        augmentation_id=augmentation_id, choice=choice, reviewer=name, at=datetime.now(UTC), reason=reason
    )
    store.add(decision)
    return decision
