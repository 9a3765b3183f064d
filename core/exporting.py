"""Taking approved variants out of the workspace, as a corpus to train on."""

from pathlib import Path

from core import corpora
from core.corpora import Row
from core.store import Store


def export_approved(store: Store, path: Path, *, format: str) -> int:
    """Write the variants whose latest decision is an approval, in the order of approval; gives how many.

    Raises:
        BadInput: no such format, the form has no place for a variant, or the file cannot be written.
        StoreError: the workspace cannot be read.
    """
    approved = [approval.augmentation for approval in store.approved()]
    rows = [Row(sample=each.variant, caption=each.caption) for each in approved if each.variant]
    corpora.find(format).write(rows, path)
    return len(rows)
