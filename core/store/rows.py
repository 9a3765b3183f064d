"""Records as rows: which table, and which columns beside the whole record."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import groupby
from typing import TypeVar

from pydantic import JsonValue, ValidationError
from sqlite_utils import Database

from core.domain import Augmentation, Caption, Decision, Knowledge, Maker, Prediction, Record, Sample
from core.errors import StoreError

Stored = Sample | Caption | Knowledge | Augmentation | Prediction | Decision
Kind = TypeVar("Kind", bound=Record)
Columns = dict[str, str | int | float | None]

TABLES: dict[type[Record], str] = {
    Sample: "samples",
    Caption: "captions",
    Knowledge: "knowledge",
    Augmentation: "augmentations",
    Prediction: "predictions",
    Decision: "decisions",
}


def row_of(record: Stored) -> Columns:
    """A record as a row of its table."""
    return {"id": record.id, **_columns(record), "record": record.model_dump_json()}


def _columns(record: Stored) -> Columns:
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


def canonical(parameters: dict[str, JsonValue]) -> str:
    """Parameters as the one text that all equal ones share."""
    return json.dumps(parameters, sort_keys=True)


def timestamp(moment: datetime) -> str:
    """A moment in UTC as text that sorts by time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def insert(db: Database, records: Iterable[Stored]) -> None:
    """Keep records in the transaction that is open; one that is there already stays as it is."""
    for kind, group in groupby(_with_variants(records), type):
        db.table(TABLES[kind]).insert_all((row_of(record) for record in group), pk="id", ignore=True)


def _with_variants(records: Iterable[Stored]) -> Iterator[Stored]:
    for record in records:
        if isinstance(record, Augmentation) and record.variant:
            yield record.variant
        yield record


def record_of(kind: type[Kind], text: str) -> Kind:
    """A row's record.

    Raises:
        StoreError: somebody changed it by hand.
    """
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        what = f"a row of {TABLES[kind]} is no {kind.__name__} ({error.error_count()} faults)"
        raise StoreError(f"{what}; the database was changed by hand: restore a copy") from None
