"""Questions about many samples at once, each answered by one query."""

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Unpack

from core.domain import Augmentation, AugmentationKind, Caption, DropReason, Knowledge, State
from core.store.answers import Asked, Outcome, Size
from core.store.attempts import Rows
from core.store.rows import TABLES, Kind, canonical, record_of

_HOLDERS = {
    "labels": """
        SELECT id FROM samples
        WHERE json_extract(record, '$.entities') IS NOT NULL OR json_extract(record, '$.relation.label') IS NOT NULL
    """,
    "pictures": "SELECT id FROM samples WHERE image IS NOT NULL",
    "captions": "SELECT DISTINCT sample_id AS id FROM captions",
    "thoughts": "SELECT DISTINCT sample_id AS id FROM knowledge WHERE grain <> 'summary'",
    "variants": "SELECT DISTINCT parent_id AS id FROM augmentations WHERE dropped IS NULL",
}
"""Samples that have what; each condition is word for word that of an index (see `m009_sizes`)."""


class Bulk:
    """Give it a few hundred samples a call. Every method raises StoreError as the store's own do."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def captions(self, sample_ids: Iterable[str], **asked: Unpack[Asked]) -> dict[str, Caption]:
        """The newest caption of each sample that has one, by the sample's id; of one captioner, where it is named."""
        sql = """
            SELECT sample_id, record FROM captions WHERE sample_id IN (SELECT value FROM json_each(?1))
                AND (?2 IS NULL OR model = ?2) AND (?3 IS NULL OR parameters = ?3)
            ORDER BY created, rowid
        """
        parameters = canonical(asked["parameters"]) if "parameters" in asked else None
        rows = self._rows(sql, json.dumps(list(sample_ids)), asked.get("model"), parameters)
        newest = {row["sample_id"]: row["record"] for row in rows}
        return {sample_id: record_of(Caption, record) for sample_id, record in newest.items()}

    def explained(self, sample_ids: Iterable[str]) -> dict[str, list[Knowledge]]:
        """The newest thought of each grain about each sample that has any, by the sample's id; summaries are none."""
        sql = """
            SELECT sample_id, grain, record FROM knowledge
            WHERE sample_id IN (SELECT value FROM json_each(?)) AND grain != 'summary' ORDER BY created, rowid
        """
        rows = self._rows(sql, json.dumps(list(sample_ids)))
        newest = {(row["sample_id"], row["grain"]): row["record"] for row in rows}
        found: dict[str, list[Knowledge]] = {}
        for (sample_id, _), record in newest.items():
            found.setdefault(sample_id, []).append(record_of(Knowledge, record))
        return found

    def thoughts(
        self, sample_ids: Iterable[str], *, model: str, prompt_versions: Collection[str]
    ) -> Mapping[tuple[str, str, str], str]:
        """The ids of a model's thoughts, by sample, prompt version, and parameters as `canonical` writes them."""
        sql = """
            SELECT id, sample_id, prompt_version, parameters FROM knowledge
            WHERE sample_id IN (SELECT value FROM json_each(?)) AND model = ?
                AND prompt_version IN (SELECT value FROM json_each(?))
            ORDER BY created, rowid
        """
        rows = self._rows(sql, json.dumps(list(sample_ids)), model, json.dumps(list(prompt_versions)))
        return {(row["sample_id"], row["prompt_version"], row["parameters"]): row["id"] for row in rows}

    def variants(self, parent_ids: Iterable[str], *, model: str) -> Mapping[tuple[str, str | None, str], str]:
        """The ids of a model's augmentations, by parent, prompt version, and parameters as `canonical` writes them."""
        sql = """
            SELECT id, parent_id, prompt_version, parameters FROM augmentations
            WHERE parent_id IN (SELECT value FROM json_each(?)) AND model = ? ORDER BY created, rowid
        """
        rows = self._rows(sql, json.dumps(list(parent_ids)), model)
        return {(row["parent_id"], row["prompt_version"], row["parameters"]): row["id"] for row in rows}

    def states(self, augmentation_ids: Iterable[str]) -> dict[str, State]:
        """Where each augmentation that has a variant stands, as the queue settles it: by all votes and the rules."""
        sql = "SELECT augmentation_id, state FROM queue WHERE augmentation_id IN (SELECT value FROM json_each(?))"
        rows = self._rows(sql, json.dumps(list(augmentation_ids)))
        return {row["augmentation_id"]: row["state"] for row in rows}

    def edits(self, augmentation_ids: Iterable[str]) -> dict[str, list[Augmentation]]:
        """The approved variants that people made of each augmentation, and of their edits, by its id; oldest first."""
        sql = """
            WITH RECURSIVE by_hand AS MATERIALIZED (
                SELECT number, id, state, record, json_extract(record, '$.maker.parameters.edits') AS edits
                FROM queue JOIN augmentations ON augmentations.id = queue.augmentation_id
                WHERE queue.model = 'by hand'
            ), line(root, id) AS (
                SELECT value, value FROM json_each(?)
                UNION SELECT root, by_hand.id FROM line JOIN by_hand ON by_hand.edits = line.id
            )
            SELECT root, record FROM line JOIN by_hand USING (id)
            WHERE state = 'approved' AND id <> root ORDER BY number
        """
        found: dict[str, list[Augmentation]] = {}
        for row in self._rows(sql, json.dumps(list(augmentation_ids))):
            found.setdefault(row["root"], []).append(record_of(Augmentation, row["record"]))
        return found

    def records(self, kind: type[Kind], ids: Iterable[str]) -> list[Kind]:
        """The records of these ids, in the order asked for."""
        wanted = list(ids)
        texts = self._texts(kind, wanted)
        return [record_of(kind, texts[each]) for each in wanted]

    def documents(self, kind: type[Kind], ids: Iterable[str]) -> list[dict[str, Any]]:
        """The records of these ids as plain values, with their ids, in the order asked for."""
        wanted = list(ids)
        texts = self._texts(kind, wanted)
        return [{"id": each, **json.loads(texts[each])} for each in wanted]

    def coverage(self, corpus: str, split: str) -> tuple[int, dict[str, int]]:
        """How many samples a split has, and how many of them a caption, a thought of each grain, a kept variant of each
        kind.

        Each sample counts once, however often it stands there. By whichever model; what no sample has is left out.
        """
        size = "SELECT count(DISTINCT sample_id) AS samples FROM memberships WHERE corpus = ? AND split = ?"
        (total,) = self._rows(size, corpus, split)
        sql = """
            SELECT what, count(DISTINCT sample_id) AS samples FROM memberships JOIN (
                SELECT 'caption' AS what, sample_id FROM captions
                UNION ALL SELECT grain, sample_id FROM knowledge
                UNION ALL SELECT kind, parent_id FROM augmentations WHERE dropped IS NULL
            ) USING (sample_id)
            WHERE corpus = ? AND split = ? GROUP BY what ORDER BY what
        """
        return total["samples"], {row["what"]: row["samples"] for row in self._rows(sql, corpus, split)}

    def sizes(self) -> list[Size]:
        """How large each split that was imported is; a sample that stands twice in one counts twice."""
        # In the order of ids, for which both sides have an index: seeks in random order take several times as long.
        counts = [
            f"""
            SELECT corpus, split, '{what}' AS what, count(*) AS n FROM ({holders}) AS holders
            CROSS JOIN memberships ON memberships.sample_id = holders.id GROUP BY corpus, split
            """  # noqa: S608 - only our own words
            for what, holders in _HOLDERS.items()
        ]
        # One statement, for it sees one moment: somebody may be importing.
        every = "SELECT corpus, split, 'samples' AS what, count(*) AS n FROM memberships GROUP BY corpus, split"
        found: dict[tuple[str, str], dict[str, int]] = {}
        for row in self._rows(" UNION ALL ".join([every, *counts])):
            found.setdefault((row["corpus"], row["split"]), dict.fromkeys(_HOLDERS, 0))[row["what"]] = row["n"]
        return [Size(corpus, split, **numbers) for (corpus, split), numbers in sorted(found.items())]

    def outcomes(self, corpus: str, split: str, *, examples: int) -> list[Outcome]:
        """What became of the variants of a split's samples, by whichever model: by kind, the kept ones first."""
        sql = """
            WITH made AS (
                SELECT id, kind, dropped, count(*) OVER alike AS number,
                    row_number() OVER (alike ORDER BY created DESC, rowid DESC) AS nth
                FROM augmentations
                WHERE parent_id IN (SELECT sample_id FROM memberships WHERE corpus = ? AND split = ?)
                WINDOW alike AS (PARTITION BY kind, dropped)
            )
            SELECT kind, dropped, number, id FROM made WHERE nth <= ? ORDER BY kind, dropped, nth
        """
        found: dict[tuple[AugmentationKind, DropReason | None, int], list[str]] = {}
        for row in self._rows(sql, corpus, split, examples):
            found.setdefault((row["kind"], row["dropped"], row["number"]), []).append(row["id"])
        return [Outcome(*what, tuple(self.records(Augmentation, ids))) for what, ids in found.items()]

    def _texts(self, kind: type[Kind], ids: Iterable[str]) -> dict[str, str]:
        sql = f"SELECT id, record FROM {TABLES[kind]} WHERE id IN (SELECT value FROM json_each(?))"  # noqa: S608
        return {row["id"]: row["record"] for row in self._rows(sql, json.dumps(list(ids)))}
