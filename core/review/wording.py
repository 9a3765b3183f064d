"""A variant in words: which of them its parent has, and all of it in one line."""

from collections.abc import Sequence
from difflib import SequenceMatcher

from core.domain import Augmentation, Sample
from core.evaluation.mre import in_words
from core.review.editing import spans_of

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


def in_a_line(made: Augmentation) -> str:
    """What was made: the imagined caption or the variant, `bracketed`; where nothing came of it, what was answered."""
    return made.caption or (bracketed(made.variant) if made.variant else made.answer)


def bracketed(sample: Sample) -> str:
    """The words with a bracket around each span and its type, as in `[Ana PER] sings`; of a pair, its relation too."""
    tokens = list(sample.tokens)
    for span in sorted(spans_of(sample), key=lambda span: span.end - span.start):  # a span within another closes first
        tokens[span.start] = f"[{tokens[span.start]}"
        tokens[span.end - 1] += f" {span.type}]"
    relation = sample.relation
    return " ".join(tokens) + (f" · {in_words(relation.label or 'not known')}" if relation else "")
