"""Labels that are chosen each on its own, by a softmax."""

from torch import Tensor, nn
from torch.nn import functional

from core.student.views import IGNORED


class SoftmaxHead(nn.Module):
    """The readings of independent labels."""

    def nll(self, logits: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
        """−log p of the gold labels, summed over the batch."""
        return functional.cross_entropy(
            logits.float().flatten(0, 1), labels.flatten(), ignore_index=IGNORED, reduction="sum"
        )

    def log_posteriors(self, logits: Tensor, mask: Tensor, temperature: float = 1.0) -> Tensor:
        """log softmax of the logits over the labels, tempered."""
        return (logits.float() / temperature).log_softmax(dim=-1)

    def decode(self, logits: Tensor, mask: Tensor) -> Tensor:
        """The most probable label at each place."""
        return logits.argmax(dim=-1)


def classifier(width: int, labels: int, dropout: float) -> nn.Sequential:
    """LayerNorm, dropout and a linear map.

    Some encoders' states are tiny (std 0.06); without a LayerNorm a linear map learns nothing for epochs.
    """
    return nn.Sequential(nn.LayerNorm(width), nn.Dropout(dropout), nn.Linear(width, labels))
