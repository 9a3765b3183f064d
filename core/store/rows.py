"""Records as rows: which table, and which columns beside the whole record."""

import json
from datetime import UTC, datetime

from pydantic import JsonValue

from core.domain import (
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

Stored = Sample | Caption | Knowledge | Augmentation | Prediction | Decision | Counterfactual | Note
Columns = dict[str, str | int | float | None]

TABLES: dict[type[Record], str] = {
    Sample: "samples",
    Caption: "captions",
    Knowledge: "knowledge",
    Augmentation: "augmentations",
    Prediction: "predictions",
    Decision: "decisions",
    Counterfactual: "counterfactuals",
    Note: "notes",
}


def row_of(record: Stored) -> Columns:
    """A record as a row of its table."""
    return {"id": record.id, **_columns(record), "record": record.model_dump_json()}


def _columns(record: Stored) -> Columns:  # noqa: PLR0911 - one for each kind
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


def canonical(parameters: dict[str, JsonValue]) -> str:
    """Parameters as the one text that all equal ones share."""
    return json.dumps(parameters, sort_keys=True)


def timestamp(moment: datetime) -> str:
    """A moment in UTC as text that sorts by time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
