"""One workspace with its models: every step of a sample's way, kept the moment it is done and never asked for twice."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from PIL import Image

from core import augmentation, images, knowledge
from core.augmentation import EntityPool
from core.augmenting import LabelledSample
from core.captioners import Regions
from core.domain import (
    Augmentation,
    AugmentationKind,
    Caption,
    Entity,
    Grain,
    Knowledge,
    Maker,
    Prediction,
    Sample,
    Task,
)
from core.errors import BadInput, CaptionerError, TeacherError, Unavailable
from core.knowledge import About, Dialogue
from core.models import Models
from core.progress import Progress
from core.settings import Settings
from core.store import Asked, Store
from core.teachers import Picture, kept_forms

if TYPE_CHECKING:
    from core.prediction import Predictor

_log = logging.getLogger(__name__)

AT_ONCE = 500
"""Samples that one look into the store is about."""

Hear = Callable[[str], None]
"""Gets each piece of an answer as it arrives; raising from it ends the request."""


class Workbench:
    """The steps that the batch door and the pages share. Each keeps what it makes, and all but `predict_with`
    look into the store first.

    Every step raises one of core.errors, and says so in words for the user.
    """

    def __init__(self, settings: Settings, store: Store | None = None, models: Models | None = None) -> None:
        self.settings = settings
        self.store = store or Store(settings.workspace)
        self.models = models or Models()

    def sample(self, text: str, picture: Image.Image | None) -> Sample:
        """A tweet as a person gives it, with its picture kept in the workspace."""
        return Sample.from_text(text, image=self.store.save_image(picture) if picture else None)

    def picture(self, sample: Sample) -> Image.Image | None:
        """A sample's picture, where the workspace has it."""
        path = self.store.image(sample.image) if sample.image else None
        return images.read(path) if path else None

    def shown(self, sample: Sample, file: Path | None = None) -> Picture | None:
        """A sample's picture for a teacher that sees: where none sees or there is no picture, None.

        `file` is the picture's, where it lies outside the workspace.
        """
        if not (self.settings.teacher_sees and sample.image):
            return None
        found = file or self.store.image(sample.image)
        return Picture(sample.image, str(found)) if found else None

    def abouts(self, samples: Iterable[tuple[Sample, Path | None]]) -> dict[str, About]:
        """What the teacher is to be asked about pictures with, by the samples' ids, as far as it is there.

        For a teacher that sees it is the picture, whose file may lie outside the workspace, else the newest caption.
        """
        seen: dict[str, Picture] = {}
        unseen: list[str] = []
        for sample, file in samples:
            if picture := self.shown(sample, file):
                seen[sample.id] = picture
            elif sample.image:
                unseen.append(sample.id)
        captions: dict[str, Caption] = {}
        for start in range(0, len(unseen), AT_ONCE):
            captions |= self.store.bulk.captions(unseen[start : start + AT_ONCE])
        return {**captions, **seen}

    def caption(self, sample: Sample, picture: Image.Image) -> Caption:
        """A picture in words, by the chosen captioner."""
        captioner = self.models.captioner(self.settings)
        kept = self.store.captions(sample.id, model=captioner.model, parameters=captioner.parameters)
        if kept:
            return kept[0]
        created, begun = datetime.now(UTC), perf_counter()
        (described,) = captioner.describe_all([picture])
        if isinstance(described, CaptionerError):
            raise described
        maker = Maker(
            model=captioner.model,
            parameters=captioner.parameters,
            created=created,
            seconds=perf_counter() - begun,
        )
        caption = described.of(sample, maker)
        self.store.add(sample, caption)
        return caption

    def regions(self, picture: Image.Image) -> Regions | None:
        """Where the chosen captioner looks in a picture; None where it has no cross-attention."""
        look = getattr(self.models.captioner(self.settings), "regions", None)
        return look(picture) if look else None

    def dialogues(self, sample: Sample) -> list[Dialogue]:
        """The conversations with the chosen teacher that a sample needs; they may run side by side."""
        return knowledge.dialogues(sample, self.models.teacher(self.settings))

    def think(
        self, dialogue: Dialogue, grain: Grain, caption: Caption | None = None, hear: Hear | None = None
    ) -> Knowledge:
        """One thought of a dialogue; the thoughts before it must have been asked for.

        The relation to the picture is asked about with the picture itself where the teacher sees, or with its caption.
        """
        about = (self.shown(dialogue.sample) or caption) if grain == "multimodality" else None
        sample = dialogue.sample
        for asked in _as_kept(dialogue.asked(grain, about)):
            if kept := self.store.knowledge(sample.id, grain=grain, **asked):
                dialogue.recall(kept[0], about)
                return kept[0]
        thought = dialogue.think(grain, about=about, hear=hear)
        self.store.add(sample, thought)
        return thought

    def student(self, task: Task, name: str | None = None) -> "Predictor":
        """The student of that name or, without one, the chosen student of a task.

        Raises:
            BadInput: there is none of that name, it was trained for the other task, or it is broken.
            Unavailable: its encoder cannot be loaded.
        """
        chosen = self.settings.model_copy(update={"student": name}) if name else self.settings.of_task(task)
        student = self.models.student(chosen)
        if student.task != task:
            finds, wanted = ("entities", "relations") if task == "mre" else ("relations", "entities")
            raise BadInput(f"the student {student.name} finds {finds}, not {wanted}: choose another one")
        return student

    def predict(self, sample: Sample) -> Prediction:
        """What the chosen student of a sample's task finds, from the text alone."""
        student = self.student(sample.task)
        if kept := self.store.predictions(
            sample.id, view="without_knowledge", model=student.name, parameters=student.asked
        ):
            return kept[0]
        prediction = student.predict(sample)
        self.store.add(sample, prediction)
        return prediction

    def predict_with(
        self, sample: Sample, caption: Caption | None, thoughts: Sequence[Knowledge], hear: Hear | None = None
    ) -> Prediction:
        """What the chosen student finds, from the text with its caption and thoughts, as far as it can read them."""
        fitting = self.fitting(sample, caption, thoughts, hear)
        prediction = self.student(sample.task).predict_with(sample, caption, fitting)
        self.store.add(prediction)
        return prediction

    def fitting(
        self, sample: Sample, caption: Caption | None, thoughts: Sequence[Knowledge], hear: Hear | None = None
    ) -> Sequence[Knowledge]:
        """The thoughts or, where they are too long for the chosen student, the chosen teacher's summary of them.

        Where it gives none the thoughts stay, of which the student reads as many sentences as it can.
        """
        from core import summaries  # noqa: PLC0415 - with the student come its packages

        long = summaries.too_long(self.student(sample.task).views, sample, caption, thoughts)
        if long is None:
            return thoughts
        try:
            teacher = self.models.teacher(self.settings)
            summariser = summaries.Summariser(teacher)
            for asked in _as_kept(summariser.asked(long)):
                if kept := self.store.knowledge(sample.id, grain="summary", **asked):
                    return kept[:1]
            ask = summariser.ask(long)
            answer = teacher.ask(ask.dialogue, max_tokens=ask.max_tokens, hear=hear)
            ask.check(answer.text)
        except (BadInput, Unavailable, TeacherError) as error:
            _log.warning("over-long knowledge about %s is cut, for there is no summary: %s", sample.id, error)
            return thoughts
        summary = summariser.summary(long, answer)
        self.store.add(sample, summary)
        return [summary]

    def entities(self, sample: Sample) -> tuple[Entity, ...] | None:
        """The mentions that a variant must keep or replace: gold ones, or the chosen student's; None if unknown.

        They are of the text alone, so that they stay the same whatever else is known about the sample by now.
        """
        if sample.entities is not None or sample.task == "mre":
            return sample.entities
        return self.predict(sample).bare()

    def labelled(self, samples: Sequence[Sample], show: Progress) -> Iterator[LabelledSample]:
        """Each sample with its mentions, looked for as it is taken; `show` is told how many of how many are."""
        for number, sample in enumerate(samples):
            show(number, len(samples))
            yield sample, self.entities(sample)
        show(len(samples), len(samples))

    def augment(
        self, kind: AugmentationKind, sample: Sample, entities: tuple[Entity, ...] | None, hear: Hear | None = None
    ) -> Augmentation:
        """One variant of a sample with these entities, or why there is none; unlabelled where they are None."""
        teacher = self.models.teacher(self.settings)
        plan = augmentation.plan(kind, sample, entities, teacher, pool=self._pool)
        for asked in _as_kept(plan.asked):
            if kept := self.store.augmentations(sample.id, kind=kind, **asked):
                return kept[0]
        made = plan.ask_now(teacher, hear)
        self.store.add(sample, made)
        return made

    @cached_property
    def _pool(self) -> EntityPool:
        return EntityPool.of_the_project()


def _as_kept(asked: Asked) -> Iterator[Asked]:
    """What the maker of a kept answer to this may say."""
    return ({**asked, "parameters": parameters} for parameters in kept_forms(asked["parameters"]))
