"""Trainings on disk, read while they run: configuration, curves, scores, state. Light: no model is loaded."""

import fcntl
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, Field, ValidationError
from pydantic_core import from_json

from core.domain import View
from core.domain.record import Value
from core.errors import complaint
from core.evaluation.scores import Score
from core.training.folder import CONFIG, LOCK, METRICS, RESULT

POINTS = 400
"""Points of a curve at most: more than a plot can show."""

State = Literal["running", "finished", "stopped"]


@dataclass(frozen=True)
class Point:
    """What a training measured at a step: loss parts and pace by name, or a view's dev F1 in per cent by view."""

    step: int
    epoch: int
    values: Mapping[str, float]


class Scores(Score):
    """Scores of one view on one test set, with those of each type."""

    model_config = ConfigDict(extra="ignore")

    by_type: dict[str, Score] = Field(default_factory=dict)
    label_set: str | None = Field(None, description="of relations: which benchmark's, or how many")


class Result(Value):
    """What a training came to: `best_epoch` is the one whose dev F1 in the view `chosen_by` is the highest."""

    model_config = ConfigDict(extra="ignore")

    best_epoch: int
    best_dev_f1: float
    chosen_by: View
    seconds: float
    precision: Literal["bf16", "fp32"] | None = None
    peak_memory_gb: float | None = None
    tests: dict[str, dict[View, Scores]] = Field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """One training. `problem` says which of its files cannot be read; the rest of it is shown all the same.

    `name` is its folder, relative to where it was looked for. `step` and `seen` are of its last sign of life.
    """

    name: str
    folder: Path
    state: State
    config: dict[str, Any]
    points: tuple[Point, ...]
    dev: tuple[Point, ...]
    step: int
    seen: datetime
    result: Result | None
    problem: str | None

    @property
    def best_epoch(self) -> int | None:
        """The epoch whose student is kept, so far."""
        if self.result:
            return self.result.best_epoch
        best = self._best
        return best.epoch if best else None

    @property
    def best_dev_f1(self) -> float | None:
        """Its dev F1 in per cent, in the view by which students are chosen."""
        if self.result:
            return self.result.best_dev_f1
        best = self._best
        return best.values[self.chosen_by] if best else None

    @property
    def chosen_by(self) -> View:
        """The view by whose dev F1 the best student is chosen: the text-only one, where it is trained."""
        if self.result:
            return self.result.chosen_by
        weights = (_number(self.setting(name)) for name in ("alpha", "nll_student_weight"))
        return "without_knowledge" if any(weights) else "with_knowledge"

    @property
    def tests(self) -> Mapping[str, Mapping[View, Scores]]:
        """Scores by test set and view; none before the end."""
        return self.result.tests if self.result else {}

    @property
    def seconds_left(self) -> float | None:
        """Seconds to the last epoch's end at the pace of the latest steps; None before the first epoch's end."""
        epochs = _number(self.setting("epochs"))
        pace = self.points[-1].values.get("seconds_a_step") if self.points else None
        if self.state != "running" or not self.dev or epochs is None or pace is None:
            return None
        steps = epochs * self.dev[-1].step / max(1, self.dev[-1].epoch)
        left = max(0.0, steps - self.step) * pace
        return left if math.isfinite(left) else None

    def setting(self, name: str) -> Any:
        """A field of the configuration by its dotted name; None where it has none of this name."""
        found: Any = self.config
        for part in name.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        return found

    @property
    def _best(self) -> Point | None:
        scored = [point for point in self.dev if self.chosen_by in point.values]
        return max(scored, key=lambda point: point.values[self.chosen_by], default=None)


@dataclass(frozen=True)
class Difference:
    """A field in which two configurations differ, and its value in each; None where it is missing."""

    name: str
    a: Any
    b: Any


def runs(home: Path) -> list[Run]:
    """All trainings in folders below `home`: the running ones by name, then the others, the latest first."""
    found = [_read(folder, _name(folder, home)) for folder in _folders(home)]
    return sorted(found, key=lambda run: (run.state != "running", _age(run), run.name))


