"""From the encoder's states to labels. Each file of this folder is one head; its name is the head's.

A file holds a class `Head`, a module made from the encoder's width, the number of labels and the dropout. Called with
the states (B, P, d) at a sample's places, it gives logits (B, n, labels): one row of them for every label that is asked
for. `nll`, `log_posteriors` and `decode` say what the logits mean.
"""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from torch import Tensor


class Reading(Protocol):
    """What a head makes of its logits (B, n, C). In mask (B, n), True stands where a label is asked for."""

    def nll(self, logits: "Tensor", labels: "Tensor", mask: "Tensor") -> "Tensor":
        """Equation 4: −log p(y* | view), summed over the batch. Labels (B, n) are IGNORED where no gold is known."""
        ...

    def log_posteriors(self, logits: "Tensor", mask: "Tensor", temperature: float = 1.0) -> "Tensor":
        """log p(y_i | view) of each single label: (B, n, C)."""
        ...

    def decode(self, logits: "Tensor", mask: "Tensor") -> "Tensor":
        """The best labels (B, n)."""
        ...
