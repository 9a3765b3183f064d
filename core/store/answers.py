"""What the store answers with, beside the records themselves."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from pydantic import JsonValue

from core.domain import Augmentation, AugmentationKind, Caption, Decision, DropReason, Knowledge, Prediction, Sample


class Asked(TypedDict, total=False):
    """What a model was asked with. A look-up that is given some of it finds only answers to just that.

    So nothing is asked twice. What else went into a question (the ids of the caption and the knowledge that were
    read, say) belongs into `parameters`. A `prompt_version` of None is one too: that of models without prompts.
    """

    model: str
    prompt_version: str | None
    parameters: dict[str, JsonValue]


@dataclass(frozen=True)
class Studied:
    """A sample, and when it was last looked at as a case (UTC)."""

    sample: Sample
    at: datetime


@dataclass(frozen=True)
class Approval:
    """A variant that stands approved, the decision by which it does, and the choice of each who has voted on it."""

    augmentation: Augmentation
    decision: Decision
    votes: dict[str, str]


@dataclass(frozen=True)
class Size:
    """How many samples a split has, and how many of them have what; a variant is one that was not dropped."""

    corpus: str
    split: str
    samples: int
    labels: int
    pictures: int
    captions: int
    thoughts: int
    variants: int


@dataclass(frozen=True)
class Outcome:
    """What became of one kind of augmentation, kept or dropped for one reason: how often, and the newest of them."""

    kind: AugmentationKind
    dropped: DropReason | None
    number: int
    examples: tuple[Augmentation, ...]


@dataclass(frozen=True)
class Case:
    """All there is about one sample. What models made is newest first; decisions stand in the order they fell."""

    sample: Sample
    captions: tuple[Caption, ...]
    knowledge: tuple[Knowledge, ...]
    augmentations: tuple[Augmentation, ...]
    predictions: tuple[Prediction, ...]
    decisions: tuple[Decision, ...]
