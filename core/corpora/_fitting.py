"""What every writer asks first: whether its form has a place for each row."""

from collections.abc import Iterable, Iterator

from core.corpora import Part, Row
from core.domain import Sample
from core.errors import BadInput

_CALLED: dict[Part, str] = {
    "entities": "labels of entities",
    "relation": "a relation",
    "image": "an image",
    "caption": "a caption",
    "knowledge": "knowledge",
}


class Unfit(BadInput):
    """A row that a form has no place for. `what` says why, and how to mend it."""

    def __init__(self, number: int, sample: Sample, what: str) -> None:
        super().__init__(f"sample {number} ({sample.text[:40]!r}) {what}")


def fitting(rows: Iterable[Row], holds: frozenset[Part]) -> Iterator[tuple[int, Row]]:
    """Rows with their numbers, from 1.

    Raises:
        Unfit: a row holds what the form does not, other than the spaces between its words.
    """
    for number, row in enumerate(rows, start=1):
        if homeless := row.parts() - holds - {"spaces"}:
            part = min(homeless)
            mend = "write jsonl" if part in ("entities", "relation") else "leave it out, or write jsonl"
            raise Unfit(number, row.sample, f"has {_CALLED[part]}, for which this form has no place; {mend}")
        if row.sample.image == "":
            raise Unfit(number, row.sample, "has an image without a name; give it one, or None")
        yield number, row