def differences(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[Difference]:
    """The fields in which two configurations differ, by dotted name, in the order of the first."""
    left, right = dict(_fields(a)), dict(_fields(b))
    pairs = [Difference(name, left.get(name), right.get(name)) for name in {**left, **right}]
    return [pair for pair in pairs if pair.a != pair.b]


def summary(config: Mapping[str, Any]) -> dict[str, str]:
    """What tells trainings apart at a glance, in words: encoder, knowledge, generator, alpha, seed.

    Empty words stand for what the configuration does not say.
    """
    fields = dict(_fields(config))
    names = {"encoder": "student.encoder", "generator": "student.generator", "alpha": "alpha", "seed": "seed"}
    words = {name: "" if fields.get(field) is None else f"{fields[field]}" for name, field in names.items()}
    return {"encoder": words.pop("encoder"), "knowledge": _knowledge(config.get("train")), **words}


def _knowledge(split: Any) -> str:
    """The sections of the knowledge view beside the text."""
    if not isinstance(split, Mapping):
        return ""
    inside = split.get("format") == "jsonl"  # such a file holds its captions and knowledge itself
    has = [name for name in ("captions", "knowledge") if inside or split.get(name)]
    left_out = split.get("without")
    without = f" without {', '.join(map(str, left_out))}" if isinstance(left_out, list) and left_out else ""
    return (" + ".join(has) or "none") + without


def _fields(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in config.items():
        if isinstance(value, Mapping) and value:
            yield from _fields(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _age(run: Run) -> float:
    return 0.0 if run.state == "running" else -run.seen.timestamp()


def _folders(home: Path) -> Iterator[Path]:
    """Folders of trainings. Links are followed, but no folder is looked into twice."""
    known: set[str] = set()
    for folder, inner, names in os.walk(home, followlinks=True):
        inner.sort()
        real = os.path.realpath(folder)
        if real in known:
            inner.clear()
        elif CONFIG in names:
            inner.clear()
            yield Path(folder)
        known.add(real)


def _name(folder: Path, home: Path) -> str:
    name = folder.name if folder == home else folder.relative_to(home).as_posix()
    return os.fsencode(name).decode(errors="backslashreplace")  # a folder's name need not be text


def _read(folder: Path, name: str) -> Run:
    problems: list[str] = []
    config = _object(folder / CONFIG, problems) or {}
    metrics = _metrics(folder / METRICS, *_stamp(folder / METRICS))
    problems += metrics.problems
    result = _result(folder / RESULT, problems)
    started = datetime.fromtimestamp(_stamp(folder / CONFIG)[0] / 1e9, UTC)
    return Run(
        name=name,
        folder=folder,
        state="finished" if (folder / RESULT).exists() else "running" if is_running(folder) else "stopped",
        config=config,
        points=metrics.points,
        dev=metrics.dev,
        step=metrics.step,
        seen=metrics.seen or started,
        result=result,
        problem="; ".join(problems) or None,
    )


def is_running(folder: Path) -> bool:
    """Whether a process trains here. Asking takes its lock for an instant, shared, and only where nobody holds it."""
    try:
        with (folder / LOCK).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _stamp(file: Path) -> tuple[int, int]:
    """When a file was changed (ns since 1970), and its size; zeros for one that is not there."""
    try:
        found = file.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


def _object(file: Path, problems: list[str]) -> dict[str, Any] | None:
    """The JSON object in a file; else None, and why in `problems`."""
    try:
        found = from_json(file.read_bytes())
    except OSError as error:
        problems.append(f"{file.name}: {error.strerror}")
        return None
    except ValueError as error:
        problems.append(f"{file.name} is no JSON: {error}")
        return None
    if not isinstance(found, dict):
        problems.append(f"{file.name} holds no JSON object")
        return None
    return found


def _result(file: Path, problems: list[str]) -> Result | None:
    if not file.exists() or (found := _object(file, problems)) is None:
        return None
    try:
        return Result.model_validate(found)
    except ValidationError as error:
        problems.append(f"{file.name}: {complaint(error)}")
        return None


_Line = dict[str, Any]
_PLACE = ("step", "epoch")
_HUGE = 1e15  # beyond it, a number is a mistake that would only stretch a plot or overflow a sum


@dataclass(frozen=True)
class _Metrics:
    points: tuple[Point, ...] = ()
    dev: tuple[Point, ...] = ()
    step: int = 0
    seen: datetime | None = None
    problems: tuple[str, ...] = ()


@lru_cache(maxsize=1024)
def _metrics(file: Path, changed: int, size: int) -> _Metrics:
    """The curves of a training. A file that has not changed since it was last read is not read again."""
    if not (changed or size):
        return _Metrics()
    try:
        lines = file.read_bytes().split(b"\n")
    except OSError as error:
        return _Metrics(problems=(f"{file.name}: {error.strerror}",))
    read = [(_line(line), line) for line in lines]
    whole = [found for found, _ in read if found is not None]
    broken = sum(found is None and bool(line.strip()) for found, line in read[:-1])  # the last may be half written
    # A resumed training repeats the steps since its checkpoint: the last line of a step counts.
    steps = {step: line for line in whole if "dev" not in line and (step := _number(line.get("step"))) is not None}
    scored = [line for line in whole if isinstance(line.get("dev"), dict)]
    epochs = {epoch: line for line in scored if (epoch := _number(line.get("epoch"))) is not None}
    points = [_point(near[-1], near) for near in _thinned([steps[step] for step in sorted(steps)])]
    dev = [_point(epochs[epoch], [epochs[epoch]["dev"]]) for epoch in sorted(epochs)]
    last = whole[-1] if whole else {}
    return _Metrics(
        points=tuple(point for point in points if point.values),
        dev=tuple(point for point in dev if point.values),
        step=int(_number(last.get("step")) or 0),
        seen=_time(last.get("at")) or datetime.fromtimestamp(changed / 1e9, UTC),
        problems=(f"{file.name}: broken lines left out: {broken:,}",) if broken else (),
    )


def _line(line: bytes) -> _Line | None:
    try:
        found = from_json(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _thinned(lines: list[_Line]) -> Iterator[list[_Line]]:
    """Neighbours together, so that there are at most `POINTS` groups."""
    size = math.ceil(len(lines) / POINTS) or 1
    return (lines[at : at + size] for at in range(0, len(lines), size))


def _point(at: _Line, values: Sequence[_Line]) -> Point:
    """The means of all numbers in `values`, at the step and epoch of one line."""
    means = {}
    for name in dict.fromkeys(name for line in values for name in line if name not in _PLACE):
        numbers = [number for line in values if (number := _number(line.get(name))) is not None]
        if numbers:
            means[name] = sum(numbers) / len(numbers)
    step, epoch = (int(_number(at.get(name)) or 0) for name in _PLACE)
    return Point(step, epoch, means)


def _number(value: Any) -> float | None:
    """A finite number, or None: a loss that is none leaves a gap in its curve."""
    return float(value) if type(value) in (int, float) and -_HUGE < value < _HUGE else None


def _time(text: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError):
        return None
