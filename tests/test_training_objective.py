"""The losses of a training step (paper, equations 3 and 5), as both views of one student have them."""

from pathlib import Path

import pytest
import torch

from core.training import trainer
from core.training.objective import Objective
from tests.tiny import config


@pytest.fixture
def root(corpora: Path) -> Path:
    """A folder with a tiny encoder and a tiny corpus."""
    return corpora


def test_with_a_temperature_both_views_are_flattened_and_the_loss_keeps_its_size(root, tmp_path):
    training = trainer.Trainer(config(root, temperature=2.0, epochs=1), root, tmp_path / "run")
    batch, size = next(training.batches.epoch(0, seed=1, section_dropout=0))
    training.student.eval()
    with torch.inference_mode():
        parts = Objective(training.student, training.config)(batch, 1.0, size)
        p, q = (
            (getattr(training.student, view)(batch) / 2).log_softmax(-1)[batch.asked]
            for view in ("with_knowledge", "without_knowledge")
        )
    expected = 4 * (p.exp() * (p - q)).sum() / size
    torch.testing.assert_close(parts["cpd"], expected)


@pytest.mark.parametrize("head", ["linear", "crf"])
def test_the_distillation_loss_of_a_step_moves_nothing_through_the_knowledge_view(root, tmp_path, monkeypatch, head):
    training = trainer.Trainer(config(root, student={"head": head}), root, tmp_path / "run")
    student, made = training.student, {}
    batch, size = next(training.batches.epoch(0, seed=1, section_dropout=0))

    def keep(view):
        read = getattr(student, view)

        def kept(batch):
            made[view] = read(batch)
            made[view].retain_grad()
            return made[view]

        monkeypatch.setattr(student, view, kept)

    keep("with_knowledge")
    keep("without_knowledge")
    parts = Objective(student, training.config)(batch, 1.0, size)
    parts["cpd"].backward(retain_graph=True)
    assert made["with_knowledge"].grad is None
    assert made["without_knowledge"].grad.abs().sum() > 0
    parts["nll"].backward()
    assert made["with_knowledge"].grad.abs().sum() > 0


@pytest.mark.parametrize("head", ["linear", "crf"])
def test_views_that_see_the_same_are_no_distance_apart(root, tmp_path, head):
    bare = config(root, train={"path": "train.txt"}, student={"head": head, "generator": "bare"})
    training = trainer.Trainer(bare, root, tmp_path / "run")
    batch, size = next(training.batches.epoch(0, seed=1, section_dropout=0))
    training.student.eval()
    with torch.inference_mode():
        parts = Objective(training.student, training.config)(batch, 1.0, size)
    assert parts["nll"].item() > 0.1
    assert parts["cpd"].item() == pytest.approx(0, abs=1e-5)
