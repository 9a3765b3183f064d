"""Review by people: the queue of variants, decisions about them, agreement between reviewers."""

from core.review.deciding import decide, decide_all, edit, undo
from core.review.notes import remark

__all__ = ["decide", "decide_all", "edit", "remark", "undo"]
