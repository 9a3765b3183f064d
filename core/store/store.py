"""The store: records in, records out. Nothing that is in it changes, but for which of several is the newest."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, Unpack

from PIL import Image
from sqlite_utils import Database

from core.domain import (
    Augmentation,
    AugmentationKind,
    Caption,
    Counterfactual,
    Decision,
    Grain,
    Knowledge,
    Made,
    Note,
    Prediction,
    Sample,
    Task,
    View,
)
from core.errors import BadInput, Overtaken, StoreError
from core.store import pictures
from core.store.answers import Approval, Asked, Case, Studied
from core.store.attempts import Attempts
from core.store.bulk import Bulk
from core.store.connection import Connections, begin, explained
from core.store.filters import pattern
from core.store.queue import Queue
from core.store.rows import TABLES, Kind, Stored, canonical, insert, record_of, timestamp


class Store:
    """The workspace in a folder: `workspace.db` and `images/`. Safe to share between threads.

    A record is kept once: adding an equal one again changes nothing. The variant of an augmentation is a sample like
    any other, kept beside it in the same transaction; its parents are the augmentations whose variant it is.
    `attempts` looks up what was asked of teachers, `bulk` answers questions about many samples at once.

    Every method raises StoreError where the database is locked, read-only, damaged, or of a newer version.
    """

    def __init__(self, workspace: Path) -> None:
        self._file = workspace / "workspace.db"
        self._images = workspace / "images"
        self._connections = Connections(self._file)
        self.attempts = Attempts(self._rows)
        self.bulk = Bulk(self._rows)
        try:
            workspace.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"the workspace {workspace} cannot be made ({error.strerror}); name another") from error
        with explained(self._file):
            _ = self._connections.mine
        self.queue = Queue(self._rows, self._writing)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections; a later call opens new ones."""
        self._connections.close()

    # Keeping

    def add(self, *records: Stored, seen: Mapping[str, int | None] | None = None) -> None:
        """Keep records, all or none; what they refer to comes before them.

        `seen` is each variant's `Item.latest` as somebody saw it who decides on it now.

        Raises:
            Overtaken: another decision on one of them has come since; nothing is kept.
        """
        with self._writing() as db:
            if seen:
                now = self.queue.latest(seen)
                if changed := sum(now.get(each) != latest for each, latest in seen.items()):
                    which = "it" if len(seen) == 1 else f"{changed:,} of them"
                    raise Overtaken(f"somebody decided on {which} meanwhile: look again, then decide")
            insert(db, records)

    def add_corpus(
        self,
        corpus: str,
        split: str,
        samples: Sequence[Sample],
        made: Iterable[Caption | Knowledge] = (),
        *,
        replace: bool = False,
    ) -> None:
        """Keep a split of a corpus in its order, and what models made of its samples, all or nothing.

        With `replace`, the split is what is given now; samples that are no longer in it stay in the workspace.

        Raises:
            BadInput: another split is kept under that name, and is not to be replaced.
        """
        place = {"corpus": corpus, "split": split}
        with self._writing() as db:
            memberships = db.table("memberships")
            kept = memberships.rows_where("corpus = :corpus AND split = :split", place, order_by="position")
            kept_ids = [row["sample_id"] for row in kept]
            changed = kept_ids != [sample.id for sample in samples]
            if kept_ids and changed and not replace:
                raise BadInput(f"the workspace has other samples as {corpus}/{split}; import these under another name")
            insert(db, [*samples, *made])
            if changed:
                memberships.delete_where("corpus = :corpus AND split = :split", place)
                memberships.insert_all(
                    {**place, "position": position, "sample_id": sample.id} for position, sample in enumerate(samples)
                )

    def study(self, sample: Sample) -> None:
        """Keep a sample, and note that somebody looks at it as a case now."""
        with self._writing() as db:
            insert(db, [sample])
            db.table("studies").insert({"sample_id": sample.id, "at": timestamp(datetime.now(UTC))})

    def mark_shown(self, record: Made) -> None:
        """Note that this is what somebody is shown now: from now on it counts as the newest, whenever it was made."""
        with self._writing() as db:
            now = timestamp(datetime.now(UTC))
            db.execute(f"UPDATE {TABLES[type(record)]} SET created = ? WHERE id = ?", (now, record.id))  # noqa: S608

    # Looking up

    def sample(self, sample_id: str) -> Sample | None:
        """The sample of that id."""
        return next(iter(self._records(Sample, "SELECT record FROM samples WHERE id = ?", sample_id)), None)

    def samples(self, corpus: str, split: str) -> list[Sample]:
        """A split of a corpus in its order, duplicates included; empty where it was not imported."""
        sql = """
            SELECT record FROM memberships JOIN samples ON samples.id = sample_id
            WHERE corpus = ? AND split = ? ORDER BY position
        """
        return self._records(Sample, sql, corpus, split)

    def task_of(self, corpus: str, split: str) -> Task | None:
        """The task of a split's first sample; None where it was not imported."""
        sql = """
            SELECT task FROM memberships JOIN samples ON samples.id = sample_id
            WHERE corpus = ? AND split = ? ORDER BY position LIMIT 1
        """
        return next((row["task"] for row in self._rows(sql, corpus, split)), None)

    def corpora(self) -> list[tuple[str, str]]:
        """The splits that were imported, as (corpus, split)."""
        rows = self._rows("SELECT DISTINCT corpus, split FROM memberships ORDER BY corpus, split")
        return [(row["corpus"], row["split"]) for row in rows]

    def recent(self, *, limit: int = 20, offset: int = 0, text: str = "") -> list[Studied]:
        """The cases that were studied, the last one first: those whose tweet holds a text (ASCII letters in either
        case)."""
        sql = """
            SELECT record, max(at) AS at FROM studies JOIN samples ON samples.id = sample_id
            WHERE ? = '' OR json_extract(record, '$.text') LIKE ? ESCAPE '\\'
            GROUP BY sample_id ORDER BY max(number) DESC LIMIT ? OFFSET ?
        """
        rows = self._rows(sql, text, pattern(text), limit, offset)
        return [Studied(record_of(Sample, row["record"]), datetime.fromisoformat(row["at"])) for row in rows]

    def captions(self, sample_id: str, **asked: Unpack[Asked]) -> list[Caption]:
        """Captions of a sample's picture, the newest first."""
        return self._made(Caption, {"sample_id": sample_id}, asked)

    def knowledge(self, sample_id: str, *, grain: Grain | None = None, **asked: Unpack[Asked]) -> list[Knowledge]:
        """Thoughts about a sample, of one grain or of all but summaries, the newest first."""
        found = self._made(Knowledge, {"sample_id": sample_id, "grain": grain}, asked)
        return found if grain else [thought for thought in found if thought.grain != "summary"]

    def augmentations(
        self, parent_id: str, *, kind: AugmentationKind | None = None, **asked: Unpack[Asked]
    ) -> list[Augmentation]:
        """What was made of a sample, of one kind or of all, dropped ones too, the newest first."""
        return self._made(Augmentation, {"parent_id": parent_id, "kind": kind}, asked)

    def missing(self, augmentation_ids: Sequence[str]) -> list[str]:
        """Those ids under which no augmentation with a variant is kept, in their order."""
        sql = """
            SELECT value AS id FROM json_each(?) WHERE value NOT IN (SELECT augmentation_id FROM queue) ORDER BY key
        """
        return [row["id"] for row in self._rows(sql, json.dumps(list(augmentation_ids)))]

    def augmentation(self, augmentation_id: str) -> Augmentation | None:
        """The augmentation of that id."""
        sql = "SELECT record FROM augmentations WHERE id = ?"
        return next(iter(self._records(Augmentation, sql, augmentation_id)), None)

    def predictions(
        self, sample_id: str, *, view: View | None = None, augmentation: str | None = None, **asked: Unpack[Asked]
    ) -> list[Prediction]:
        """What students found in a sample, in one view or in both, the newest first.

        What they were asked about it as an `augmentation` is apart: another picture leaves a sample its words and id.
        """
        found = self._made(Prediction, {"sample_id": sample_id, "view": view}, asked)
        return [each for each in found if each.maker.parameters.get("augmentation") == augmentation]

    def decisions(self, augmentation_id: str) -> list[Decision]:
        """The whole history of decisions about a variant, as they fell."""
        sql = "SELECT record FROM decisions WHERE augmentation_id = ? ORDER BY number"
        return self._records(Decision, sql, augmentation_id)

    def approved(self) -> list[Approval]:
        """The variants that stand approved, in the order of approval."""
        sql = """
            SELECT augmentations.record AS augmentation, decisions.record AS decision, (
                SELECT json_group_object(reviewer, choice) FROM counted
                WHERE counted.augmentation_id = queue.augmentation_id
            ) AS votes
            FROM queue JOIN decisions ON decisions.number = decided
            JOIN augmentations ON augmentations.id = queue.augmentation_id
            WHERE state = 'approved' ORDER BY decided
        """
        return [
            Approval(
                record_of(Augmentation, row["augmentation"]),
                record_of(Decision, row["decision"]),
                json.loads(row["votes"]),
            )
            for row in self._rows(sql)
        ]

    def counterfactuals(self, case_id: str) -> list[Counterfactual]:
        """What was tried on a case, as it was tried: each stands behind the one that it was made from."""
        sql = "SELECT record FROM counterfactuals WHERE case_id = ? ORDER BY rowid"
        return self._records(Counterfactual, sql, case_id)

    def notes(self, case_id: str) -> list[Note]:
        """What people remarked on a case, as they did."""
        return self._records(Note, "SELECT record FROM notes WHERE case_id = ? ORDER BY rowid", case_id)

    def case(self, sample_id: str) -> Case | None:
        """All there is about the sample of that id."""
        sample = self.sample(sample_id)
        if sample is None:
            return None
        sql = """
            SELECT decisions.record FROM decisions JOIN augmentations ON augmentations.id = augmentation_id
            WHERE parent_id = ? ORDER BY number
        """
        return Case(
            sample=sample,
            captions=tuple(self.captions(sample_id)),
            knowledge=tuple(self.knowledge(sample_id)),
            augmentations=tuple(self.augmentations(sample_id)),
            predictions=tuple(self.predictions(sample_id)),
            decisions=tuple(self._records(Decision, sql, sample_id)),
        )

    # Pictures

    def save_image(self, image: Image.Image) -> str:
        """Keep the pixels of an RGB image; gives the SHA-256 of its file, which names it in `Sample.image`."""
        return pictures.save(self._images, image)

    def image(self, name: str) -> Path | None:
        """The file of a picture, or None where the workspace has none of that name."""
        return pictures.find(self._images, name)

    # Inside

    @contextmanager
    def _writing(self) -> Iterator[Database]:
        with explained(self._file):
            db = self._connections.mine
            begin(db)  # waits for other writers here, rather than failing half-way
            with db.conn:
                yield db

    def _rows(self, sql: str, *values: str | int | None) -> list[dict[str, Any]]:
        with explained(self._file):
            return list(self._connections.mine.query(sql, values))

    def _records(self, kind: type[Kind], sql: str, *values: str | int | None) -> list[Kind]:
        return [record_of(kind, row["record"]) for row in self._rows(sql, *values)]

    def _made(self, kind: type[Kind], about: dict[str, str | None], asked: Asked) -> list[Kind]:
        wanted: dict[str, str | None] = {column: value for column, value in about.items() if value is not None}
        if "model" in asked:
            wanted["model"] = asked["model"]
        if "prompt_version" in asked:
            wanted["prompt_version"] = asked["prompt_version"]
        if "parameters" in asked:
            wanted["parameters"] = canonical(asked["parameters"])
        where = " AND ".join(f'"{column}" IS ?' for column in wanted)  # IS, for a prompt version may be NULL
        sql = f"SELECT record FROM {TABLES[kind]} WHERE {where} ORDER BY created DESC, rowid DESC"  # noqa: S608
        return self._records(kind, sql, *wanted.values())
