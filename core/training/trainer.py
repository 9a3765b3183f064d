"""The training loop: steps of the objective over shuffled batches, the best student by dev F1, tests at the end."""

import math
import os
import resource
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator, DistributedDataParallelKwargs
from accelerate.utils import broadcast_object_list

from core import bfloat16
from core.domain import View
from core.errors import BadInput
from core.evaluation.views import VIEWS, Example
from core.files import fingerprint
from core.prediction import Predictor
from core.student import files
from core.student.config import StudentConfig
from core.student.folder import WEIGHTS
from core.student.labels import label_set
from core.student.model import Student
from core.student.views import Batch
from core.training import checkpoint, folder, posteriors
from core.training.config import TrainConfig
from core.training.data import Batches, check_labels, digest, read_examples, read_unlabelled
from core.training.interrupts import stopping_between_steps
from core.training.objective import Objective
from core.training.optimizer import alpha_at, optimizer, rate_at
from core.training.posteriors import Kept
from core.training.progress import Progress, Report
from core.training.scoring import score_tests, score_view
from core.training.start import begin, differences
from core.training.teacher import FrozenTeacher

CHECKPOINT_EVERY = 50
"""Steps between checkpoints: what a kill can cost at most."""

METRICS_EVERY = 10
"""Steps that a line of metrics is the mean of."""


