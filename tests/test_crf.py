"""The conditional random field, against all paths counted one by one and against pytorch-crf."""

import itertools

import pytest
import torch
import torchcrf
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from core.student import crf
from core.student.crf import Chain
from core.student.views import IGNORED

RAGGED = st.lists(st.integers(1, 4), min_size=1, max_size=4)
"""Words of each sentence in a batch."""


def fields(seed: int, lengths: list[int], labels: int = 3, spread: float = 2.0) -> tuple[Tensor, Tensor, Tensor, Chain]:
    """Random emissions, labels, mask and chain; the leaves take gradients."""
    dice = torch.Generator().manual_seed(seed)
    longest = max(lengths)

    def scores(*shape: int) -> Tensor:
        return (torch.randn(*shape, generator=dice) * spread).requires_grad_()

    mask = torch.arange(longest)[None, :] < torch.tensor(lengths)[:, None]
    gold = torch.randint(labels, mask.shape, generator=dice).masked_fill(~mask, IGNORED)
    return scores(*mask.shape, labels), gold, mask, Chain(scores(labels), scores(labels, labels), scores(labels))


def every_path(emissions: Tensor, chain: Chain) -> tuple[Tensor, Tensor]:
    """All Cⁿ paths (P, n) through one sentence's emissions (n, C), and their scores (P,) in float64."""
    words, labels = emissions.shape
    start, transitions, end = (score.double() for score in (chain.start, chain.transitions, chain.end))
    paths = torch.tensor(list(itertools.product(range(labels), repeat=words)))
    scores = start[paths[:, 0]] + end[paths[:, -1]] + emissions.double()[torch.arange(words), paths].sum(dim=1)
    return paths, scores + transitions[paths[:, :-1], paths[:, 1:]].sum(dim=1)


def counted_log_marginals(emissions: Tensor, chain: Chain, temperature: float = 1.0) -> Tensor:
    """log p(yᵢ = c | x) (n, C) of one sentence, by counting paths."""
    paths, scores = every_path(emissions, chain)
    log_p = (scores / temperature).log_softmax(dim=0)
    words, labels = emissions.shape
    sums = [log_p[paths[:, i] == c].logsumexp(dim=0) for i in range(words) for c in range(labels)]
    return torch.stack(sums).view(words, labels)


def gradients(value: Tensor, emissions: Tensor, chain: Chain) -> tuple[Tensor, ...]:
    """Of a sum, weighted so that nothing cancels out, with regard to emissions, start, transitions and end."""
    weights = torch.linspace(0.5, 1.5, value.numel(), dtype=value.dtype).view_as(value)
    leaves = (emissions, chain.start, chain.transitions, chain.end)
    return torch.autograd.grad((value * weights).sum(), leaves, materialize_grads=True)


def oracle(chain: Chain) -> torchcrf.CRF:
    """pytorch-crf with our scores."""
    module = torchcrf.CRF(len(chain.start), batch_first=True)
    with torch.no_grad():
        module.start_transitions.copy_(chain.start)
        module.transitions.copy_(chain.transitions)
        module.end_transitions.copy_(chain.end)
    return module


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**32), lengths=RAGGED)
def test_the_likelihood_is_a_paths_share_of_all_paths(seed, lengths):
    emissions, gold, mask, chain = fields(seed, lengths)
    result = crf.log_likelihood(emissions, gold, mask, chain)
    for row, n in enumerate(lengths):
        paths, scores = every_path(emissions[row, :n], chain)
        own = (paths == gold[row, :n]).all(dim=1)
        torch.testing.assert_close(result[row].double(), scores.log_softmax(dim=0)[own][0], atol=1e-4, rtol=1e-5)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**32), lengths=RAGGED, temperature=st.sampled_from([0.5, 1.0, 2.0, 4.0]))
