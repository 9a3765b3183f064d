"""The training loop: both views of every batch in one step (paper, equation 5), best student by dev F1."""

import itertools
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from core.domain import View
from core.evaluation.mner import SpanScores, span_scores
from core.prediction import Predictor
from core.student import files, losses
from core.student.model import StudentConfig
from core.student.views import Batch
from core.training import checkpoint
from core.training.config import TrainConfig
from core.training.data import Batches, Example, label_set, read_examples

CHECKPOINT_EVERY = 50
"""Steps between checkpoints: what a kill can cost at most."""

VIEWS: tuple[View, ...] = ("without_knowledge", "with_knowledge")


@dataclass(frozen=True)
class Progress:
    """Where a training stands; seconds are since this run of it began."""

    step: int
    steps: int
    epoch: int
    loss: float
    best_f1: float | None
    seconds_left: float


@dataclass(frozen=True)
class _Begun:
    """At which step this run of a training began, and when (seconds of `time.monotonic`)."""

    step: int
    at: float

    def pace(self, step: int) -> float:
        """Seconds a step."""
        return (time.monotonic() - self.at) / max(1, step - self.step)


def score(predictor: Predictor, examples: Sequence[Example], view: View) -> SpanScores:
    """Span scores of a student on labelled examples, seen in one view."""
    items = [(example.tokens, example.sections) for example in examples]
    labelled = predictor.label(items, view)
    return span_scores([example.tags for example in examples], [words.tags for words in labelled])


class Trainer:
    """One training in one folder. Started again in the same folder, it goes on to the very same end.

    The order of batches and every dropout follow from (seed, epoch, step) alone, so a checkpoint needs no random
    state. The folder holds `metrics.jsonl`, the best student by dev F1 on text alone, and a checkpoint until the end.
    """

    def __init__(self, config: TrainConfig, root: Path, folder: Path) -> None:
        self.config = config
        self.folder = folder
        self.train = read_examples(config.format, config.train, root)
        self.dev = read_examples(config.format, config.dev, root)
        torch.manual_seed(config.seed)
        self.student, self.views = files.new(
            StudentConfig(
                encoder=config.encoder,
                labels=label_set(self.train),
                prompt_length=config.prompt_length,
                max_length=config.max_length,
                dropout=config.dropout,
            )
        )
        self.batches = Batches(self.train, self.views, self.student.config.labels, config.batch_size)
        self.steps = len(self.batches) * config.epochs
        encoder_weights = [weight for weight in self.student.encoder.parameters() if weight.requires_grad]
        own_weights = [*self.student.prompt.parameters(), *self.student.head.parameters()]
        self.optimizer = torch.optim.AdamW(
            [{"params": encoder_weights, "lr": config.encoder_lr}, {"params": own_weights, "lr": config.head_lr}],
            weight_decay=config.weight_decay,
        )
        self._base_rates = [group["lr"] for group in self.optimizer.param_groups]
        self.step = 0
        self.scored = 0  # epochs whose dev scores are known
        self.best_f1: float | None = None

    def run(self, report: Callable[[Progress], None]) -> None:
        """Train to the end, from the checkpoint where there is one. Ctrl-C keeps what was reached.

        Raises:
            BadInput: the folder holds a finished student, or its checkpoint belongs to another configuration.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        checkpoint.restore(self)
        begun = _Begun(self.step, time.monotonic())
        try:
            while self.scored < self.config.epochs:
                parts = self._train_epoch(self.scored, begun, report)
                checkpoint.save(self)
                self._end_epoch(parts, begun.pace(self.step))
        except KeyboardInterrupt:
            checkpoint.save(self)
            raise
        checkpoint.remove(self)

    def _train_epoch(self, epoch: int, begun: "_Begun", report: Callable[[Progress], None]) -> dict[str, float]:
        """The rest of an epoch's steps; none where it was stopped while it was scored."""
        parts: dict[str, float] = {}
        done = self.step - epoch * len(self.batches)
        batches = self.batches.epoch(epoch, seed=self.config.seed, section_dropout=self.config.section_dropout)
        for batch in itertools.islice(batches, done, None):
            parts = self._train_step(batch)
            left = begun.pace(self.step) * (self.steps - self.step)
            report(Progress(self.step, self.steps, epoch + 1, parts["loss"], self.best_f1, left))
            if self.step % CHECKPOINT_EVERY == 0:
                checkpoint.save(self)
        return parts

    def _train_step(self, batch: Batch) -> dict[str, float]:
        torch.manual_seed(self.config.seed * 1_000_003 + self.step)
        self.student.train()
        with torch.autocast("cpu", torch.bfloat16, enabled=self.config.bf16):
            teacher = self.student.with_knowledge(batch)
            student = self.student.without_knowledge(batch)
        parts = self._losses(teacher, student, batch.labels)
        parts["loss"].backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.student.parameters(), self.config.clip)
        for group, base in zip(self.optimizer.param_groups, self._base_rates, strict=True):
            group["lr"] = base * self._rate(self.step)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.step += 1
        return {name: part.item() for name, part in parts.items()}

    def _losses(self, teacher: Tensor, student: Tensor, labels: Tensor) -> dict[str, Tensor]:
        rising = self.config.alpha_warmup * len(self.batches)
        alpha = self.config.alpha * (min(1.0, self.step / rising) if rising else 1.0)
        parts = {
            "nll": losses.nll(teacher, labels),
            "cpd": losses.cpd(teacher, student, labels, temperature=self.config.temperature),
            "nll_student": losses.nll(student, labels),
        }
        loss = parts["nll"] + alpha * parts["cpd"]
        if self.config.nll_student_weight:
            loss = loss + self.config.nll_student_weight * parts["nll_student"]
        return {"loss": loss, **parts}

    def _end_epoch(self, parts: dict[str, float], pace: float) -> None:
        predictor = Predictor(self.student, self.views, self.folder.name)
        dev = {view: score(predictor, self.dev, view).f1 for view in VIEWS}
        if self.best_f1 is None or dev["without_knowledge"] > self.best_f1:
            self.best_f1 = dev["without_knowledge"]
            files.save(self.student, self.folder)
        self.scored += 1
        line = {"epoch": self.scored, "step": self.step, "seconds_a_step": round(pace, 3), "dev_f1": dev, **parts}
        with (self.folder / "metrics.jsonl").open("a") as metrics:
            metrics.write(json.dumps(line) + "\n")
        checkpoint.save(self)

    def _rate(self, step: int) -> float:
        """Linear warm-up, then linear decay to 0."""
        warm = max(1, round(self.config.warmup * self.steps))
        return min((step + 1) / warm, (self.steps - step) / max(1, self.steps - warm))
