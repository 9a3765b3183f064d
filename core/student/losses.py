"""The loss of conditional prompt distillation (paper, equation 3)."""

from torch import Tensor
from torch.nn import functional


def kl(teacher: Tensor, student: Tensor, mask: Tensor) -> Tensor:
    """KL(p(y | x, I, c) ‖ p(y | x, p)), summed over all places where the mask (B, n) is True.

    Both are log posteriors (B, n, C). The teacher is detached: no gradient reaches it from here.
    """
    return functional.kl_div(student[mask], teacher.detach()[mask].float(), reduction="sum", log_target=True)
