"""One file says everything about a training: a TOML file, checked as a whole before anything starts."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from core import corpora, registry
from core.domain import AugmentationKind
from core.domain.record import Value
from core.errors import BadInput, complaint
from core.student.config import StudentOptions

PARTS = ("caption", "summary", "noun", "sentence", "multimodality", "entities", "reasoning")
"""Of a knowledge view: the caption; what stands in place of thoughts that are too long; our teachers' three grains; the
halves of published ChatGPT knowledge, whose grains are mixed."""


STRICT = ConfigDict(strict=True)
"""What TOML has types for keeps them: "32" is no number, and `true` is not 1. Paths and tuples it has not."""


def _names_something(path: Path) -> Path:
    if path == Path():
        raise ValueError("this names nothing")
    return path


Named = Annotated[Path, Field(strict=False), AfterValidator(_names_something)]
"""A path that was not left empty."""


class Split(Value):
    """Files of one split, relative to the folder of the corpora, and how they are read."""

    model_config = STRICT

    format: str = Field("twitter", description="a file in core/corpora")
    path: Named
    captions: Named | None = None
    knowledge: Named | None = None
    limit: int | None = Field(None, ge=1, description="only so many samples: its first ones")
    draw: int | None = Field(None, ge=0, description="with a limit: samples drawn under this seed, not the first ones")
    rename: dict[str, str] = Field(default_factory=dict, description="labels, e.g. OTHER = 'MISC'")
    without: tuple[str, ...] = Field(
        (), strict=False, description=f"parts of the knowledge view that are left out: {PARTS}"
    )

    @model_validator(mode="after")
    def _draws_a_number(self) -> Self:
        if self.draw is not None and self.limit is None:
            raise ValueError(f"draw = {self.draw} needs a limit: how many samples to draw")
        return self

    @field_validator("format")
    @classmethod
    def _is_a_form(cls, name: str) -> str:
        if name not in registry.names(corpora):
            raise ValueError(f"there is no such form; there are: {', '.join(registry.names(corpora))}")
        return name

    @field_validator("without")
    @classmethod
    def _are_parts(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in PARTS:
                raise ValueError(f"{name!r} is no part of the knowledge view; there are: {', '.join(PARTS)}")
        return names


class Variants(Value):
    """New samples made of the training samples (section 3.3), which are trained on beside them."""

    model_config = STRICT

    path: Named = Field(description="a file that `core augment --out` wrote, relative to the folder of the corpora")
    which: Literal["approved", "all", "with implausible"] = Field(
        "approved",
        description="those that a person let in; all: also those undecided that were not dropped; "
        "with implausible: also those whose names the teacher did not find possible",
    )
    kinds: tuple[AugmentationKind, ...] = Field(get_args(AugmentationKind), min_length=1, strict=False)
    times: int | None = Field(None, ge=1, description="at most so many of a sample, the kinds mixed; none: no limit")


class TrainConfig(Value):
    """A training. Defaults are the paper's (section 4.1), but for what a small encoder measurably needs, and its rows,
    which are shorter (`student.max_length`)."""

    model_config = STRICT

    train: Split
    dev: Split
    augment: Variants | None = None
    start: Named | None = Field(
        None,
        description="a trained student to go on from; its folder, seen from this training's, which no row of the same "
        "table trains; none: the teacher, where it stands still and has the same encoder and head",
    )
    test: dict[str, Split] = Field(default_factory=dict, description="scored once, with the best epoch's weights")
    student: StudentOptions = StudentOptions()

    epochs: int = Field(15, ge=1)
    patience: int | None = Field(None, ge=1, description="stop after so many epochs without a better dev F1")
    batch_size: int = Field(32, ge=1, description="samples a step and process")
    encoder_lr: float = Field(3e-4, gt=0, description="small encoders need some ten times the paper's grid")
    head_lr: float = Field(1e-3, gt=0, description="generator, head and markers")
    crf_lr: float = Field(1e-2, gt=0, description="transitions of a CRF head")
    weight_decay: float = Field(0.01, ge=0)
    warmup: float = Field(0.06, ge=0, lt=1, description="share of all steps")
    clip: float = Field(1.0, gt=0)
    bf16: bool = Field(True, description="autocast to bfloat16, where the processor computes in it")
    seed: int = Field(1, ge=0, lt=2**31)

    alpha: float = Field(1.0, ge=0, description="weight of the distillation loss (equation 5); 0: none")
    alpha_warmup: float = Field(
        1.0,
        ge=0,
        description="epochs over which alpha rises, where early teachers are noise: not one that stands still",
    )
    temperature: float = Field(1.0, gt=0)
    nll_student_weight: float = Field(0.0, ge=0, description="NLL on the prompt view as well; 0 is the paper's")
    section_dropout: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="chance that a caption or a thought is left out, but for a teacher that stands still",
    )
    teacher: Named | None = Field(
        None,
        description="a student that stands still and teaches; its folder, seen from this training's; none: joint",
    )
    transfer: tuple[Split, ...] = Field(
        (), strict=False, description="more tweets to learn from such a teacher, or pairs; their labels unread"
    )

    def trains_like(self, other: Self) -> bool:
        """Whether another configuration is the same training; tests come after it, and may differ."""
        return self.model_copy(update={"test": other.test}) == other

    @property
    def files(self) -> list[Path]:
        """What it reads, relative to the folder of the corpora."""
        splits = (self.train, self.dev, *self.test.values(), *self.transfer)
        found = [file for split in splits for file in (split.path, split.captions, split.knowledge) if file]
        return [*found, self.augment.path] if self.augment else found

    @property
    def distils(self) -> bool:
        """Whether the prompt view is trained at all."""
        return self.alpha > 0 or self.nll_student_weight > 0

    @model_validator(mode="after")
    def _can_be_trained(self) -> Self:
        if self.teacher and not self.alpha:
            raise ValueError(f"teacher {str(self.teacher)!r} would teach nothing with alpha = 0")
        if not self.distils and self.student.generator != "bare":
            raise ValueError(
                f"student.generator = {self.student.generator!r} would not be trained with alpha = 0 and "
                "nll_student_weight = 0: say student.generator = 'bare'"
            )
        if self.alpha and not self.teacher and self.alpha_warmup > self.epochs:
            raise ValueError(
                f"alpha_warmup = {self.alpha_warmup:g} is longer than the training, of {self.epochs} epochs"
            )
        if self.transfer and not self.teacher:
            more = ", ".join(str(split.path) for split in self.transfer)
            raise ValueError(f"transfer, of {more}, needs a teacher that stands still: name a trained student's folder")
        return self

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a TOML file.

        Raises:
            BadInput: it is missing or no TOML, or a field is unknown or has a bad value; the message names both.
        """
        try:
            return cls.of(tomllib.loads(path.read_text()), str(path))
        except OSError as error:
            raise BadInput(f"{path}: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise BadInput(f"{path} is not TOML: {error}") from error

    @classmethod
    def of(cls, values: Mapping[str, Any], where: str) -> Self:
        """Check a configuration; `where` is what a message calls its origin.

        Raises:
            BadInput: a field is unknown or has a bad value; the message names both.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise BadInput(f"{where}: {complaint(error)}") from error
