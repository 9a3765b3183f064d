"""Records as rows: which table, and which columns beside the whole record."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import groupby
from typing import TypeVar

from pydantic import JsonValue, ValidationError
from sqlite_utils import Database

from core.domain import (
    Attempt,
    Augmentation,
    Caption,
    Counterfactual,
    Decision,
    Knowledge,
    Maker,
    Note,
    Prediction,
    Record,
    Sample,
)
from core.errors import StoreError

Kind = TypeVar("Kind", bound=Record)
Stored = Sample | Caption | Knowledge | Augmentation | Prediction | Decision | Attempt | Counterfactual | Note
Columns = dict[str, str | int | float | None]

TABLES: dict[type[Record], str] = {
    Sample: "samples",
    Caption: "captions",
    Knowledge: "knowledge",
    Augmentation: "augmentations",
    Prediction: "predictions",
    Decision: "decisions",
    Attempt: "attempts",
    Counterfactual: "counterfactuals",
    Note: "notes",
}


def row_of(record: Stored) -> Columns:
    """A record as a row of its table."""
    return {"id": record.id, **_columns(record), "record": record.model_dump_json()}


def _columns(record: Stored) -> Columns:  # noqa: PLR0911 — one a kind
    match record:
        case Sample():
            return {"task": record.task, "text": record.text, "image": record.image}
        case Caption():
            return {"sample_id": record.sample_id, **_made_by(record.maker)}
        case Knowledge():
            return {"sample_id": record.sample_id, "grain": record.grain, **_made_by(record.maker)}
        case Prediction():
            return {"sample_id": record.sample_id, "view": record.view, **_made_by(record.maker)}
        case Augmentation():
            return {
                "parent_id": record.parent_id,
                "variant_id": record.variant.id if record.variant else None,
                "kind": record.kind,
                "dropped": record.dropped,
                **_made_by(record.maker),
            }
        case Decision():
            return {
                "augmentation_id": record.augmentation_id,
                "choice": record.choice,
                "reviewer": record.reviewer,
                "at": timestamp(record.at),
                "act": record.act,
                "undoes": record.undoes,
                "adjudicates": record.adjudicates,
            }
        case Attempt():
            return {
                "key": record.key,
                "number": record.number,
                "sample_id": record.sample_id,
                "model": record.model,
                "prompt_version": record.prompt_version,
                "failure": record.failure,
                "prompt_tokens": record.prompt_tokens,
                "completion_tokens": record.completion_tokens,
                "cost": record.cost,
                "at": timestamp(record.at),
            }
        case Counterfactual():
            return {
                "case_id": record.case_id,
                "parent_id": record.parent_id,
                "model": record.maker.model,
                "created": timestamp(record.maker.created),
            }
        case Note():
            return {"case_id": record.case_id, "author": record.author, "at": timestamp(record.at)}


def _made_by(maker: Maker) -> Columns:
    return {
        "model": maker.model,
        "prompt_version": maker.prompt_version,
        "parameters": canonical(maker.parameters),
        "created": timestamp(maker.created),
        "seconds": maker.seconds,
        "prompt_tokens": maker.prompt_tokens,
        "completion_tokens": maker.completion_tokens,
    }


def record_of(kind: type[Kind], text: str) -> Kind:
    """The record in a row.

    Raises:
        StoreError: it is none; somebody changed the database by hand.
    """
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        what = f"a row of {TABLES[kind]} is no {kind.__name__} ({error.error_count()} faults)"
        raise StoreError(f"{what}; the database was changed by hand: restore a copy") from None


def canonical(parameters: dict[str, JsonValue]) -> str:
    """Parameters as the one text that all equal ones share."""
    return json.dumps(parameters, sort_keys=True)


def timestamp(moment: datetime) -> str:
    """A moment in UTC as text that sorts by time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def insert(db: Database, records: Iterable[Stored]) -> None:
    """Keep records in the transaction that is open; one that is there already stays as it is."""
    for kind, group in groupby(_with_variants(records), type):
        rows = [row_of(record) for record in group]
        columns = ", ".join(f'"{column}"' for column in rows[0])
        values = ", ".join(f":{column}" for column in rows[0])
        db.conn.executemany(f"INSERT OR IGNORE INTO {TABLES[kind]} ({columns}) VALUES ({values})", rows)  # noqa: S608


def _with_variants(records: Iterable[Stored]) -> Iterator[Stored]:
    for record in records:
        if isinstance(record, Augmentation) and record.variant:
            yield record.variant
        yield record
