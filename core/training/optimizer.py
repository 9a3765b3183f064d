"""AdamW with a learning rate for each part of a student, and what changes from step to step."""

from collections import defaultdict
from collections.abc import Iterator

import torch

from core.student.model import Student
from core.training.config import TrainConfig

_CHAIN = ("head.start", "head.transitions", "head.end")
"""The scores of a CRF's chain."""


def optimizer(student: Student, config: TrainConfig) -> torch.optim.AdamW:
    """One group for each learning rate, and for what decays and what does not: biases, LayerNorms, single scores."""
    groups: dict[tuple[float, float], list[torch.nn.Parameter]] = defaultdict(list)
    for name, weight in _trained(student):
        rate = config.encoder_lr if name.startswith("encoder.") else config.head_lr
        decay = config.weight_decay if weight.dim() > 1 else 0.0
        if name in _CHAIN:
            rate, decay = config.crf_lr, 0.0
        groups[rate, decay].append(weight)
    return torch.optim.AdamW(
        [{"params": weights, "lr": rate, "weight_decay": decay} for (rate, decay), weights in groups.items()]
    )


def rate_at(step: int, steps: int, warmup: float) -> float:
    """Share of the learning rate: linear warm-up over that share of all steps, then linear decay to 0."""
    warm = max(1, round(warmup * steps))
    return min((step + 1) / warm, (steps - step) / max(1, steps - warm))


def alpha_at(epochs: float, config: TrainConfig) -> float:
    """Equation 5's α after so many epochs. It rises while the teacher is learning; one that stands still has learnt."""
    rising = 0.0 if config.teacher else config.alpha_warmup
    return config.alpha * (min(1.0, epochs / rising) if rising else 1.0)


def _trained(student: Student) -> Iterator[tuple[str, torch.nn.Parameter]]:
    return ((name, weight) for name, weight in student.named_parameters() if weight.requires_grad)
