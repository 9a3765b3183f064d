"""The words of the field as immutable, validated values. Ids are hashes of their content."""

from core.domain.attempt import Attempt
from core.domain.decision import Choice, Decision, Note, State
from core.domain.generated import (
    GRAINS,
    Answer,
    Augmentation,
    AugmentationKind,
    Caption,
    Counterfactual,
    DropReason,
    Grain,
    Knowledge,
    Made,
    Maker,
    Observation,
    Prediction,
    Replacement,
    ScoredEntity,
    ScoredRelation,
    Verdict,
    View,
)
from core.domain.record import Record
from core.domain.sample import Entity, Relation, Sample, Span, Task

__all__ = [
    "GRAINS",
    "Answer",
    "Attempt",
    "Augmentation",
    "AugmentationKind",
    "Caption",
    "Choice",
    "Counterfactual",
    "Decision",
    "DropReason",
    "Entity",
    "Grain",
    "Knowledge",
    "Made",
    "Maker",
    "Note",
    "Observation",
    "Prediction",
    "Record",
    "Relation",
    "Replacement",
    "Sample",
    "ScoredEntity",
    "ScoredRelation",
    "Span",
    "State",
    "Task",
    "Verdict",
    "View",
]
