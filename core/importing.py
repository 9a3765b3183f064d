"""Bringing a corpus into the workspace, with the captions and the knowledge that were published with it."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from core import corpora, images
from core.corpora import Row
from core.demo import Demo, demos
from core.domain import Caption, Knowledge, Maker, Sample, Task
from core.errors import BadInput
from core.files import file_name, temporary_folder
from core.identity import Person
from core.store import Store

_NEVER = re.compile(r"[/\\\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What no name may hold: signs that part folders, and control characters, those that turn text round among them."""

DEMOS: dict[Task, tuple[str, str]] = {"mner": ("demo", "all"), "mre": ("demo", "pairs")}
"""The corpus and the split that the project's own samples of a task are kept under."""

LONGEST = 10_000
"""Characters of a tweet, a caption or a thought at most: pages show them whole."""


@dataclass(frozen=True)
class Imported:
    """How much of a corpus was read; samples that it holds twice count twice."""

    samples: int
    captions: int
    knowledge: int


def import_corpus(
    store: Store,
    path: Path,
    *,
    format: str,
    corpus: str,
    split: str,
    by: Person,
    captions: Path | None = None,
    knowledge: Path | None = None,
) -> Imported:
    """Read one split and keep it as `corpus`/`split`: all of it or, after an error, nothing.

    The maker of its captions and knowledge is the file they came from, for a corpus does not say more. Importing the
    same split again adds what is new, such as captions that were left out the first time.

    Raises:
        Forbidden: their role does not let them import.
        BadInput: no such format, a broken line, a text over LONGEST, a summary, a name that a folder or a file could
            not have, or another split is kept under it.
        StoreError: the workspace cannot be written.
    """
    by.must("import corpora")
    _check_name("corpus", corpus)
    _check_name("split", split)
    if (corpus, split) in DEMOS.values():
        raise BadInput(f"{corpus}/{split} is where the project's own samples are kept: give it another name")
    rows = corpora.find(format).read(path, captions=captions, knowledge=knowledge)
    _check(rows, path)
    by_captions = _maker(captions or path)
    by_knowledge = _maker(knowledge or path)
    described = [Caption(sample_id=row.sample.id, text=row.caption, maker=by_captions) for row in rows if row.caption]
    explained = [
        Knowledge(sample_id=row.sample.id, grain=grain, text=text, maker=by_knowledge)
        for row in rows
        for grain, text in row.knowledge.items()
    ]
    store.add_corpus(corpus, split, [row.sample for row in rows], [*described, *explained])
    return Imported(samples=len(rows), captions=len(described), knowledge=len(explained))


def import_upload(
    store: Store, content: bytes, name: str, *, format: str, corpus: str, split: str, by: Person
) -> Imported:
    """Read a split that was sent as a file, and keep it as `import_corpus` does. Messages call the file by its name.

    Raises:
        Forbidden: their role does not let them import.
        BadInput: as `import_corpus` does.
        StoreError: the workspace cannot be written.
    """
    by.must("import corpora")
    with temporary_folder() as folder:
        path = folder / "upload" / file_name(name, otherwise="corpus")
        path.parent.mkdir()
        path.write_bytes(content)
        try:
            return import_corpus(store, path, format=format, corpus=corpus.strip(), split=split.strip(), by=by)
        except BadInput as error:
            raise BadInput(str(error).replace(f"{path.parent}/", "")) from None


def import_demos(store: Store) -> list[tuple[Demo, Sample]]:
    """Put the project's demo samples into the workspace, with their pictures, in place of an older set.

    Raises:
        StoreError: the workspace cannot be written.
    """
    placed = [
        (demo, Sample(**demo.sample.model_dump(exclude={"image"}), image=store.save_image(images.read(demo.image))))
        for demo in demos()
    ]
    for task, kept_under in DEMOS.items():
        samples = [sample for _, sample in placed if sample.task == task]
        if store.samples(*kept_under) != samples:  # a workspace that can only be read may still be looked at
            store.add_corpus(*kept_under, samples, replace=True)
    return placed


def _check(rows: Sequence[Row], path: Path) -> None:
    for number, row in enumerate(rows, start=1):
        if "summary" in row.knowledge:
            raise BadInput(
                f"{path}: sample {number:,} has a summary, which is made for one student's size: import the thoughts "
                "that it is of"
            )
        texts = [("text", row.sample.text), ("caption", row.caption or "")]
        for what, text in [*texts, *(("knowledge", thought) for thought in row.knowledge.values())]:
            if len(text) > LONGEST:
                raise BadInput(
                    f"{path}: sample {number:,} has {what} of {len(text):,} characters: make it {LONGEST:,} or fewer, "
                    "or leave it out"
                )


def _check_name(what: str, name: str) -> None:
    """Splits are exported into files of their names, so no name may lead elsewhere or hide what it is."""
    if not name.strip():
        raise BadInput(f"the {what} has no name; give it one, such as twitter2017 for a corpus and train for a split")
    if name.startswith(".") or _NEVER.search(name):
        raise BadInput(
            f"{name!r} can't be the name of a {what}: leave out '/', '\\', control characters and a leading dot"
        )


def _maker(file: Path) -> Maker:
    name = f"{file.resolve().parent.name}/{file.name}"  # which need not be UTF-8
    return Maker(model=f"file {os.fsencode(name).decode(errors='backslashreplace')}", created=datetime.now(UTC))
