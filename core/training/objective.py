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
        self.alpha = config.alpha
        self.nll_student_weight = config.nll_student_weight
        self.distils = config.distils

    def forward(self, batch: Batch, share: float, samples: float) -> dict[str, Tensor]:
        """Each part summed over words and divided by `samples`, and the `loss`; α is at `share` of its value.

        Parts that this configuration does not have are absent: `nll`, `cpd`, `nll_student`.
        """
        head, parts = self.student.head, dict[str, Tensor]()
        target = batch.posteriors
        if target is None:
            teacher = self.student.with_knowledge(batch)
            parts["nll"] = head.nll(teacher, batch.labels, batch.asked)
            if self.alpha:
                with torch.no_grad():  # no gradient may reach a CRF's transitions through the teacher, either
                    target = head.log_posteriors(teacher, batch.asked, self.temperature)
        if self.distils:
            student = self.student.without_knowledge(batch)
            if target is not None and self.alpha:
                answer = head.log_posteriors(student, batch.asked, self.temperature)
                # Multiplied by T², so that gradients keep their size.
                parts["cpd"] = losses.kl(target, answer, batch.asked) * self.temperature**2
            parts["nll_student"] = head.nll(student, batch.labels, batch.asked)
        parts = {name: part / samples for name, part in parts.items()}
        weights = {"nll": 1.0, "cpd": self.alpha * share, "nll_student": self.nll_student_weight}
        return {"loss": torch.stack([weights[name] * part for name, part in parts.items()]).sum(), **parts}
