"""A list of cases in a split of a corpus, as a TOML file: which they are, and what a student said about their spans.

It holds no word of the corpus, so it can be published; who has the corpus can rebuild the whole cases from it.
"""

import json
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError

from core import corpora
from core.comparison import Effect
from core.corpora import Row
from core.domain import Entity
from core.domain.record import Value
from core.errors import BadInput, complaint
from core.training.config import Split


class ListedCase(Value):
    """One case: its place in the split, from 0, its sample's id, and mentions as `start-end TYPE`, in words.

    `first` and `second` are what two sides found, and `effect` is whether the second is better.
    """

    position: int = Field(ge=0)
    sample: str
    image: str | None = None
    effect: Effect
    gold: tuple[str, ...] = ()
    first: tuple[str, ...] = ()
    second: tuple[str, ...] = ()


class CaseList(Value):
    """Cases of one split, the student that explains them, and what the two sides are called."""

    student: str
    sides: tuple[str, str] = ("", "")
    split: Split
    case: tuple[ListedCase, ...] = ()

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a list.

        Raises:
            BadInput: it is missing or no TOML, or a field is unknown or has a bad value.
        """
        try:
            return cls.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        except OSError as error:
            raise BadInput(f"{path}: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise BadInput(f"{path} is not TOML: {error}") from error
        except ValidationError as error:
            raise BadInput(f"{path}: {complaint(error)}") from error

    def toml(self) -> str:
        """The list as it stands in its file."""
        lines = [f"student = {json.dumps(self.student)}", f"sides = {json.dumps(list(self.sides))}", "", "[split]"]
        lines += _fields(self.split)
        for case in self.case:
            lines += ["", "[[case]]", *_fields(case)]
        return "\n".join(lines) + "\n"

    def rows(self, root: Path) -> list[Row]:
        """The rows of the cases, from the corpora in a folder.

        Raises:
            BadInput: the corpus cannot be read, or its sentence at a place is another one.
        """
        split = self.split
        rows = corpora.find(split.format).read(
            root / split.path,
            captions=root / split.captions if split.captions else None,
            knowledge=root / split.knowledge if split.knowledge else None,
        )
        for case in self.case:
            if case.position >= len(rows) or rows[case.position].sample.id != case.sample:
                raise BadInput(f"sentence {case.position} of {root / split.path} is not sample {case.sample}")
        return [rows[case.position] for case in self.case]


def bare(entities: Sequence[Entity]) -> tuple[str, ...]:
    """Mentions by place and type, without their words."""
    return tuple(f"{each.start}-{each.end} {each.type}" for each in entities)


def _fields(value: Value) -> list[str]:
    fields = value.model_dump(mode="json", exclude_defaults=True)
    return [f"{name} = {json.dumps(field, ensure_ascii=False)}" for name, field in fields.items()]
