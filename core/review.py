"""What people say: decisions about variants, of which the latest counts, and notes on cases. All are kept for ever."""

from datetime import UTC, datetime

from core.domain import Choice, Decision, Note
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
    name = _name(by, "a decision")
    counting = store.choice(augmentation_id) if choice == "withdrawn" else None
    if counting and counting.reviewer != name:
        by.must("undo the decisions of others")
    decision = Decision(
        augmentation_id=augmentation_id, choice=choice, reviewer=name, at=datetime.now(UTC), reason=reason
    )
    store.add(decision)
    return decision


def remark(store: Store, case_id: str, text: str, *, by: Person) -> Note:
    """Keep a note on a case, with who and when.

    Raises:
        Forbidden: their role does not let them.
        BadInput: the note is empty or longer than 2,000 characters, or its author gave no name.
        StoreError: the workspace cannot be written.
    """
    by.must("study tweets")
    if not 1 <= len(text.strip()) <= 2000:
        raise BadInput(f"a note has 1 to 2,000 characters, and this one {len(text.strip()):,}")
    note = Note(case_id=case_id, text=text.strip(), author=_name(by, "a note"), at=datetime.now(UTC))
    store.add(note)
    return note


def _name(by: Person, what: str) -> str:
    name = by.name.strip()
    if not 1 <= len(name) <= 100:
        raise BadInput(f"{what} needs your name, of at most 100 characters: type it in the sidebar")
    return name
