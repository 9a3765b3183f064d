"""The losses of conditional prompt distillation (paper, equations 3 to 5)."""

from torch import Tensor
from torch.nn import functional

from core.student.views import IGNORED


def nll(logits: Tensor, labels: Tensor) -> Tensor:
    """Equation 4: −log p(y* | view), summed over a sentence's words, mean over the batch.

    logits (B, n, labels); labels (B, n), IGNORED on padding.
    """
    total = functional.cross_entropy(
        logits.float().flatten(0, 1), labels.flatten(), ignore_index=IGNORED, reduction="sum"
    )
    return total / len(labels)


def cpd(teacher: Tensor, student: Tensor, labels: Tensor, *, temperature: float = 1.0) -> Tensor:
    """Equation 3: KL(p(y | x, I, c) ‖ p(y | x, p)) over the words, summed over a sentence, mean over the batch.

    Both logits (B, n, labels); words are where labels (B, n) aren't IGNORED. The knowledge view is the teacher and
    takes no gradient from here. With a temperature T the loss is multiplied by T², so that gradients keep their size.
    """
    words = labels != IGNORED
    target = (teacher.detach().float()[words] / temperature).log_softmax(dim=-1)
    answer = (student.float()[words] / temperature).log_softmax(dim=-1)
    total = functional.kl_div(answer, target, reduction="sum", log_target=True)
    return total * temperature**2 / len(labels)
