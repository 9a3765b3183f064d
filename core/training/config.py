"""One file says everything about a training: a TOML file, checked as a whole before anything starts."""

import tomllib
from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError

from core.domain.record import Value
from core.errors import BadInput


class Split(Value):
    """Files of one split, relative to the folder of the corpora."""

    path: Path
    captions: Path | None = None
    knowledge: Path | None = None


class TrainConfig(Value):
    """A training. Defaults are the paper's (section 4.1), but for what a small encoder measurably needs."""

    format: str = Field("twitter", description="a file in core/corpora")
    train: Split
    dev: Split

    encoder: str = Field("minilm", description="packaged encoder, hub id or folder")
    prompt_length: int = Field(16, ge=1, le=256)
    max_length: int = Field(256, ge=32, le=512)
    dropout: float = Field(0.1, ge=0, lt=1)

    epochs: int = Field(15, ge=1)
    batch_size: int = Field(32, ge=1)
    encoder_lr: float = Field(3e-4, gt=0, description="small encoders need some ten times the paper's grid")
    head_lr: float = Field(1e-3, gt=0, description="prompt and head")
    weight_decay: float = Field(0.01, ge=0)
    warmup: float = Field(0.06, ge=0, lt=1, description="share of all steps")
    clip: float = Field(1.0, gt=0)
    bf16: bool = Field(True, description="autocast to bfloat16")
    seed: int = 1

    alpha: float = Field(1.0, ge=0, description="weight of the distillation loss (equation 5)")
    alpha_warmup: float = Field(1.0, ge=0, description="epochs over which alpha rises: early teachers are noise")
    temperature: float = Field(1.0, gt=0)
    nll_student_weight: float = Field(0.0, ge=0, description="NLL on the prompt view as well; 0 is the paper's")
    section_dropout: float = Field(0.0, ge=0, lt=1, description="chance that a caption or a thought is left out")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a TOML file.

        Raises:
            BadInput: it is missing or no TOML, or a field is unknown or has a bad value; the message names both.
        """
        try:
            return cls.model_validate(tomllib.loads(path.read_text()))
        except OSError as error:
            raise BadInput(f"{path}: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise BadInput(f"{path} is not TOML: {error}") from error
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"]))
            raise BadInput(f"{path}: {field} = {first['input']!r}: {first['msg']}") from error
