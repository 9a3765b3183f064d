"""A training's state on disk: weights and optimizer moments as safetensors, everything else in their metadata."""

from pathlib import Path

from pydantic import Field, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch.optim import Optimizer

from core.domain.record import Value
from core.errors import BadInput
from core.files import replacing
from core.student.files import trained_weights
from core.student.model import Student
from core.training.config import TrainConfig

NAME = "checkpoint.safetensors"


class State(Value):
    """How far a training has come. `scored` epochs have their dev scores; `seconds` were spent over all its runs, of
    which one took `peak_memory` bytes at most."""

    step: int = 0
    scored: int = 0
    best_f1: float | None = None
    best_epoch: int = 0
    seconds: float = 0.0
    peak_memory: int = 0


class Course(Value):
    """What the way of a training depends on; each but the configuration is named so in a message."""

    config: TrainConfig
    samples: str = Field(description="the digest of all training samples, as they are read")
    dev_samples: str = Field(description="that of the samples whose F1 chooses the best epoch")
    labels: tuple[str, ...]
    start: str | None = Field(None, description="the fingerprint of the weights that it goes on from")
    teacher: str | None = Field(description="that of the weights of a teacher that stands still")
    processes: int
    precision: str = Field(description="bf16 or fp32, as the processor has it")


def save(folder: Path, course: Course, state: State, student: Student, optimizer: Optimizer) -> None:
    """Write the state; the old one stands until the new one is whole."""
    tensors = {f"weight/{name}": value.contiguous() for name, value in trained_weights(student).items()}
    for index, moments in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer/{index}/{key}": value.contiguous() for key, value in moments.items()}
    facts = {name: each.model_dump_json() for name, each in (("course", course), ("state", state))}
    with replacing(folder / NAME) as part:
        save_file(tensors, part, metadata=facts)


def restore(folder: Path, course: Course, student: Student, optimizer: Optimizer) -> State:
    """Put student and optimizer where the checkpoint left off; without one, a training starts at the beginning.

    Raises:
        BadInput: the checkpoint is broken, or was written under another configuration, with other samples or labels,
            from another start, by another teacher, in another number of processes or another precision: what is left of
            the training would not be its rest.
    """
    path = folder / NAME
    if not path.exists():
        return State()
    try:
        with safe_open(path, framework="pt") as file:
            facts = file.metadata()
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
        state = State.model_validate_json(facts["state"])
        begun = Course.model_validate_json(facts["course"])
    except (SafetensorError, KeyError, TypeError, ValidationError) as error:
        raise BadInput(f"{path} is broken ({error}); delete it to start anew") from error
    if not begun.config.trains_like(course.config):
        raise BadInput(
            f"{path} belongs to another configuration, which differs in "
            f"{', '.join(_changed(begun.config, course.config))}; use its own, or another folder"
        )
    facts_of = [each.model_dump(exclude={"config"}) for each in (begun, course)]
    if changed := [name for name, value in facts_of[0].items() if value != facts_of[1][name]]:
        raise BadInput(
            f"{path} was begun with other {' and '.join(changed)}: put back what was there, or name another folder"
        )
    weights = {name.removeprefix("weight/"): value for name, value in tensors.items() if name.startswith("weight/")}
    student.load_state_dict(weights, strict=False)
    moments = optimizer.state_dict()
    for name, value in tensors.items():
        if name.startswith("optimizer/"):
            _, index, key = name.split("/")
            moments["state"].setdefault(int(index), {})[key] = value
    optimizer.load_state_dict(moments)
    return state


def _changed(begun: TrainConfig, now: TrainConfig) -> list[str]:
    """The fields in which two configurations differ, but for their tests."""
    return [name for name in TrainConfig.model_fields if name != "test" and getattr(begun, name) != getattr(now, name)]


def remove(folder: Path) -> None:
    """A finished training needs no checkpoint."""
    (folder / NAME).unlink(missing_ok=True)
