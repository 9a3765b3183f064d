"""What people remark on a case: kept for ever, like decisions."""

from datetime import UTC, datetime

from core.domain import Note
from core.errors import BadInput
from core.identity import Person
from core.review.deciding import named
from core.store import Store

_MAX_CHARACTERS = 2000


def remark(store: Store, case_id: str, text: str, *, by: Person) -> Note:
    """Keep a note on a case, with who and when.

    Raises:
        Forbidden: their role does not let them study tweets.
        BadInput: the note is empty or longer than 2,000 characters, or its author gave no name.
        StoreError: the workspace cannot be written.
    """
    by.must("study tweets")
    if not 1 <= len(text.strip()) <= _MAX_CHARACTERS:
        raise BadInput(f"a note has 1 to {_MAX_CHARACTERS:,} characters, and this one {len(text.strip()):,}")
    note = Note(case_id=case_id, text=text.strip(), author=named(by), at=datetime.now(UTC))
    store.add(note)
    return note
