"""What a trained student finds in tweets, seen with and without knowledge."""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import torch
from pydantic import JsonValue
from torch import Tensor

from core import bfloat16
from core.domain import Caption, Knowledge, Maker, Prediction, Sample, ScoredEntity, ScoredRelation, Task, View
from core.domain.bio import entities_from_tags
from core.errors import BadInput
from core.progress import Progress
from core.settings import Settings
from core.student import files
from core.student.model import Student
from core.student.views import Batch, Encoded, ViewBuilder, sections
from core.students import student_folder, student_folders, weights_of

BATCH_SIZE = 32

LIKELIEST = 5
"""Relations of a pair that a prediction has."""


@dataclass(frozen=True)
class Labelled:
    """A student's labels of one sample, one BIO tag a word or one relation, and the probability it gives to each."""

    labels: list[str]
    probabilities: list[float]

    def entities(self) -> tuple[ScoredEntity, ...]:
        """The tags as spans, each scored by the geometric mean of its words' probabilities."""
        scored = []
        for entity in entities_from_tags(self.labels):
            logs = [math.log(max(p, 1e-12)) for p in self.probabilities[entity.start : entity.end]]
            score = min(1.0, math.exp(sum(logs) / len(logs)))
            scored.append(ScoredEntity(start=entity.start, end=entity.end, type=entity.type, score=score))
        return tuple(scored)


class Predictor:
    """A student ready to answer. It may be called from several threads: nothing of `student` or `views` is changed."""

    def __init__(self, student: Student, views: ViewBuilder, name: str, weights: str | None = None) -> None:
        """`weights` is the fingerprint of what `student` was loaded from, where it was."""
        self.name = name
        self.weights = weights
        self.student = student
        self.views = views
        self._device = student.embedding.weight.device
        self._bf16 = student.config.precision == "bf16" and bfloat16.is_native(self._device)

    @classmethod
    def load(cls, settings: Settings) -> "Predictor":
        """The student that the settings name.

        Raises:
            BadInput: there is none of that name, or its files are broken.
            Unavailable: its encoder cannot be loaded.
        """
        folder = student_folder(settings)
        if not folder.is_dir():
            known = ", ".join(student_folders(settings)) or "none yet"
            raise BadInput(f"no student is called {settings.student!r}; there are: {known}")
        while True:
            weights = weights_of(folder)
            student, views = files.load(folder)
            if weights_of(folder) == weights:  # a training may have written better ones meanwhile
                return cls(student, views, folder.name, weights)

    @property
    def mark(self) -> str:
        """What tells its answers from those of any other student, and from its own before it was trained anew."""
        return " ".join(filter(None, (self.name, self.weights)))

    @property
    def task(self) -> Task:
        """What the student was trained to answer."""
        return self.student.config.task

    def predict(self, sample: Sample) -> Prediction:
        """The entities of one sample, or the relation of its pair, seen without knowledge: its text alone.

        Raises:
            BadInput: the tweet is longer than the encoder can read, or has no pair where the student finds relations.
        """
        return self._predict(sample, "without_knowledge", [], self.asked)

    def predict_with(self, sample: Sample, caption: Caption | None, thoughts: Sequence[Knowledge]) -> Prediction:
        """The entities of one sample, or the relation of its pair, seen with its caption and the teacher's thoughts.

        Raises:
            BadInput: the tweet is longer than the encoder can read, or has no pair where the student finds relations.
        """
        known = sections(caption.text if caption else None, {thought.grain: thought.text for thought in thoughts})
        seen: dict[str, JsonValue] = {
            **self.asked,
            "caption": caption.id if caption else None,
            "knowledge": [thought.id for thought in thoughts],
        }
        return self._predict(sample, "with_knowledge", known, seen)

    @property
    def asked(self) -> dict[str, JsonValue]:
        """What the maker of its predictions says of it, beside its name."""
        return {"weights": self.weights} if self.weights else {}

    def _predict(self, sample: Sample, view: View, known: list[str], parameters: dict[str, JsonValue]) -> Prediction:
        begun = time.perf_counter()
        encoded = self.views.encode(sample, known)
        entities: tuple[ScoredEntity, ...] = ()
        relations: tuple[ScoredRelation, ...] = ()
        if self.task == "mre":
            relations = self._relations(encoded, view)
        else:
            (labelled,) = self._label_batch([encoded], view)
            entities = labelled.entities()
        maker = Maker(
            model=self.name,
            parameters=parameters,
            created=datetime.now(UTC),
            seconds=time.perf_counter() - begun,
        )
        return Prediction(sample_id=sample.id, view=view, entities=entities, relations=relations, maker=maker)

    def label(
        self, items: Sequence[tuple[Sample, Sequence[str]]], view: View, progress: Progress | None = None
    ) -> list[Labelled]:
        """Label many samples: each item is (sample, sections of knowledge); answers come in the same order.

        Raises:
            BadInput: a tweet is longer than the encoder can read, or has no relation where one is asked for.
        """
        is_helped = view == "with_knowledge"
        encoded = self.views.encode_all([(sample, known if is_helped else ()) for sample, known in items])
        order = sorted(range(len(items)), key=lambda at: len(encoded[at].knowledge))
        answers: dict[int, Labelled] = {}
        for start in range(0, len(order), BATCH_SIZE):
            chosen = order[start : start + BATCH_SIZE]
            answers.update(zip(chosen, self._label_batch([encoded[at] for at in chosen], view), strict=True))
            if progress:
                progress(len(answers), len(items))
        return [answers[at] for at in range(len(items))]

    def _label_batch(self, encoded: list[Encoded], view: View) -> Iterator[Labelled]:
        batch, best, log_p = self._read(encoded, view)
        values_of_best = log_p.gather(-1, best[:, :, None]).squeeze(-1).exp()
        names = self.student.config.labels
        for asked, indices, values in zip(batch.asked.tolist(), best.tolist(), values_of_best.tolist(), strict=True):
            count = sum(asked)
            yield Labelled([names[index] for index in indices[:count]], values[:count])

    def _relations(self, encoded: Encoded, view: View) -> tuple[ScoredRelation, ...]:
        """The likeliest relations of one pair, the best first."""
        _, _, log_p = self._read([encoded], view)
        values, places = log_p[0, 0].exp().topk(min(LIKELIEST, log_p.shape[-1]))
        names = self.student.config.labels
        return tuple(
            ScoredRelation(label=names[place], score=min(1.0, value))
            for value, place in zip(values.tolist(), places.tolist(), strict=True)
        )

    def _read(self, encoded: Sequence[Encoded], view: View) -> tuple[Batch, Tensor, Tensor]:
        """A batch with the best labels (B, n) and all labels' log-probabilities (B, n, C)."""
        batch = self.views.collate(encoded).to(self._device)
        self.student.eval()
        with torch.inference_mode(), torch.autocast(self._device.type, torch.bfloat16, enabled=self._bf16):
            logits = getattr(self.student, view)(batch)
            best = self.student.head.decode(logits, batch.asked)
            return batch, best, self.student.head.log_posteriors(logits, batch.asked)