def test_the_marginals_sum_the_paths_through_a_label_at_any_temperature(seed, lengths, temperature):
    emissions, _, mask, chain = fields(seed, lengths)
    result = crf.log_marginals(emissions, mask, chain, temperature=temperature)
    for row, n in enumerate(lengths):
        counted = counted_log_marginals(emissions[row, :n], chain, temperature)
        torch.testing.assert_close(result[row, :n].double(), counted, atol=1e-4, rtol=1e-5)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**32), lengths=RAGGED)
def test_viterbi_finds_the_best_of_all_paths(seed, lengths):
    emissions, _, mask, chain = fields(seed, lengths)
    result = crf.viterbi(emissions, mask, chain)
    for row, n in enumerate(lengths):
        paths, scores = every_path(emissions[row, :n], chain)
        found = scores[(paths == result[row, :n]).all(dim=1)][0]
        torch.testing.assert_close(found, scores.max(), atol=1e-5, rtol=0)  # the best, or as good as it in float32


@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_the_marginals_gradients_are_those_of_counting(temperature):
    emissions, _, mask, chain = fields(3, [4])
    ours = gradients(crf.log_marginals(emissions, mask, chain, temperature=temperature), emissions, chain)
    counted = gradients(counted_log_marginals(emissions[0], chain, temperature), emissions, chain)
    for our, its in zip(ours, counted, strict=True):
        torch.testing.assert_close(our, its, atol=1e-4, rtol=1e-4)
        assert our.abs().max() > 0.01


