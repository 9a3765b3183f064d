"""The relation of two mentions, from the states at the markers before them."""

from torch import Tensor

from core.student.heads._softmax import SoftmaxHead, classifier


class Head(SoftmaxHead):
    """States at the head's and the tail's marker (B, 2, d) → logits (B, 1, relations)."""

    def __init__(self, width: int, labels: int, dropout: float) -> None:
        super().__init__()
        self.classifier = classifier(2 * width, labels, dropout)

    def forward(self, states: Tensor) -> Tensor:
        """Logits (B, 1, relations)."""
        logits: Tensor = self.classifier(states.flatten(1))
        return logits[:, None]
