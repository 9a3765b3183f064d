"""Looking up what was asked of teachers, and what became of it."""

import json
from collections.abc import Callable, Collection, Iterable
from typing import Any

from core.domain import Attempt
from core.store.rows import record_of

Rows = Callable[..., list[dict[str, Any]]]
"""Runs a query with its values, and gives the rows as dicts."""


class Attempts:
    """The attempts in the store. Every method raises StoreError as the store's own do."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def latest(self, key: str) -> Attempt | None:
        """The attempt at an ask that counts: the one with a usable answer, else the last."""
        sql = 'SELECT record FROM attempts WHERE "key" = ? ORDER BY failure IS NOT NULL, "number" DESC LIMIT 1'
        return next((record_of(Attempt, row["record"]) for row in self._rows(sql, key)), None)

    def known(self, keys: Iterable[str]) -> set[str]:
        """Those of the keys that something was sent for."""
        sql = 'SELECT DISTINCT "key" FROM attempts WHERE "key" IN (SELECT value FROM json_each(?))'
        return {row["key"] for row in self._rows(sql, json.dumps(list(keys)))}

    def failures(self, corpus: str, split: str, *, limit: int = 100) -> list[Attempt]:
        """The last attempts at what has no usable answer yet, about the samples of a split, the newest first.

        Each draw of a variant is an ask of its own. A thought that came later, by the same prompt and model, settles an
        ask for it, whatever stood before the question.
        """
        sql = """
            SELECT record FROM attempts AS failed
            WHERE failure IS NOT NULL
                AND sample_id IN (SELECT sample_id FROM memberships WHERE corpus = ? AND split = ?)
                AND NOT EXISTS (
                    SELECT 1 FROM attempts AS other
                    WHERE other."key" = failed."key" AND (other.failure IS NULL OR other.rowid > failed.rowid)
                )
                AND NOT EXISTS (
                    SELECT 1 FROM knowledge AS came
                    WHERE came.sample_id = failed.sample_id AND came.prompt_version = failed.prompt_version
                        AND came.model = failed.model
                        -- when it was made, not when it was last shown
                        AND julianday(json_extract(came.record, '$.maker.created')) >= julianday(failed.at)
                )
            ORDER BY rowid DESC LIMIT ?
        """
        return [record_of(Attempt, row["record"]) for row in self._rows(sql, corpus, split, limit)]

    def mean_answer(self, model: str, prompt_versions: Collection[str]) -> dict[str, float]:
        """How many tokens a model's answers to each prompt had so far, on average, where there were any."""
        marks = ", ".join("?" * len(prompt_versions))
        sql = f"""
            SELECT prompt_version, avg(completion_tokens) AS tokens FROM attempts
            WHERE model = ? AND prompt_version IN ({marks}) AND completion_tokens IS NOT NULL
            GROUP BY prompt_version
        """  # noqa: S608
        return {row["prompt_version"]: row["tokens"] for row in self._rows(sql, model, *prompt_versions)}
