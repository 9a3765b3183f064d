"""Each word's BIO tag on its own, from the state of its first sub-word."""

from torch import Tensor

from core.student.heads._softmax import SoftmaxHead, classifier


class Head(SoftmaxHead):
    """States at the words (B, n, d) → logits (B, n, labels)."""

    def __init__(self, width: int, labels: int, dropout: float) -> None:
        super().__init__()
        self.classifier = classifier(width, labels, dropout)

    def forward(self, states: Tensor) -> Tensor:
        """Logits (B, n, labels)."""
        logits: Tensor = self.classifier(states)
        return logits
