"""The words of the field as immutable, validated values. Ids are hashes of their content."""

from core.domain.decision import Choice, Decision, State
from core.domain.generated import (
    Augmentation,
    AugmentationKind,
    Caption,
    DropReason,
    Grain,
    Knowledge,
    Made,
    Maker,
    Observation,
    Prediction,
    Replacement,
    ScoredEntity,
    Verdict,
    View,
)
from core.domain.record import Record
from core.domain.sample import Entity, Relation, Sample, Span, Task

__all__ = [
    "Augmentation",
    "AugmentationKind",
    "Caption",
    "Choice",
    "Decision",
    "DropReason",
    "Entity",
    "Grain",
    "Knowledge",
    "Made",
    "Maker",
    "Observation",
    "Prediction",
    "Record",
    "Relation",
    "Replacement",
    "Sample",
    "ScoredEntity",
    "Span",
    "State",
    "Task",
    "Verdict",
    "View",
]
