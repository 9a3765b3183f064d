"""A training's state on disk: weights and optimizer moments as safetensors, everything else in their metadata."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from core.errors import BadInput
from core.files import replacing
from core.student.files import WEIGHTS, trained_weights

if TYPE_CHECKING:
    from core.training.trainer import Trainer

NAME = "checkpoint.safetensors"


def save(trainer: "Trainer") -> None:
    """Write the state; the old one stands until the new one is whole."""
    tensors = {f"weight/{name}": value.contiguous() for name, value in trained_weights(trainer.student).items()}
    for index, state in trainer.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer/{index}/{key}": value.contiguous() for key, value in state.items()}
    facts = {
        "config": trainer.config.model_dump_json(),
        "step": str(trainer.step),
        "scored": str(trainer.scored),
        "best_f1": json.dumps(trainer.best_f1),
    }
    with replacing(trainer.folder / NAME) as part:
        save_file(tensors, part, metadata=facts)


def restore(trainer: "Trainer") -> None:
    """Put a trainer where its checkpoint left off; without one it starts at the beginning.

    Raises:
        BadInput: the training is over, or the checkpoint is broken or was written under another configuration.
    """
    path: Path = trainer.folder / NAME
    if not path.exists():
        if (trainer.folder / WEIGHTS).exists():
            raise BadInput(f"{trainer.folder} holds a student whose training is over; name another folder")
        return
    try:
        with safe_open(path, framework="pt") as file:
            facts = file.metadata()
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    except SafetensorError as error:
        raise BadInput(f"{path} is broken ({error}); delete it to start anew") from error
    if facts["config"] != trainer.config.model_dump_json():
        raise BadInput(f"{path} belongs to another configuration; use its own, or another folder")
    weights = {name.removeprefix("weight/"): value for name, value in tensors.items() if name.startswith("weight/")}
    trainer.student.load_state_dict(weights, strict=False)
    optimizer = trainer.optimizer.state_dict()
    for name, value in tensors.items():
        if name.startswith("optimizer/"):
            _, index, key = name.split("/")
            optimizer["state"].setdefault(int(index), {})[key] = value
    trainer.step = int(facts["step"])
    trainer.scored = int(facts["scored"])
    trainer.best_f1 = json.loads(facts["best_f1"])
    trainer.optimizer.load_state_dict(optimizer)


def remove(trainer: "Trainer") -> None:
    """A finished training needs no checkpoint."""
    (trainer.folder / NAME).unlink(missing_ok=True)
