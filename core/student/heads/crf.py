"""The BIO tags of a whole tweet at once: a linear-chain CRF over the words' logits."""

import torch
from torch import Tensor, nn

from core.student import crf
from core.student.heads._softmax import classifier
from core.student.views import IGNORED


class Head(nn.Module):
    """States at the words (B, n, d) → emissions (B, n, labels); the chain's scores are the head's own.

    Its posteriors are the field's token marginals, so that two views can be compared word by word (equation 3).
    """

    def __init__(self, width: int, labels: int, dropout: float) -> None:
        super().__init__()
        self.classifier = classifier(width, labels, dropout)
        self.start = nn.Parameter(torch.zeros(labels))
        self.transitions = nn.Parameter(torch.zeros(labels, labels))
        self.end = nn.Parameter(torch.zeros(labels))

    def forward(self, states: Tensor) -> Tensor:
        """Emissions (B, n, labels)."""
        emissions: Tensor = self.classifier(states)
        return emissions

    def nll(self, logits: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
        """−log p of the gold taggings, summed over the batch; a tweet without gold labels takes no part."""
        is_labelled = labels[:, 0] != IGNORED
        likelihoods = crf.log_likelihood(logits, labels.clamp(min=0), mask, self._chain())
        return -(likelihoods * is_labelled).sum()

    def log_posteriors(self, logits: Tensor, mask: Tensor, temperature: float = 1.0) -> Tensor:
        """Log marginals of each word's label, by forward-backward."""
        return crf.log_marginals(logits, mask, self._chain(), temperature=temperature)

    def decode(self, logits: Tensor, mask: Tensor) -> Tensor:
        """The likeliest tagging, by Viterbi."""
        return crf.viterbi(logits, mask, self._chain())

    def _chain(self) -> crf.Chain:
        return crf.Chain(self.start, self.transitions, self.end)
