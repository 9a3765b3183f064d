"""A table is one TOML file: a training that all rows share, and what each row changes in it.

It is checked as a whole before anything starts: every row with every seed becomes a valid `TrainConfig`.
"""

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, PrivateAttr, ValidationError, model_validator

from core.domain.record import Value
from core.errors import BadInput, complaint
from core.settings import ASSETS
from core.training.folder import CONFIG, RESULT

if TYPE_CHECKING:
    from core.training.config import TrainConfig

FOLDER = ASSETS / "experiments"
"""The tables that come with the project, and beside them the results of its own runs of them, without the weights."""

PROBLEM = "problem.txt"
"""In a training's folder: why it failed the last time."""

REFERENCE = re.compile(r"\{row:([^{}]*)\}")
"""In a row's `teacher`: the folder of that row's run with the same seed, which stands still as teacher."""

SEED = "{seed}"
"""As a value, or in a file's name: the training's seed, so that each of a row's seeds draws samples of its own, say."""


def tables() -> list[Path]:
    """The files of the tables that come with the project; a table's name is its file's stem."""
    return sorted(FOLDER.glob("*.toml"))


def find(name: str) -> Path:
    """The file of a table: one that comes with the project by its name, any other by its path.

    Raises:
        BadInput: there is none.
    """
    shipped = {file.stem: file for file in tables()}
    if name in shipped:
        return shipped[name]
    if not Path(name).is_file():
        raise BadInput(f"no table is called {name!r}, and no file; there are: {', '.join(shipped)}")
    return Path(name)


