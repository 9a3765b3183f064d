"""What a training step minimises (paper, equation 5): `L_total = L_NLL + α · L_CPD`."""

import torch
from torch import Tensor, nn

from core.student import losses
from core.student.model import Student
from core.student.views import Batch
from core.training.config import TrainConfig


class Objective(nn.Module):
    """The losses of a batch under a configuration.

    `joint`: the knowledge view learns from gold labels, and teaches the prompt view as it learns. With a teacher that
    stands still, whose posteriors come with the batch, the knowledge view is not computed at all.
    """

    def __init__(self, student: Student, config: TrainConfig) -> None:
        super().__init__()
        self.student = student
        self.temperature = config.temperature
        self.nll_student_weight = config.nll_student_weight
        self.distils = config.distils
        self.is_taught = config.alpha > 0

    def forward(self, batch: Batch, alpha: float, samples: float) -> dict[str, Tensor]:
        """Each part summed over words and divided by `samples`, and the `loss`.

        Of `nll`, `cpd` and `nll_student`, those that this kind of training doesn't have are absent. Where the last has
        no weight, it is only measured.
        """
        head, parts = self.student.head, dict[str, Tensor]()
        target = batch.posteriors
        if target is None:
            teacher = self.student.with_knowledge(batch)
            parts["nll"] = head.nll(teacher, batch.labels, batch.asked)
            if self.is_taught:
                with torch.no_grad():  # no gradient may reach a CRF's transitions through the teacher, either
                    target = head.log_posteriors(teacher, batch.asked, self.temperature)
        if self.distils:
            student = self.student.without_knowledge(batch)
            if target is not None and self.is_taught:
                answer = head.log_posteriors(student, batch.asked, self.temperature)
                # Multiplied by T², so that gradients keep their size.
                parts["cpd"] = losses.kl(target, answer, batch.asked) * self.temperature**2
            with torch.set_grad_enabled(self.nll_student_weight > 0 and torch.is_grad_enabled()):
                parts["nll_student"] = head.nll(student, batch.labels, batch.asked)
        parts = {name: part / samples for name, part in parts.items()}
        weights = {"nll": 1.0, "cpd": alpha, "nll_student": self.nll_student_weight}
        return {"loss": torch.stack([weights[name] * part for name, part in parts.items()]).sum(), **parts}
