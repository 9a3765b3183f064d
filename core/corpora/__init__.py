"""Corpora on disk. Each file of this folder is one form; its name is the form's.

A file holds two functions, `read(path)`, which gives the rows of a corpus in file order, and `write(rows, path)`, which
puts rows into that form; `HOLDS` says which parts of a row the form has a place for, `SUFFIX` how its files' names end.
"""

import operator
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Protocol, cast

from pydantic import BeforeValidator, ConfigDict, Field

from core import registry
from core.domain import Grain, Sample
from core.errors import Unavailable

Part = Literal["entities", "relation", "image", "caption", "knowledge", "spaces"]
"""What a row may hold beside its words. `spaces` are those between words, where they are not one each."""


def _by_grain(knowledge: Any) -> Any:
    """Knowledge that came as one text is of mixed grain."""
    return {"mixed": knowledge} if isinstance(knowledge, str) else knowledge


@dataclass(frozen=True)
class Row:
    """One sample of a corpus, with its caption and its knowledge, by grain, where they came with it.

    A corpus may hold the same sample twice, so rows are counted and ordered, not keyed by the sample's id.
    """

    sample: Sample
    caption: str | None = None
    knowledge: Annotated[dict[Grain, str], BeforeValidator(_by_grain), Field(exclude_if=operator.not_)] = field(
        default_factory=dict
    )

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    def parts(self) -> frozenset[Part]:
        """What this row holds beside its words."""
        sample = self.sample
        held: dict[Part, bool] = {
            "entities": sample.entities is not None,
            "relation": sample.relation is not None,
            "image": sample.image is not None,
            "caption": self.caption is not None,
            "knowledge": bool(self.knowledge),
            "spaces": sample.text != " ".join(sample.tokens),
        }
        return frozenset(part for part, is_held in held.items() if is_held)


class CorpusFile(Protocol):
    """What a file of this folder offers."""

    HOLDS: frozenset[Part]
    SUFFIX: str

    def read(self, path: Path, *, captions: Path | None = None, knowledge: Path | None = None) -> list[Row]:
        """All rows of a corpus, joined with its captions and its knowledge where those are files of their own.

        Raises:
            BadInput: a file cannot be read or a line is broken; the message begins with `path:line`.
        """
        ...

    def write(self, rows: Iterable[Row], path: Path) -> None:
        """Put rows into this form. The file appears whole, or stays as it was.

        A form without a place for `spaces` has words, and puts one space between them when it is read. Any other part
        that a form does not hold is refused, never dropped.

        Raises:
            BadInput: the form has no place for a row, or the file cannot be written.
        """
        ...


def names() -> list[str]:
    """The forms there are."""
    return registry.names(sys.modules[__name__])


def find(name: str) -> CorpusFile:
    """The file of one form.

    Raises:
        BadInput: there is none of that name.
        Unavailable: it needs a package that is not installed.
    """
    try:
        return cast(CorpusFile, registry.find(sys.modules[__name__], "form of a corpus", name))
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        raise Unavailable(
            f"the form {name!r} needs the package {package!r}; pip install -r requirements-{name}.txt"
        ) from None
