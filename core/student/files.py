"""A trained student on disk: a folder with `student.json` and `student.safetensors`.

Only what training changed is kept, in half precision: the encoder's frozen word embeddings come with its package.
"""

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from core.errors import BadInput
from core.files import replacing
from core.student import encoder
from core.student.config import StudentConfig
from core.student.folder import CONFIG, WEIGHTS, read_config
from core.student.model import Student
from core.student.views import ViewBuilder


def new(config: StudentConfig) -> tuple[Student, ViewBuilder]:
    """An untrained student on its encoder.

    Raises:
        BadInput: the encoder cannot read rows that long, or has fewer layers.
        Unavailable: the encoder cannot be loaded.
    """
    model, tokenizer = encoder.load(config.encoder, config.layers)
    longest = encoder.longest_row(model)
    if config.max_length > longest:
        raise BadInput(f"max_length is {config.max_length}, but {config.encoder!r} reads at most {longest} sub-words")
    views = ViewBuilder(
        tokenizer,
        max_length=config.max_length,
        prompt_length=config.prompt_length,
        marks_relations=config.task == "mre",
    )
    return Student(config, model), views


def trained_weights(student: Student) -> dict[str, torch.Tensor]:
    """The parameters that training changes, by name."""
    return {name: value.detach() for name, value in student.named_parameters() if value.requires_grad}


def save(student: Student, folder: Path) -> None:
    """Write a student; each file appears whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    halves = {name: value.half().contiguous() for name, value in trained_weights(student).items()}
    with replacing(folder / WEIGHTS) as part:
        save_file(halves, part)
    with replacing(folder / CONFIG) as part:
        part.write_text(student.config.model_dump_json(indent=2) + "\n", encoding="utf-8")


def load(folder: Path) -> tuple[Student, ViewBuilder]:
    """Read a student, ready to predict.

    Raises:
        BadInput: the folder holds no student, a broken one, or one that its encoder does not fit.
        Unavailable: its encoder cannot be loaded.
    """
    config = read_config(folder)
    try:
        weights = load_file(folder / WEIGHTS)
    except OSError as error:
        raise BadInput(
            f"{folder} holds no student: {WEIGHTS} cannot be read; train it first, or name another"
        ) from error
    except SafetensorError as error:
        raise BadInput(f"{folder / WEIGHTS} is broken ({error}); train or copy it anew") from error
    student, views = new(config)
    expected = trained_weights(student)
    if weights.keys() != expected.keys() or any(weights[name].shape != expected[name].shape for name in expected):
        raise BadInput(f"{folder / WEIGHTS} does not fit {CONFIG} and the encoder {config.encoder!r}: train it anew")
    student.load_state_dict(weights, strict=False)
    return student.eval(), views
