"""One workspace with its models: every step of a sample's way, kept the moment it is done and never asked for twice."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cached_property
from time import perf_counter

from PIL import Image
from pydantic import JsonValue

from core import augmentation, images, knowledge, prompts
from core.augmentation import EntityPool
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
from core.knowledge import Dialogue
from core.models import Models
from core.settings import Settings
from core.store import Store

Hear = Callable[[str], None]
"""Gets each piece of an answer as it arrives; raising from it ends the request."""


class Workbench:
    """The steps that the batch door and the pages share. Each looks into the store first, and keeps what it makes.

    Every step raises BadInput, Unavailable, TeacherError or StoreError, and says so in words for the user.
    """

    def __init__(self, settings: Settings, store: Store | None = None, models: Models | None = None) -> None:
        self.settings = settings
        self.store = store or Store(settings.workspace)
        self.models = models or Models()

    def sample(self, text: str, picture: Image.Image | None, task: Task = "mner") -> tuple[Sample, Image.Image | None]:
        """A tweet as a person gives it, with its picture kept in the workspace."""
        name = self.store.save_image(picture) if picture else None
        return Sample.from_text(text, task=task, image=name), picture

    def picture(self, sample: Sample) -> Image.Image | None:
        """A sample's picture, where the workspace has it."""
        path = self.store.image(sample.image) if sample.image else None
        return images.read(path) if path else None

    def caption(self, sample: Sample, picture: Image.Image) -> Caption:
        """A picture in words, by the chosen captioner."""
        captioner = self.models.captioner(self.settings)
        kept = self.store.captions(sample.id, model=captioner.model, parameters=captioner.parameters)
        if kept:
            return kept[0]
        created, begun = datetime.now(UTC), perf_counter()
        description = captioner.describe(picture)
        maker = Maker(
            model=captioner.model,
            parameters=captioner.parameters,
            created=created,
            seconds=perf_counter() - begun,
        )
        caption = Caption(
            sample_id=sample.id, text=description.text, observations=description.observations, maker=maker
        )
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
        """One thought of a dialogue; the thoughts before it must have been asked for."""
        sample = dialogue.sample
        kept = self.store.knowledge(sample.id, grain=grain, **dialogue.asked(grain, caption))
        if kept:
            dialogue.recall(kept[0], caption)
            return kept[0]
        thought = dialogue.think(grain, caption=caption, hear=hear)
        self.store.add(sample, thought)
        return thought

    def predict(self, sample: Sample) -> Prediction:
        """The chosen student's entities, from the text alone."""
        prediction = self.models.student(self.settings).predict(sample)
        self.store.add(sample, prediction)
        return prediction

    def predict_with(self, sample: Sample, caption: Caption | None, thoughts: Sequence[Knowledge]) -> Prediction:
        """The chosen student's entities, from the text with its caption and thoughts."""
        prediction = self.models.student(self.settings).predict_with(sample, caption, thoughts)
        self.store.add(prediction)
        return prediction

    def entities(self, sample: Sample) -> tuple[Entity, ...] | None:
        """The mentions that a variant must keep or replace: gold ones, or those the student found; None if unknown."""
        if sample.entities is not None or sample.task == "mre":
            return sample.entities
        kept = self.store.predictions(sample.id, view="with_knowledge")
        return (kept[0] if kept else self.predict(sample)).bare()

    def augment(
        self, kind: AugmentationKind, sample: Sample, entities: tuple[Entity, ...] | None, hear: Hear | None = None
    ) -> Augmentation:
        """One variant of a sample with these entities, or why there is none; unlabelled where they are None."""
        teacher = self.models.teacher(self.settings)
        labelled = sample.model_copy(update={"entities": entities})
        prompt = prompts.load(teacher.prompts, kind)
        labels: dict[str, JsonValue] = {"labels": labelled.id}
        for kept in self.store.augmentations(sample.id, kind=kind, model=teacher.model, prompt_version=prompt.version):
            if {**kept.maker.parameters, **teacher.parameters, **labels} == kept.maker.parameters:
                return kept
        made = augmentation.augment(kind, labelled, teacher, prompts_set=teacher.prompts, pool=self._pool, hear=hear)
        maker = made.maker.model_copy(update={"parameters": {**made.maker.parameters, **labels}})
        # The parent is the sample as it came, whoever found its entities.
        record = made.model_copy(update={"parent_id": sample.id, "maker": maker})
        if entities is None and record.variant:  # nobody looked for mentions, which is not the same as none
            record = record.model_copy(update={"variant": record.variant.model_copy(update={"entities": None})})
        self.store.add(sample, record)
        return record

    @cached_property
    def _pool(self) -> EntityPool:
        return EntityPool.of_the_project()
