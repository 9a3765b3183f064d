"""The linear-chain conditional random field (Lafferty et al., 2001): one distribution over a sentence's whole tagging.

p(y | x) = exp(s(x, y)) / Z(x), where the score s(x, y) of a path y = y₁ … yₙ sums the emission of each of its labels,
the transition of each pair of neighbours, and the scores of beginning with y₁ and ending with yₙ.

In all functions: emissions (B, n, C), finite, of any float type; mask (B, n), True on words, which come first, at least
one a row; computed in float32; padding changes no result and takes no gradient.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Chain:
    """What the field knows apart from the words: `start` (C,), `transitions` (C, C) from → to, `end` (C,); all finite.

    A transition that must not be taken has a large negative score, not −∞, whose gradient may be NaN.
    """

    start: Tensor
    transitions: Tensor
    end: Tensor

    def detach(self) -> "Chain":
        """The same scores, which take no gradient."""
        return Chain(self.start.detach(), self.transitions.detach(), self.end.detach())


def log_likelihood(emissions: Tensor, labels: Tensor, mask: Tensor, chain: Chain) -> Tensor:
    """log p(y | x) of the labels (B, n) → (B,). Labels on padding may be any number, such as −100."""
    emissions, chain = _in_float32(emissions, chain)
    log_z = (_forward(emissions, mask, chain)[:, -1] + chain.end).logsumexp(dim=1)
    return _path_score(emissions, labels.masked_fill(~mask, 0), mask, chain) - log_z


def log_marginals(emissions: Tensor, mask: Tensor, chain: Chain, *, temperature: float = 1.0) -> Tensor:
    """log p(yᵢ = c | x) of each word by forward-backward → (B, n, C); padding repeats its row's last word.

    A temperature T divides all scores, so that each path's probability becomes p(y | x)^(1/T), normalised anew.
    """
    emissions, chain = _in_float32(emissions, chain, temperature)
    # Log Z is the same at every word, but for rounding; each word's own takes most of float32's error out of long rows.
    return (_forward(emissions, mask, chain) + _backward(emissions, mask, chain)).log_softmax(dim=2)


def viterbi(emissions: Tensor, mask: Tensor, chain: Chain) -> Tensor:
    """The labels (B, n) of the likeliest path of each row; 0 on padding."""
    emissions, chain = _in_float32(emissions.detach(), chain.detach())
    score = chain.start + emissions[:, 0]
    origins = []  # origins[i - 1][b, c]: the label before word i on the best path that has c there
    for i in range(1, emissions.shape[1]):
        best, origin = (score[:, :, None] + chain.transitions).max(dim=1)
        score = torch.where(mask[:, i, None], best + emissions[:, i], score)
        origins.append(origin)
    label = (score + chain.end).argmax(dim=1)
    path = [label]
    for i in range(emissions.shape[1] - 1, 0, -1):
        label = torch.where(mask[:, i], origins[i - 1].gather(1, label[:, None]).squeeze(1), label)
        path.append(label)
    return torch.stack(path[::-1], dim=1).masked_fill(~mask, 0)


def _in_float32(emissions: Tensor, chain: Chain, temperature: float = 1.0) -> tuple[Tensor, Chain]:
    """All scores in float32, divided by the temperature."""
    start, transitions, end = (score.float() / temperature for score in (chain.start, chain.transitions, chain.end))
    return emissions.float() / temperature, Chain(start, transitions, end)


def _path_score(emissions: Tensor, labels: Tensor, mask: Tensor, chain: Chain) -> Tensor:
    """s(x, y) of the labels (B, n), all of them in [0, C) → (B,)."""
    emitted = emissions.gather(2, labels[:, :, None]).squeeze(2) * mask
    moved = chain.transitions[labels[:, :-1], labels[:, 1:]] * mask[:, 1:]
    last = labels.gather(1, mask.sum(dim=1, keepdim=True) - 1).squeeze(1)
    return chain.start[labels[:, 0]] + emitted.sum(dim=1) + moved.sum(dim=1) + chain.end[last]


def _forward(emissions: Tensor, mask: Tensor, chain: Chain) -> Tensor:
    """αᵢ(c) (B, n, C): log of the sum over all paths up to word i that have c there; padding repeats the last word."""
    alphas = [chain.start + emissions[:, 0]]
    for i in range(1, emissions.shape[1]):
        alpha = (alphas[-1][:, :, None] + chain.transitions).logsumexp(dim=1) + emissions[:, i]
        alphas.append(torch.where(mask[:, i, None], alpha, alphas[-1]))
    return torch.stack(alphas, dim=1)


def _backward(emissions: Tensor, mask: Tensor, chain: Chain) -> Tensor:
    """βᵢ(c) (B, n, C): log of the sum over all paths behind word i that come from c; the end's scores on padding."""
    betas = [chain.end.expand(len(emissions), -1)]
    for i in range(emissions.shape[1] - 1, 0, -1):
        beta = (chain.transitions + (emissions[:, i] + betas[-1])[:, None, :]).logsumexp(dim=2)
        betas.append(torch.where(mask[:, i, None], beta, betas[-1]))
    return torch.stack(betas[::-1], dim=1)
