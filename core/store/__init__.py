"""The workspace: everything that was read, generated and decided, in one SQLite file and a folder of pictures."""

from core.store.answers import Approval, Asked, Case, Size, Studied
from core.store.rows import canonical
from core.store.store import Store

__all__ = ["Approval", "Asked", "Case", "Size", "Store", "Studied", "canonical"]