class Trainer:
    """One training in one folder (see `core.training.folder`). Started again there, it goes on to the very same end.

    The order of batches and every dropout follow from (seed, epoch, step, process) alone, so a checkpoint needs no
    random state. Under `accelerate launch` all processes run the same code; the first one scores and writes.
    """

    def __init__(self, config: TrainConfig, root: Path, home: Path) -> None:
        """`root` is the folder of the corpora, `home` the training's own.

        Raises:
            BadInput: the training is over, a file or the teacher cannot be read, the parts do not fit each other, or a
                tweet is longer than the encoder reads.
            Unavailable: the encoder cannot be loaded.
        """
        if folder.is_over(home):
            checkpoint.remove(home)
            (home / posteriors.NAME).unlink(missing_ok=True)
            raise BadInput(f"{home} holds a student whose training is over; name another folder")
        self._clock = time.monotonic()
        self.config = config
        self.folder = home
        task = config.student.task
        self.dev = read_examples(config.dev, root, task)
        self.tests = {name: read_examples(split, root, task) for name, split in config.test.items()}
        self.examples = read_examples(config.train, root, task, config.augment)
        more = [example for split in config.transfer for example in read_unlabelled(split, root, task)]
        teacher, start = self._load_teacher(), self._load_start()
        seen = [each.labels for each in (*self.examples, *self.dev)]  # few samples may lack a label that dev has
        labels = self._known_labels(teacher, start) or label_set(seen, task)

        torch.manual_seed(config.seed)
        # What accelerate was configured with elsewhere doesn't change a training: its file says everything.
        self._accelerator = Accelerator(
            cpu=not torch.cuda.is_available(),
            mixed_precision="no",
            gradient_accumulation_steps=1,
            kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=not config.distils)],
        )
        self._device = self._accelerator.device
        self._bf16 = config.bf16 and bfloat16.is_native(self._device)
        self.student, self.views = files.new(StudentConfig(**config.student.model_dump(), labels=labels))
        if self._device.type == "cpu":  # where the fused attention's backward pass is the slower one
            self.student.encoder.set_attn_implementation("eager")
        self._everything = [*self.examples, *more]
        self._check(self._everything, labels)
        if start:
            begin(self.student, start)
        elif teacher and not differences(self.student.config, teacher.student.config):
            begin(self.student, teacher.student)
        self._teacher = teacher
        self._labelled = Kept(home, may_write=self._accelerator.is_main_process)
        processes = self._accelerator.num_processes
        self._course = checkpoint.Course(
            config=config,
            samples=digest(self._everything),
            dev_samples=digest(self.dev),
            labels=labels,
            start=fingerprint(self._beside(config.start) / WEIGHTS) if config.start else None,
            teacher=teacher.fingerprint if teacher else None,
            processes=processes,
            precision=self._precision,
        )
        self.batches = Batches(self._everything, self.views, labels, config.batch_size * processes, processes=processes)
        self.steps = len(self.batches) * config.epochs
        self._optimizer = optimizer(self.student, config)
        self._rates = [group["lr"] for group in self._optimizer.param_groups]
        self._objective = self._accelerator.prepare(Objective(self.student, config))
        self.state = checkpoint.State()
        self._recent = _Window()
        self._between = 0.0  # seconds from an epoch's last step to the first of the next
        self._stepped: float | None = None

    @property
    def speaks(self) -> bool:
        """Whether this is the first of the processes that train together, or the only one."""
        return bool(self._accelerator.is_main_process)

    @property
    def _precision(self) -> str:
        return "bf16" if self._bf16 else "fp32"

    @property
    def chosen_by(self) -> View:
        """The view whose dev F1 chooses the best epoch: the prompt's, where it is trained."""
        return "without_knowledge" if self.config.distils else "with_knowledge"

    def run(self, report: Report) -> dict[str, Any]:
        """Train to the end, from the checkpoint where there is one, and give the result. Ctrl-C keeps what was reached.

        A teacher that stands still labels all samples first.

        Raises:
            BadInput: another process trains in this folder, its checkpoint belongs to another configuration, or the
                learning rates are so high that the loss is no number any more.
        """
        with folder.at_work(self.folder) if self._accelerator.is_main_process else nullcontext():
            self.state = checkpoint.restore(self.folder, self._course, self.student, self._optimizer)
            self._accelerator.wait_for_everyone()
            if self._accelerator.is_main_process:
                folder.write_config(self.folder, self.config)
            try:
                self._ask_teacher(report)
            except KeyboardInterrupt:
                self._save()  # the time that it took, too
                raise
            with stopping_between_steps() as is_asked:
                try:
                    while not self._is_done():
                        self._train_epoch(self.state.scored, report, is_asked)
                        self._save()
                        self._end_epoch()
                        self._stop_if(is_asked())
                except KeyboardInterrupt:
                    self._save()
                    raise
            return self._finish()

    def _ask_teacher(self, report: Report) -> None:
        """Give the batches what the teacher that stands still thinks, where there is one."""
        if self._teacher:
            labelled = self._teacher.posteriors(
                self._everything,
                temperature=self.config.temperature,
                device=self._device,
                bf16=self._bf16,
                kept=self._labelled,
                report=report,
            )
            self.batches.teach(labelled)

    def _beside(self, named: Path) -> Path:
        """Another student's folder. Normalised, for the training's own, past which the way goes, may not be there."""
        return Path(os.path.normpath(self.folder / named))

    def _load_start(self) -> Student | None:
        """The student that the training goes on from, where one is named."""
        if self.config.start is None:
            return None
        start, _ = files.load(self._beside(self.config.start))
        for name in differences(self.config.student, start.config):
            ours, theirs = getattr(self.config.student, name), getattr(start.config, name)
            raise BadInput(f"start {self.config.start} has {name} = {theirs!r}, student.{name} is {ours!r}")
        return start

    def _known_labels(self, teacher: FrozenTeacher | None, start: Student | None) -> tuple[str, ...]:
        """The labels of the students that this one learns of, whose logits have their order; none where there are
        none."""
        named = [each.config.labels for each in (teacher and teacher.student, start) if each]
        for other in named[1:]:
            if other != named[0]:
                raise BadInput(
                    f"start {self.config.start} has labels {', '.join(other)}, teacher {self.config.teacher} "
                    f"{', '.join(named[0])}: both must be trained with the same types"
                )
        return named[0] if named else ()

    def _load_teacher(self) -> FrozenTeacher | None:
        """The teacher that stands still, where there is one."""
        if self.config.teacher is None:
            return None
        teacher = FrozenTeacher(self._beside(self.config.teacher))
        if teacher.student.config.task != self.config.student.task:
            raise BadInput(
                f"teacher {self.config.teacher} has head {teacher.student.config.head!r}, which answers another "
                f"question than {self.config.student.head!r}"
            )
        return teacher

    def _check(self, train: list[Example], labels: tuple[str, ...]) -> None:
        """Find out now what would end the training late or mar its scores: a tweet too long, a type by another name."""
        everything = (*train, *self.dev, *(example for test in self.tests.values() for example in test))
        self.views.encode_all([(example.sample, ()) for example in everything])
        ours = _labels(self.examples)
        for name, theirs in (("train", ours), ("dev", _labels(self.dev))):
            if unknown := theirs.difference(labels):
                whose = "teacher" if self.config.teacher else "start"
                raise BadInput(f"{name} has label {min(unknown)!r}, which the {whose} doesn't: `rename` it")
        for name, examples in {"dev": self.dev, **{f"test.{name}": test for name, test in self.tests.items()}}.items():
            check_labels(name, _labels(examples), ours, self.config.student.task)

    def _is_done(self) -> bool:
        waited = self.state.scored - self.state.best_epoch
        return self.state.scored == self.config.epochs or waited == self.config.patience

    def _stop_if(self, asked: bool) -> None:
        """End the training, as Ctrl-C does, if any of its processes was asked to: no step can do without one."""
        if self._accelerator.reduce(torch.tensor(float(asked), device=self._device), "sum"):
            raise KeyboardInterrupt

    def _train_epoch(self, epoch: int, report: Report, is_asked: Callable[[], bool]) -> None:
        """The rest of an epoch's steps; none where it was stopped while it was scored."""
        batches = self.batches.epoch(
            epoch,
            seed=self.config.seed,
            section_dropout=self.config.section_dropout,
            process=self._accelerator.process_index,
            skip=self.state.step - epoch * len(self.batches),
        )
        for batch, samples in batches:
            begun = time.monotonic()
            if self._stepped is not None and self.state.step == epoch * len(self.batches):
                self._between = begun - self._stepped
            parts = self._train_step(batch.to(self._device), samples)
            step = self.state.step + 1
            self.state = self.state.model_copy(update={"step": step})
            self._recent.add(parts, time.monotonic() - begun, self._tokens(batch))
            self._stepped = time.monotonic()
            left = self._recent.pace * (self.steps - step) + self._between * (self.config.epochs - epoch)
            report(Progress(step, self.steps, epoch + 1, parts["loss"], self.state.best_f1, left))
            if step % METRICS_EVERY == 0:
                self._add_metrics({"step": step, "epoch": epoch + 1, **self._recent.close()})
            if step % CHECKPOINT_EVERY == 0:
                self._save()
            self._stop_if(is_asked())

    def _train_step(self, batch: Batch, samples: int) -> dict[str, float]:
        """One step; gives the parts of the loss over all processes, and α."""
        seed = self.config.seed * 1_000_003 + self.state.step
        torch.manual_seed(seed * self._accelerator.num_processes + self._accelerator.process_index)
        self._objective.train()
        alpha = alpha_at(self.state.step / len(self.batches), self.config)
        # Processes average their gradients: each divides by its even share of the batch, whatever its part of it.
        share = samples / self._accelerator.num_processes
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._bf16):
            parts = self._objective(batch, alpha, share)
        together = self._accelerator.reduce({name: part.detach() for name, part in parts.items()}, "mean")
        told = {name: float(part) for name, part in together.items()}
        if not math.isfinite(told["loss"]):
            raise BadInput(
                f"at step {self.state.step + 1} the loss is no number any more: lower encoder_lr "
                f"({self.config.encoder_lr:g}), head_lr ({self.config.head_lr:g}) or, of a CRF head, crf_lr "
                f"({self.config.crf_lr:g}), and name another folder"
            )
        self._accelerator.backward(parts["loss"])
        self._accelerator.clip_grad_norm_(self._objective.parameters(), self.config.clip)
        for group, rate in zip(self._optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate * rate_at(self.state.step, self.steps, self.config.warmup)
        self._optimizer.step()
        self._optimizer.zero_grad()
        return {"alpha": alpha, **told}

    def _tokens(self, batch: Batch) -> int:
        """Sub-words that the encoders read in a step, if all processes have as many as this one."""
        read = 0 if self.config.teacher else int(batch.knowledge_mask.sum())
        read += int(batch.text_mask.sum()) if self.config.distils else 0
        return read * int(self._accelerator.num_processes)

    def _end_epoch(self) -> None:
        """Score the epoch on dev, and keep its weights if they are the best so far."""
        told: list[dict[View, float]] = [{}]
        if self._accelerator.is_main_process:
            predictor = Predictor(self.student, self.views, self.folder.name)
            told = [{view: score_view(predictor, self.dev, view).f1 for view in VIEWS}]
        dev: dict[View, float] = broadcast_object_list(told)[0]  # so that all processes stop at the same epoch
        changes: dict[str, Any] = {"scored": self.state.scored + 1}
        if self.state.best_f1 is None or dev[self.chosen_by] > self.state.best_f1:
            changes |= {"best_f1": dev[self.chosen_by], "best_epoch": self.state.scored + 1}
            if self._accelerator.is_main_process:
                files.save(self.student, self.folder)
        self._add_metrics({"step": self.state.step, "epoch": self.state.scored + 1, "dev": dev})
        self.state = self.state.model_copy(update=changes)
        self._save()

    def _finish(self) -> dict[str, Any]:
        """Score the best epoch's weights, as they were kept, on the tests."""
        result: dict[str, Any] = {}
        if self._accelerator.is_main_process:
            tests = score_tests(self.folder, self.tests, self._device)
            self._count_costs()
            result = {
                "best_epoch": self.state.best_epoch,
                "best_dev_f1": self.state.best_f1,
                "chosen_by": self.chosen_by,
                "steps": self.state.step,
                "seconds": round(self.state.seconds, 1),
                "precision": self._precision,
                "peak_memory_gb": round(self.state.peak_memory / 2**30, 2),
                "parameters": sum(weight.numel() for weight in files.trained_weights(self.student).values()),
                "student": fingerprint(self.folder / WEIGHTS),
                "teacher": self._course.teacher,
                "start": self._course.start,
                "tests": tests,
            }
            folder.write_result(self.folder, result)
            checkpoint.remove(self.folder)
            self._labelled.remove()
        self._accelerator.wait_for_everyone()
        return result

    def _add_metrics(self, line: dict[str, Any]) -> None:
        if self._accelerator.is_main_process:
            folder.add_metrics(self.folder, line)

    def _save(self) -> None:
        self._count_costs()
        if self._accelerator.is_main_process:
            checkpoint.save(self.folder, self._course, self.state, self.student, self._optimizer)

    def _count_costs(self) -> None:
        """Add the time since the last count, reading, scoring and the teacher's pass included; and see to the peak."""
        now = time.monotonic()
        costs = {
            "seconds": self.state.seconds + now - self._clock,
            "peak_memory": max(self.state.peak_memory, _peak_memory()),
        }
        self.state = self.state.model_copy(update=costs)
        self._clock = now


def _labels(examples: Sequence[Example]) -> set[str]:
    return {label for example in examples for label in example.labels}


class _Window:
    """The steps since the last line of metrics."""

    def __init__(self) -> None:
        self.pace = 0.0  # seconds a step, of the last whole window or what there is of the first
        self._is_first = True
        self._clear()

    def _clear(self) -> None:
        self._sums, self._steps, self._seconds, self._tokens = defaultdict[str, float](float), 0, 0.0, 0

    def add(self, parts: dict[str, float], seconds: float, tokens: int) -> None:
        """Count one step."""
        for name, part in parts.items():
            self._sums[name] += part
        self._steps += 1
        self._seconds += seconds
        self._tokens += tokens
        if self._is_first:
            self.pace = self._seconds / self._steps

    def close(self) -> dict[str, float]:
        """The means of the steps, and a new window."""
        self._is_first = False
        self.pace = self._seconds / self._steps
        line = {name: round(total / self._steps, 4) for name, total in self._sums.items()}
        line["seconds_a_step"] = round(self.pace, 3)
        line["tokens_a_second"] = round(self._tokens / self._seconds)
        self._clear()
        return line


def _peak_memory() -> int:
    """The most memory that was taken, in bytes: the accelerator's where there is one, else this process'."""
    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * 1024
