"""What models make of a sample. Each value names its maker."""

from typing import Any, ClassVar, Literal, Self

from pydantic import AwareDatetime, Field, JsonValue, model_validator

from core.domain.record import Record, Value
from core.domain.sample import Entity, Sample

Grain = Literal["noun", "sentence", "multimodality", "mixed", "summary"]
"""The paper's three grains (section 3.3), `mixed` for published knowledge that came as one text, and `summary` for what
stands in place of the others where they are too long for a student."""

GRAINS: tuple[Grain, ...] = ("noun", "sentence", "multimodality")
"""The paper's three, in the order in which they are asked."""

AugmentationKind = Literal["style", "entity", "image"]
View = Literal["with_knowledge", "without_knowledge"]
DropReason = Literal[
    "span lost",
    "name added",
    "implausible",
    "duplicate",
    "unchanged",
    "refused",
    "empty",
    "echo",
    "other language",
    "unparsable",
    "no entity",
]


class Maker(Value):
    """What made a value, with what, when, and at what cost. `seconds` is wall-clock time.

    `ask` is the key of the attempts in the store that it came of, where these were kept: `Attempt` has the raw answer.
    """

    model: str = Field(min_length=1)
    prompt_version: str | None = None
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    created: AwareDatetime
    seconds: float = Field(default=0.0, ge=0)
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    ask: str | None = None

    circumstances: ClassVar[set[str]] = {"created", "seconds", "prompt_tokens", "completion_tokens", "ask"}


class Made(Record):
    """A record that some model made; when and at what cost stay out of its id."""

    circumstances: ClassVar[dict[str, Any]] = {"maker": Maker.circumstances}

    maker: Maker


class Observation(Value):
    """One thing a vision model saw, with its score in 0…1 (None where the model gives none)."""

    kind: str
    label: str
    score: float | None = None


class Caption(Made):
    """A picture in words; `observations` say what it was built from, where the captioner can tell."""

    sample_id: str
    text: str
    observations: tuple[Observation, ...] = ()


class Knowledge(Made):
    """A thought: the teacher's explanation of a sample at one grain."""

    sample_id: str
    grain: Grain
    text: str


class Replacement(Value):
    """One mention put in another's place, with the type both have."""

    old: str
    new: str
    type: str


class Verdict(Value):
    """The teacher's answer to "is this possible in fact?".

    `margin` is log p(yes) − log p(no) where the teacher gives log-probabilities: above 0 it leans to yes.
    """

    answer: Literal["yes", "no", "unparsed"]
    margin: float | None = None


class Augmentation(Made):
    """A new sample made from a parent that never changes.

    Either `variant` is the new sample (for `image`, the parent's words with `caption` as the imagined picture), or
    `dropped` says why there is none. `answer` is what the teacher wrote.
    """

    parent_id: str
    kind: AugmentationKind
    answer: str
    variant: Sample | None = None
    caption: str | None = None
    replacements: tuple[Replacement, ...] = ()
    verdict: Verdict | None = None
    dropped: DropReason | None = None

    @model_validator(mode="after")
    def _is_kept_or_dropped(self) -> Self:
        if self.variant is None and self.dropped is None:
            raise ValueError("an augmentation without a variant must say why it was dropped")
        return self


class ScoredEntity(Entity):
    """A predicted mention; `score` is the geometric mean of its tokens' label probabilities."""

    score: float = Field(ge=0, le=1)


class ScoredRelation(Value):
    """The relation of a pair of mentions, and the probability that the student gives to it."""

    label: str
    score: float = Field(ge=0, le=1)


class Answer(Value):
    """What a student found: the mentions of a tweet or, for a pair of them, their relation."""

    entities: tuple[ScoredEntity, ...] = ()
    relation: ScoredRelation | None = None


class Counterfactual(Made):
    """What a student answers about a case of which something was changed: the tweet, its caption, or a thought.

    `parent_id` is the counterfactual that was changed; None where it was the case itself. `caption` and `knowledge` are
    what the student was told: what was switched off is not among it.
    """

    case_id: str
    parent_id: str | None = None
    sample: Sample
    caption: str | None = None
    knowledge: dict[Grain, str] = Field(default_factory=dict)
    answers: dict[View, Answer]


class Prediction(Made):
    """What the student found in a sample, seen with or without knowledge.

    Its mentions or, for a pair of them, the relations that are likeliest, the best first.
    """

    sample_id: str
    view: View
    entities: tuple[ScoredEntity, ...] = ()
    # Left out where there are none, so that ids are what they were before relations were predicted.
    relations: tuple[ScoredRelation, ...] = Field(default=(), exclude_if=lambda found: not found)

    @property
    def answer(self) -> Answer:
        """What it comes to: all mentions, or the best relation."""
        return Answer(entities=self.entities, relation=next(iter(self.relations), None))

    def bare(self) -> tuple[Entity, ...]:
        """The mentions without their scores, as labels of a sample."""
        return tuple(Entity(start=each.start, end=each.end, type=each.type) for each in self.entities)
