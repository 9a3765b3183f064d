"""Taking samples out of the workspace in a form of the field, and beside them where each came from."""

import json
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Literal

from pydantic import JsonValue

from core import corpora
from core.corpora import Row
from core.domain import Sample
from core.files import file_name, temporary_folder, writing
from core.identity import Person
from core.progress import Progress
from core.store import Approval, Store
from core.stored import known_of, stored_samples

Leavable = Literal["image", "caption", "knowledge"]
"""What can be left out for a form that has no place for it; labels can't."""

Origin = dict[str, JsonValue]


@dataclass(frozen=True)
class Exported:
    """How many samples were written, in how many the form had no place for the spaces between words, and what beside.

    `provenance` is a file with a JSON line for each sample, in their order: its number from 1, its id in the workspace,
    and where it came from.
    """

    samples: int
    respaced: int
    provenance: Path


def export_approved(
    store: Store,
    path: Path,
    *,
    format: str,
    by: Person,
    without: Collection[Leavable] = (),
    show: Progress = lambda done, total: None,
) -> Exported:
    """Write the variants that stand approved, in the order of approval, each a sample of its own.

    Raises:
        Forbidden: their role does not let them export.
        BadInput: no such format, the form has no place for a variant, or a file cannot be written.
        StoreError: the workspace cannot be read.
    """
    by.must("export corpora")
    approved = [_of_approval(approval) for approval in store.approved()]
    return _export(approved, len(approved), path, format=format, without=without, show=show)


def export_split(
    store: Store,
    path: Path,
    *,
    corpus: str,
    split: str,
    format: str,
    by: Person,
    without: Collection[Leavable] = (),
    show: Progress = lambda done, total: None,
) -> Exported:
    """Write a split of a corpus in its order, with the newest caption and the newest thoughts about each sample.

    Raises:
        Forbidden: their role does not let them export.
        BadInput: no such split or format, the form has no place for a sample, or a file cannot be written.
        StoreError: the workspace cannot be read.
    """
    by.must("export corpora")
    samples = stored_samples(store, corpus, split)
    return _export(
        _of_samples(store, corpus, split, samples), len(samples), path, format=format, without=without, show=show
    )


def archived(export: Callable[[Path], Exported], name: str) -> tuple[bytes, Exported]:
    """An export as one zip file for a browser to save: the corpus under this name, with its provenance.

    Older workspaces hold splits of any name, so signs that no file's name should have become `_`.

    Raises:
        Forbidden, BadInput, StoreError: as the export does.
    """
    with temporary_folder() as folder:
        file = folder / file_name(name, otherwise="corpus")
        done = export(file)
        packed = BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for each in (file, done.provenance):
                archive.write(each, each.name)
    return packed.getvalue(), done


def _of_approval(approval: Approval) -> tuple[Row, Origin]:
    made, decision = approval.augmentation, approval.decision
    assert made.variant is not None, "the queue holds what has a variant alone"
    maker = made.maker.model_dump(mode="json", include={"model", "prompt_version", "parameters", "created"})
    origin = {
        "sample": made.variant.id,
        "augmentation": made.id,
        "parent": made.parent_id,
        "kind": made.kind,
        **maker,
        "approved_by": decision.reviewer,
        "approved_at": decision.at.isoformat(),
        "reason": decision.reason,
        "votes": approval.votes,
    }
    return Row(made.variant, made.caption), origin


def _of_samples(store: Store, corpus: str, split: str, samples: Iterable[Sample]) -> Iterator[tuple[Row, Origin]]:
    for position, sample in enumerate(samples):
        known = known_of(store, sample.id)
        knowledge = {grain: thought.text for grain, thought in known.thoughts.items()}
        origin: Origin = {
            "sample": sample.id,
            "corpus": corpus,
            "split": split,
            "position": position,
            "caption": known.caption.maker.model if known.caption else None,
            "knowledge": {grain: thought.maker.model for grain, thought in known.thoughts.items()},
        }
        yield Row(sample, known.caption.text if known.caption else None, knowledge), origin


def _export(
    found: Iterable[tuple[Row, Origin]],
    total: int,
    path: Path,
    *,
    format: str,
    without: Collection[Leavable],
    show: Progress,
) -> Exported:
    form = corpora.find(format)
    # To load_dataset, a name with ".jsonl" or ".parquet" anywhere in it is data; two such beside a split would be read
    # in its place.
    provenance = path.parent / f"{path.stem}-{format}.provenance"
    respaced = 0
    with writing(provenance) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as beside:

        def rows() -> Iterator[Row]:
            nonlocal respaced
            for number, (row, origin) in enumerate(found, start=1):
                beside.write(json.dumps({"number": number, **origin}, ensure_ascii=False) + "\n")
                respaced += "spaces" in row.parts() - form.HOLDS
                show(number, total)
                yield _stripped(row, without)

        form.write(rows(), path)
    return Exported(samples=total, respaced=respaced, provenance=provenance)


def _stripped(row: Row, without: Collection[Leavable]) -> Row:
    return replace(
        row,
        sample=row.sample.model_copy(update={"image": None}) if "image" in without else row.sample,
        caption=None if "caption" in without else row.caption,
        knowledge={} if "knowledge" in without else row.knowledge,
    )
