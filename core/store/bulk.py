"""Questions about many samples at once, each answered by one query."""

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Unpack

from core.domain import Caption, Choice, Grain, Knowledge
from core.store.answers import Asked
from core.store.attempts import Rows
from core.store.rows import TABLES, Kind, canonical, record_of


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

    def choices(self, augmentation_ids: Iterable[str]) -> dict[str, Choice]:
        """The latest decision about each augmentation that there was one about."""
        sql = """
            SELECT augmentation_id, choice FROM decisions
            WHERE augmentation_id IN (SELECT value FROM json_each(?)) ORDER BY number
        """
        rows = self._rows(sql, json.dumps(list(augmentation_ids)))
        return {row["augmentation_id"]: row["choice"] for row in rows}

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

    def coverage(self, corpus: str, split: str) -> dict[Grain, int]:
        """How many samples of a split have a thought of each grain, by whichever teacher."""
        sql = """
            SELECT grain, count(DISTINCT sample_id) AS samples FROM memberships JOIN knowledge USING (sample_id)
            WHERE corpus = ? AND split = ? GROUP BY grain ORDER BY grain
        """
        return {row["grain"]: row["samples"] for row in self._rows(sql, corpus, split)}

    def _texts(self, kind: type[Kind], ids: Iterable[str]) -> dict[str, str]:
        sql = f"SELECT id, record FROM {TABLES[kind]} WHERE id IN (SELECT value FROM json_each(?))"  # noqa: S608
        return {row["id"]: row["record"] for row in self._rows(sql, json.dumps(list(ids)))}
