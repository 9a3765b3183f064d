"""What makes one student differ from another before training."""

from typing import Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from core import registry
from core.domain import Task
from core.domain.record import Value
from core.student import generators, heads


class StudentOptions(Value):
    """A student's parts. `head` says the task as well: `linear` and `crf` label words, `relation` pairs of mentions."""

    model_config = ConfigDict(strict=True)  # "32" is no number, and `true` is not 1

    encoder: str = Field("minilm", min_length=1, description="packaged encoder, hub id or folder")
    layers: int | None = Field(None, ge=1, description="only the encoder's first ones, for speed; none: all")
    head: str = Field("linear", description="a file in core/student/heads")
    generator: str = Field("conditional", description="a file in core/student/generators: what stands for knowledge")
    prompt_length: int = Field(16, ge=1, le=256, description="N of equation 1")
    prompt_layers: int = Field(1, ge=1, le=12, description="layers of the conditional generator")
    prompt_source: Literal["embeddings", "contextual"] = Field(
        "embeddings", description="the x of equation 1: word embeddings or, with a second pass, the encoder's states"
    )
    max_length: int = Field(256, ge=32, le=512, description="longest row in sub-words")
    dropout: float = Field(0.1, ge=0, lt=1, description="before the head")
    precision: Literal["fp32", "bf16"] = Field(
        "fp32",
        description="what it answers in, however it was trained; bf16 only where the processor has it",
    )

    @property
    def task(self) -> Task:
        """What the head answers: the entities of a tweet, or the relation of two mentions."""
        return "mre" if self.head == "relation" else "mner"

    @field_validator("head")
    @classmethod
    def _is_a_head(cls, name: str) -> str:
        return _one_of(registry.names(heads), name)

    @field_validator("generator")
    @classmethod
    def _is_a_generator(cls, name: str) -> str:
        return _one_of(registry.names(generators), name)

    @model_validator(mode="after")
    def _is_all_of_its_generator(self) -> Self:
        if self.generator != "conditional":
            for name, value in (("prompt_layers", self.prompt_layers), ("prompt_source", self.prompt_source)):
                if value != StudentOptions.model_fields[name].default:
                    raise ValueError(f"{name} = {value!r} is of generator 'conditional', not of {self.generator!r}")
        return self

    @model_validator(mode="after")
    def _leaves_room_for_the_prompt(self) -> Self:
        if self.prompt_length >= self.max_length - 2:
            raise ValueError(f"prompt_length {self.prompt_length} leaves no room in rows of {self.max_length}")
        return self


class StudentConfig(StudentOptions):
    """A student and its labels, whose order is the order of the logits: BIO tags, or relations."""

    labels: tuple[str, ...] = Field(min_length=1, strict=False)


def _one_of(names: list[str], name: str) -> str:
    if name not in names:
        raise ValueError(f"there is no such one; there are: {', '.join(names)}")
    return name
