"""A side's answers about a whole set, kept in the workspace batch by batch, so that nothing is asked twice."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from core.analysis.sides import Answered, Side
from core.corpora import Row
from core.errors import StoreError
from core.identity import Person
from core.models import Models
from core.prediction import BATCH_SIZE
from core.progress import Progress
from core.settings import Settings
from core.training.sections import kept_sections

AT_ONCE = 4 * BATCH_SIZE
"""Samples between two times that answers are kept: a few seconds' work."""


def answer_all(
    settings: Settings, models: Models, side: Side, rows: Sequence[Row], progress: Progress, *, by: Person
) -> list[Answered]:
    """A side's answers about all rows, in their order.

    A run that was stopped goes on where it was, and one that was done takes no time. `progress` may raise to stop it.

    Raises:
        Forbidden: their role does not let them study tweets.
        BadInput: there is no such student, or a tweet is longer than it can read.
        StoreError: the workspace cannot be written.
        Unavailable: the student's encoder cannot be loaded.
    """
    by.must("study tweets")
    own = settings.model_copy(update={"student": side.student})
    predictor = models.student(own)
    items = [(row.sample, kept_sections(row, ()) if side.view == "with_knowledge" else []) for row in rows]
    keys = [_key(row, told) for row, (_, told) in zip(rows, items, strict=True)]
    file = settings.workspace / "answers" / f"{predictor.weights}-{side.view}.jsonl"
    kept = _read(file)
    missing = [at for at, key in enumerate(keys) if key not in kept]
    for start in range(0, len(missing), AT_ONCE):
        progress(len(rows) - len(missing) + start, len(rows))
        chosen = missing[start : start + AT_ONCE]
        labelled = predictor.label([items[at] for at in chosen], side.view)
        fresh = {
            keys[at]: Answered(labels=tuple(each.labels), probabilities=tuple(each.probabilities))
            for at, each in zip(chosen, labelled, strict=True)
        }
        _append(file, fresh)
        kept |= fresh
    progress(len(rows), len(rows))
    return [kept[key] for key in keys]


def _key(row: Row, told: Sequence[str]) -> str:
    """What an answer depends on, beside the student."""
    pair = row.sample.relation and [row.sample.relation.head.model_dump(), row.sample.relation.tail.model_dump()]
    return hashlib.sha256(json.dumps([row.sample.tokens, pair, told]).encode()).hexdigest()[:32]


def _read(file: Path) -> dict[str, Answered]:
    """The answers that are kept. A line that a kill cut short is none; it is asked again."""
    found = {}
    try:
        lines = file.read_bytes().split(b"\n") if file.exists() else []
    except OSError as error:
        raise StoreError(f"{file} cannot be read ({error.strerror}): check your rights to it") from error
    for line in lines:
        key, _, answer = line.partition(b" ")
        try:
            found[key.decode()] = Answered.model_validate_json(answer)
        except (ValidationError, UnicodeDecodeError):
            continue
    return found


def _append(file: Path, fresh: Mapping[str, Answered]) -> None:
    lines = "".join(f"\n{key} {answer.model_dump_json()}" for key, answer in fresh.items())
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as out:
            out.write(lines)
    except OSError as error:
        raise StoreError(f"{file} cannot be written ({error.strerror}): make room, or check your rights") from error
