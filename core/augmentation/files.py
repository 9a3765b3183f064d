"""Variants on disk, to train on: one JSON object a line, the augmentation and what people decided about it."""

from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from core.corpora._lines import Broken, gather, lines, write_lines
from core.domain import Augmentation, Choice
from core.domain.record import Value
from core.errors import complaint

HELD_UP: frozenset[Choice] = frozenset({"rejected", "edited", "flagged"})
"""What keeps a variant out of training."""


class Variant(Value):
    """An augmentation that has a variant, with what was decided about it, if anything was."""

    augmentation: Augmentation
    choice: Choice | None = None

    @property
    def approved(self) -> bool:
        """Whether a person let it in."""
        return self.choice == "approved"

    @property
    def usable(self) -> bool:
        """Whether it may be trained on: let in by a person, or neither dropped when it was made nor held up since.

        One that was edited is held up too: it is wrong, and its edit stands in its place.
        """
        return self.approved or (self.augmentation.dropped is None and self.choice not in HELD_UP)

    @property
    def usable_if_possible(self) -> bool:
        """Whether its labels hold: it may be trained on where the verdict of the teacher on its facts is left aside."""
        return self.usable or (self.augmentation.dropped == "implausible" and self.choice not in HELD_UP)


def write(variants: Iterable[Variant], path: Path) -> int:
    """Write variants; the file appears whole, or stays as it was. Gives how many there are.

    Raises:
        BadInput: the file cannot be written.
    """
    written = [variant.model_dump_json() for variant in variants]
    write_lines(written, path)
    return len(written)


def read(path: Path) -> list[Variant]:
    """The variants in a file.

    Raises:
        BadInput: the file cannot be read, a line is no variant, or there is none.
    """

    def found() -> Iterable[Variant]:
        for number, line in lines(path):
            try:
                variant = Variant.model_validate_json(line)
            except ValidationError as error:
                raise Broken(path, number, f"{complaint(error)}; `core augment --out` writes such files") from None
            if variant.augmentation.variant is None:
                raise Broken(path, number, "the augmentation has no variant to train on")
            yield variant

    return gather(path, iter(found()))
