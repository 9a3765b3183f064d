"""What a student is asked for: the tags of a tweet's words, or the relation of two of its mentions."""

from collections.abc import Iterable, Sequence

from core.domain import Sample, Task
from core.domain.bio import tags_from_entities
from core.errors import BadInput


def gold_labels(sample: Sample, task: Task) -> list[str]:
    """A sample's labels for a task: one BIO tag a word, or one relation.

    Raises:
        BadInput: it has none of that kind.
    """
    if task == "mre":
        if sample.relation is None or sample.relation.label is None:
            raise BadInput(f"{sample.text[:60]!r} has no relation: head 'relation' needs a corpus such as MNRE")
        return [sample.relation.label]
    if sample.entities is None:
        raise BadInput(f"{sample.text[:60]!r} has no entity labels; training and evaluation need them")
    return tags_from_entities(sample.entities, len(sample.tokens))


def label_set(labels: Iterable[Sequence[str]], task: Task) -> tuple[str, ...]:
    """All labels that a student of these samples must know: `O` and both tags of each type, or the relations."""
    found = {label for each in labels for label in each}
    if task == "mre":
        return tuple(sorted(found))
    types = sorted({tag[2:] for tag in found if tag != "O"})
    return ("O", *(f"{prefix}-{kind}" for kind in types for prefix in "BI"))
