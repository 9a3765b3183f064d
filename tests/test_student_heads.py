"""Heads and the distillation loss: distributions, padding, gradients."""

import pytest
import torch

from core import registry
from core.student import heads, losses
from core.student.views import IGNORED


def random_log_p(*shape: int) -> torch.Tensor:
    return torch.randn(*shape).log_softmax(-1)


def test_the_distillation_loss_is_zero_for_equal_views():
    same = random_log_p(2, 3, 5)
    mask = torch.tensor([[True, True, True], [True, False, False]])
    assert losses.kl(same, same.clone(), mask).item() == pytest.approx(0, abs=1e-6)
    assert losses.kl(same, random_log_p(2, 3, 5), mask).item() > 0.01


def test_the_distillation_loss_is_the_kl_divergence_summed_over_words():
    teacher, student = random_log_p(2, 2, 3), random_log_p(2, 2, 3)
    by_word = (teacher.exp() * (teacher - student)).sum(-1)
    expected = by_word[0, 0] + by_word[0, 1] + by_word[1, 0]
    mask = torch.tensor([[True, True], [True, False]])
    torch.testing.assert_close(losses.kl(teacher, student, mask), expected)


@pytest.fixture(scope="module", params=("linear", "crf"))
def head(request):
    torch.manual_seed(0)
    made = registry.find(heads, "head", request.param).Head(width=8, labels=3, dropout=0.0)
    for name, weight in made.named_parameters():
        if "classifier" not in name:  # the scores of a chain begin at 0
            torch.nn.init.normal_(weight)
    return made


def test_no_gradient_reaches_the_teachers_emissions_or_transitions_through_the_distillation_loss(head):
    mask = torch.ones(1, 2, dtype=torch.bool)
    teacher, student = (torch.randn(1, 2, 3, requires_grad=True) for _ in range(2))
    answer = head.log_posteriors(student, mask).detach().requires_grad_()  # so that only the teacher's way is left
    losses.kl(head.log_posteriors(teacher, mask), answer, mask).backward()
    assert teacher.grad is None
    assert all(weight.grad is None for weight in head.parameters())
    assert answer.grad is not None
    losses.kl(head.log_posteriors(teacher, mask), head.log_posteriors(student, mask), mask).backward()
    assert teacher.grad is None
    assert student.grad.abs().sum() > 0


def test_padding_takes_no_part_in_what_a_head_reads(head):
    mask = torch.tensor([[True, True, False], [True, True, True]])
    labels = torch.tensor([[1, 2, IGNORED], [0, 1, 2]])
    logits_ = torch.randn(2, 3, 3)
    changed = logits_.clone()
    changed[0, 2] += 5
    torch.testing.assert_close(head.nll(logits_, labels, mask), head.nll(changed, labels, mask))
    for read in (head.log_posteriors, head.decode):
        assert torch.equal(read(logits_, mask)[mask], read(changed, mask)[mask])


def test_what_nobody_labelled_takes_no_part_in_the_nll(head):
    mask = torch.tensor([[True, True], [True, True]])
    logits_ = torch.randn(2, 2, 3)
    labels = torch.tensor([[1, 2], [IGNORED, IGNORED]])
    torch.testing.assert_close(head.nll(logits_, labels, mask), head.nll(logits_[:1], labels[:1], mask[:1]))


def test_posteriors_are_distributions_and_temperature_flattens_them(head):
    mask = torch.ones(2, 3, dtype=torch.bool)
    logits_ = torch.randn(2, 3, 3)
    for temperature in (1.0, 4.0):
        log_p = head.log_posteriors(logits_, mask, temperature)
        torch.testing.assert_close(log_p.exp().sum(-1), torch.ones(2, 3))
    assert head.log_posteriors(logits_, mask, 4.0).max() < head.log_posteriors(logits_, mask, 1.0).max()