@pytest.mark.parametrize("seed", range(4))
def test_likelihood_and_its_gradients_are_those_of_pytorch_crf(seed):
    emissions, gold, mask, chain = fields(seed, [7, 1, 12, 5], labels=9)
    module = oracle(chain)
    theirs = module(emissions, gold.clamp(min=0), mask, reduction="none")
    ours = crf.log_likelihood(emissions, gold, mask, chain)
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-5)
    held = Chain(module.start_transitions, module.transitions, module.end_transitions)
    for our, its in zip(gradients(ours, emissions, chain), gradients(theirs, emissions, held), strict=True):
        torch.testing.assert_close(our, its, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("seed", range(4))
def test_viterbi_finds_the_path_of_pytorch_crf(seed):
    lengths = [7, 1, 12, 5]
    emissions, _, mask, chain = fields(seed, lengths, labels=9)
    result = crf.viterbi(emissions, mask, chain)
    assert [row[:n] for row, n in zip(result.tolist(), lengths, strict=True)] == oracle(chain).decode(emissions, mask)
    assert (result[~mask] == 0).all()


def test_the_marginals_of_every_word_sum_to_one():
    emissions, _, mask, chain = fields(5, [6, 2, 400], labels=9)
    torch.testing.assert_close(crf.log_marginals(emissions, mask, chain).exp().sum(dim=2), torch.ones(mask.shape))


def test_the_marginals_are_the_gradient_of_log_z():
    emissions, gold, mask, chain = fields(6, [6, 2, 9], labels=5)
    # log p(y | x) is s(x, y) − log Z, and the slope of s is 1 at the labels of y, else 0.
    likelihood = crf.log_likelihood(emissions, gold, mask, chain)
    (slope,) = torch.autograd.grad(likelihood.sum(), emissions)
    own = functional.one_hot(gold.clamp(min=0), 5)
    torch.testing.assert_close((own - slope)[mask], crf.log_marginals(emissions, mask, chain).exp()[mask])


def test_padding_changes_nothing_and_takes_no_gradient():
    lengths = [4, 1, 3]
    emissions, gold, mask, chain = fields(7, lengths)
    wide = functional.pad(emissions.detach(), (0, 0, 0, 5))
    wide_mask = functional.pad(mask, (0, 5))
    garbage = torch.where(wide_mask[:, :, None], wide, 1e4).requires_grad_()
    labels = torch.where(wide_mask, functional.pad(gold, (0, 5)), 77)
    likelihood = crf.log_likelihood(garbage, labels, wide_mask, chain)
    marginals = crf.log_marginals(garbage, wide_mask, chain)
    path = crf.viterbi(garbage, wide_mask, chain)
    for row, n in enumerate(lengths):
        alone, words, own = emissions[row : row + 1, :n], mask[row : row + 1, :n], gold[row : row + 1, :n]
        torch.testing.assert_close(likelihood[row], crf.log_likelihood(alone, own, words, chain)[0])
        torch.testing.assert_close(marginals[row, :n], crf.log_marginals(alone, words, chain)[0])
        assert torch.equal(marginals[row, n:], marginals[row, n - 1].expand(9 - n, -1))
        assert torch.equal(path[row, :n], crf.viterbi(alone, words, chain)[0])
    for value in (likelihood, marginals[wide_mask]):
        slope = gradients(value, garbage, chain)[0]
        assert (slope[~wide_mask] == 0).all()
        assert slope[wide_mask].abs().max() > 0


def test_temperature_one_is_the_identity_and_a_higher_one_is_flatter():
    emissions, _, mask, chain = fields(8, [5, 3])
    plain = crf.log_marginals(emissions, mask, chain)
    assert torch.equal(crf.log_marginals(emissions, mask, chain, temperature=1.0), plain)
    halves = Chain(chain.start / 2, chain.transitions / 2, chain.end / 2)
    warm = crf.log_marginals(emissions, mask, chain, temperature=2.0)
    assert torch.equal(warm, crf.log_marginals(emissions / 2, mask, halves))
    hot = crf.log_marginals(emissions, mask, chain, temperature=1e6)
    torch.testing.assert_close(hot.exp(), torch.full_like(hot, 1 / 3), atol=1e-4, rtol=0)


def test_long_sentences_stay_finite_and_exact():
    emissions, gold, mask, chain = fields(9, [400, 1, 399], labels=9, spread=10.0)
    likelihood = crf.log_likelihood(emissions, gold, mask, chain)
    exact = oracle(chain).double()(emissions.double(), gold.clamp(min=0), mask, reduction="none")
    torch.testing.assert_close(likelihood.double(), exact, atol=0, rtol=1e-5)
    for value in (likelihood, crf.log_marginals(emissions, mask, chain)):
        assert value.isfinite().all()
        assert all(slope.isfinite().all() for slope in gradients(value, emissions, chain))


def test_a_label_all_but_impossible_keeps_its_logarithm_and_gradient():
    emissions = torch.tensor([[[0.0, -300.0], [0.0, -300.0]]], requires_grad=True)
    mask = torch.ones(1, 2, dtype=torch.bool)
    chain = Chain(torch.zeros(2), torch.tensor([[0.0, -1e4], [0.0, 0.0]]), torch.zeros(2))
    result = crf.log_marginals(emissions, mask, chain)
    torch.testing.assert_close(result[0, :, 1], torch.tensor([-300.0, -600.0]))
    assert result[0, :, 1].exp().eq(0).all()
    (slope,) = torch.autograd.grad(result[0, 1, 1], emissions)
    torch.testing.assert_close(slope, torch.tensor([[[-1.0, 1.0], [-1.0, 1.0]]]))


def test_half_precision_emissions_are_computed_in_float32():
    emissions, gold, mask, chain = fields(10, [30, 8], labels=9)
    halves = emissions.detach().bfloat16()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        likelihood = crf.log_likelihood(halves, gold, mask, chain)
        marginals = crf.log_marginals(halves, mask, chain)
        path = crf.viterbi(halves, mask, chain)
    assert torch.equal(likelihood, crf.log_likelihood(halves.float(), gold, mask, chain))
    assert torch.equal(marginals, crf.log_marginals(halves.float(), mask, chain))
    assert torch.equal(path, crf.viterbi(halves.float(), mask, chain))
    assert likelihood.dtype == marginals.dtype == torch.float32


def test_a_detached_field_takes_no_gradient_and_answers_the_same():
    emissions, _, mask, chain = fields(11, [4, 2])
    still = crf.log_marginals(emissions.detach(), mask, chain.detach())
    assert not still.requires_grad
    assert torch.equal(still, crf.log_marginals(emissions, mask, chain))
