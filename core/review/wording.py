"""Which words a variant shares with its parent."""

from collections.abc import Sequence
from difflib import SequenceMatcher

LIMIT = 1000
"""Words of a text beyond which nobody reads a difference, and computing it would hold up the card."""


def changed_words(before: Sequence[str], after: Sequence[str]) -> tuple[frozenset[int], frozenset[int]]:
    """The words of `before` that are gone, and those of `after` that are new, as token indices."""
    if max(len(before), len(after)) > LIMIT:
        return frozenset(), frozenset()
    gone, new = set[int](), set[int]()
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind != "equal":
            gone.update(range(a, b))
            new.update(range(c, d))
    return frozenset(gone), frozenset(new)