class Row(Value):
    """One row. `change` is laid over the table's base, section by section; an empty string takes a field away."""

    name: str
    change: dict[str, Any] = Field(default_factory=dict)
    seeds: tuple[int, ...] = Field((1,), min_length=1)
    paper: dict[str, float] = Field(default_factory=dict, description="test set → the paper's F1, in per cent")
    paper_label: str | None = Field(None, description="the encoder and the knowledge of the paper's cell")

    @model_validator(mode="after")
    def _says_whose_numbers_these_are(self) -> Self:
        if self.paper and not self.paper_label:
            raise ValueError(f"paper = {self.paper} needs a paper_label: of which encoder and knowledge?")
        return self

    @property
    def slug(self) -> str:
        """The name as a part of a folder's name."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")


@dataclass(frozen=True)
class Training:
    """One row with one seed; `teacher` is the row whose training of the same seed stands still as its teacher."""

    row: Row
    seed: int
    config: "TrainConfig"
    folder: Path
    teacher: str | None

    @property
    def done(self) -> bool:
        """Whether its folder holds its result, with all tests as the table has them now."""
        kept = self._kept()
        return (self.folder / RESULT).exists() and kept == self.config and not self._learnt_of_others()

    @property
    def problem(self) -> str | None:
        """Why it is not done, where that is known: a training of other settings is in its place, or how it failed."""
        if not self._is_ours():
            return f"{self.folder} holds a training of other settings: delete that folder, or name another --home"
        if others := self._learnt_of_others():
            return f"{self.folder} has a {others[0]} that was trained anew since: delete that folder"
        failed = self.folder / PROBLEM
        return failed.read_text(encoding="utf-8", errors="replace") if failed.exists() and not self.done else None

    def _is_ours(self) -> bool:
        """Whether its folder is still free, or holds this very training but for its tests, which can be scored anew."""
        if not (self.folder / CONFIG).exists():
            return True
        kept = self._kept()
        return kept is not None and kept.trains_like(self.config)

    def _learnt_of_others(self) -> list[str]:
        """Which of its teacher and its start are others by now than it learnt of, as far as both results say so."""
        found = []
        for name, folder in (("teacher", self.config.teacher), ("start", self.config.start)):
            learnt_of = _said(self.folder / RESULT, name)
            stands = _said(self.folder / folder / RESULT, "student") if folder else None
            if None not in (learnt_of, stands) and learnt_of != stands:
                found.append(name)
        return found

    def _kept(self) -> "TrainConfig | None":
        """The configuration of the training in its folder, where there is one that can be read."""
        try:
            return type(self.config).model_validate_json((self.folder / CONFIG).read_bytes())
        except (OSError, ValidationError):
            return None


class Table(Value):
    """What a table's file says."""

    title: str
    base: dict[str, Any]
    sources: dict[str, str] = Field(
        default_factory=dict, description="a path in the trainings → what a report calls it"
    )
    rows: tuple[Row, ...] = Field(min_length=1)

    _file: Path = PrivateAttr()

    @classmethod
    def read(cls, file: Path) -> Self:
        """Read a TOML file. That its rows are valid trainings shows in `trainings`.

        Raises:
            BadInput: it is missing or no TOML, a field is unknown or has a bad value, or two rows share a folder.
        """
        try:
            table = cls.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
        except OSError as error:
            raise BadInput(f"{file}: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise BadInput(f"{file} is not TOML: {error}") from error
        except ValidationError as error:
            raise BadInput(f"{file}: {complaint(error)}") from error
        table._file = file
        slugs: dict[str, str] = {}
        for row in table.rows:
            if not row.slug:
                raise BadInput(f"{file}: row {row.name!r}: a name needs a letter or a digit")
            if row.slug in slugs:
                raise BadInput(f"{file}: rows {slugs[row.slug]!r} and {row.name!r} share the folder {row.slug!r}")
            slugs[row.slug] = row.name
        return table

    @property
    def name(self) -> str:
        """The file's name; its runs lie in a folder of that name."""
        return self._file.stem

    def row(self, name: str) -> Row:
        """The row of that name.

        Raises:
            BadInput: there is none.
        """
        found = next((row for row in self.rows if row.name == name), None)
        if found is None:
            names = ", ".join(row.name for row in self.rows)
            raise BadInput(f"{self._file}: no row is called {name!r}; there are: {names}")
        return found

    def trainings(self, home: Path) -> list[Training]:
        """Every row with every seed, in the file's order, but a teacher before its students.

        Raises:
            BadInput: a row is no valid training (file, row, field and value are named), its teacher is no row, has
                not the same seed, or learns from the row itself.
        """
        expanded = {(row.name, seed): self._training(row, seed, home) for row in self.rows for seed in row.seeds}
        ordered: dict[tuple[str, int], Training] = {}

        def put(training: Training, students: Sequence[str]) -> None:
            name = training.row.name
            if name in students:
                circle = " ← ".join([*students, name])
                raise BadInput(f"{self._file}: row {name!r}: teacher: {circle} is a circle")
            if training.teacher is not None:
                put(expanded[training.teacher, training.seed], [*students, name])
            ordered.setdefault((name, training.seed), training)

        for training in expanded.values():
            put(training, [])
        return list(ordered.values())

    def _training(self, row: Row, seed: int, home: Path) -> Training:
        from core.training.config import TrainConfig  # noqa: PLC0415 - so that listing tables costs nothing

        where = f"{self._file}: row {row.name!r}"
        values = _merge(self.base, row.change, f"{where}: ")
        if "seed" in values:
            raise BadInput(f"{where}: seed = {values['seed']!r}: a row's seeds are in its `seeds`")
        teacher = None
        if isinstance(values.get("teacher"), str) and (reference := REFERENCE.search(values["teacher"])):
            teacher = self.row(reference[1])
            if seed not in teacher.seeds:
                raise BadInput(f"{where}: teacher = {values['teacher']!r}: that row has no seed {seed}")
            neighbour = f"../{self._folder(teacher, seed, home).name}"  # so that all runs can be moved together
            values["teacher"] = REFERENCE.sub(lambda _: neighbour, values["teacher"])
        config = TrainConfig.of({**_with_seed(values, seed), "seed": seed}, where)
        if unknown := row.paper.keys() - config.test.keys():
            raise BadInput(f"{where}: paper.{min(unknown)}: no such test set; there are: {', '.join(config.test)}")
        folder = self._folder(row, seed, home)
        return Training(row, seed, config, folder, teacher.name if teacher else None)

    def _folder(self, row: Row, seed: int, home: Path) -> Path:
        return home.absolute() / self.name / f"{row.slug}-seed{seed}"


def _said(result: Path, field: str) -> Any:
    """A field of a training's result; None where there is no such."""
    try:
        return json.loads(result.read_bytes()).get(field)
    except (OSError, ValueError, AttributeError):
        return None


def _merge(base: Mapping[str, Any], change: Mapping[str, Any], where: str) -> dict[str, Any]:
    merged = dict(base)
    for field, value in change.items():
        if value == "":
            if field not in base:
                raise BadInput(f"{where}{field} = '': the base has no such field to take away")
            del merged[field]
        elif isinstance(value, Mapping):
            kept = base.get(field)
            merged[field] = _merge(kept if isinstance(kept, Mapping) else {}, value, f"{where}{field}.")
        else:
            merged[field] = value
    return merged


def _with_seed(value: Any, seed: int) -> Any:
    if isinstance(value, Mapping):
        return {field: _with_seed(each, seed) for field, each in value.items()}
    if isinstance(value, str) and value != SEED:
        return value.replace(SEED, str(seed))
    return seed if value == SEED else value
