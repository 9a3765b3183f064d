"""A case study: every stage of one sample's way, at once where they don't need each other, each shown as it arrives."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal, TypeVar, cast

from PIL import Image

from core import images
from core.comparison import Change, answer_changes
from core.domain import GRAINS, AugmentationKind, Entity, Grain, Made, Prediction, Sample, View
from core.errors import CotpdError
from core.identity import Person
from core.knowledge import Dialogue
from core.settings import Settings
from core.store import Case, Store
from core.workbench import Hear, Workbench

StageName = View | Grain | AugmentationKind | Literal["caption"]
Result = TypeVar("Result")
State = Literal["waiting", "working", "done", "skipped", "failed", "stopped"]

VARIANTS: tuple[AugmentationKind, ...] = ("style", "entity", "image")
STAGES: tuple[StageName, ...] = ("without_knowledge", "caption", *GRAINS, "with_knowledge", *VARIANTS)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Stage:
    """How far one stage is: `text` is what the teacher said so far, `note` why there is no record.

    `begun` is when it began to work, on the clock of `time.monotonic`.
    """

    state: State = "waiting"
    text: str = ""
    record: Made | None = None
    note: str = ""
    begun: float = 0.0


def stages_of(case: Case, study: "Study | None" = None) -> dict[StageName, Stage]:
    """A stored case as the study that made it showed it: the newest record of every stage that has one.

    With a `study` of it, as that shows it; but what a study that is over did not come to stands as it is stored.
    """
    made: list[tuple[StageName, Made]] = [("caption", caption) for caption in case.captions]
    made += [(thought.grain, thought) for thought in case.knowledge]
    made += [(prediction.view, prediction) for prediction in case.predictions]
    made += [(variant.kind, variant) for variant in case.augmentations]
    newest_last = reversed(made)
    stages = {name: Stage(state="done", record=record) for name, record in newest_last}
    is_over = study is not None and not study.running
    for name, stage in study.stages().items() if study else ():
        if is_over and stage.record is None and name in stages:
            how = "failed here" if stage.state == "failed" else "did not come to it"
            stages[name] = replace(stages[name], note=f"of before; the last study {how}: {stage.note}")
        else:
            stages[name] = stage
    return stages


def keep_picture(store: Store, content: bytes, name: str, *, by: Person) -> str:
    """Keep the pixels of an uploaded file for a study; gives the name under which a sample has them.

    Raises:
        Forbidden: their role does not let them study tweets.
        BadInput: the file is no picture within the limits.
        StoreError: the workspace cannot be written.
    """
    by.must("study tweets")
    return store.save_image(images.decode(content, name))


class _Skip(Exception):
    """This stage has nothing to do, and why."""


class _Stopped(Exception):
    """Somebody asked the study to stop."""


class Study:
    """Runs all stages of one sample in threads of its own. What a stage makes is in the store before it is shown.

    A stage that fails says why and keeps no other from going on, unless that one needs its result. A study that was
    stopped is run again by a new one, which finds in the store what this one made.
    """

    def __init__(self, workbench: Workbench, sample: Sample, picture: Image.Image | None) -> None:
        self.sample = sample
        self._workbench = workbench
        self._picture = picture
        self._stages: dict[StageName, Stage] = {}
        self._changed = threading.Condition()
        self._revision = 0
        self._stop = threading.Event()
        self._futures: dict[StageName, Future[Made | None]] = {}

    def start(self, *, by: Person, variants: Sequence[AugmentationKind] = VARIANTS) -> None:
        """Begin, with the variants that are wanted; returns at once.

        Raises:
            Forbidden: their role does not let them study tweets.
            StoreError: the workspace cannot be written.
        """
        by.must("study tweets")
        self._workbench.store.study(self.sample)
        self._stages = {name: Stage() for name in STAGES if name not in VARIANTS or name in variants}
        self._dialogues = _in_background(self._open_dialogues)
        self._submit("without_knowledge", self._predict)
        self._submit("caption", self._caption)
        for grain in GRAINS:
            self._submit(grain, partial(self._think, grain))
        self._submit("with_knowledge", self._predict_with)
        for kind in variants:
            self._submit(kind, partial(self._augment, kind))

    @property
    def settings(self) -> Settings:
        """Which models answer."""
        return self._workbench.settings

    @property
    def stopping(self) -> bool:
        """Whether somebody asked it to stop; an answer in progress ends at its next word."""
        return self._stop.is_set()

    def stop(self, *, by: Person) -> None:
        """End what is running at its next word, and start nothing more.

        Raises:
            Forbidden: their role does not let them study tweets.
        """
        by.must("study tweets")
        self.give_way()

    def give_way(self) -> None:
        """End in the same way, for a newer study of the same sample."""
        self._stop.set()

    def changes(self) -> list[Change]:
        """What knowledge changed in the student's answer; nothing while one of the two is missing."""
        before, after = (self.stages()[view].record for view in ("without_knowledge", "with_knowledge"))
        if not isinstance(before, Prediction) or not isinstance(after, Prediction):
            return []
        return answer_changes(self.sample, before.answer, after.answer)

    @property
    def running(self) -> bool:
        """Whether any stage may still change."""
        return not all(future.done() for future in self._futures.values())

    def stages(self) -> dict[StageName, Stage]:
        """How far every stage is now."""
        with self._changed:
            return dict(self._stages)

    def follow(self, show: Callable[[StageName, Stage], None]) -> None:
        """Call `show` for every change of every stage, until the study ends. Changes that come fast are joined."""
        seen: dict[StageName, Stage] = {}
        revision = 0
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._revision != revision or not self.running, timeout=1)  # noqa: B023
                revision, stages = self._revision, dict(self._stages)
            ended = not self.running
            for name, stage in stages.items():
                if stage != seen.get(name):
                    show(name, stage)
            seen = stages
            if ended and self._revision == revision:
                return

    def _submit(self, name: StageName, work: Callable[[Hear], Made]) -> None:
        self._futures[name] = _in_background(partial(self._run, name, work))
        self._futures[name].add_done_callback(lambda _: self._tell())

    def _run(self, name: StageName, work: Callable[[Hear], Made]) -> Made | None:
        try:
            record = work(lambda piece: self._hear(name, piece))
            self._workbench.store.mark_shown(record)  # perhaps of another day, and another model's came since
        except _Skip as reason:
            self._set(name, state="skipped", note=str(reason))
        except _Stopped:
            self._set(name, state="stopped", note="stopped before it was done")
        except CotpdError as error:
            self._set(name, state="failed", note=str(error))
        except Exception as error:  # noqa: BLE001 - a fault of ours: logged whole, said in short
            _log.exception("stage %s of case %s failed", name, self.sample.id)
            note = f"something unforeseen went wrong ({type(error).__name__}); the server's log says more"
            self._set(name, state="failed", note=note)
        else:
            self._set(name, state="done", record=record)
            return record
        return None

    def _tell(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _hear(self, name: StageName, piece: str) -> None:
        if self._stop.is_set():
            raise _Stopped
        self._set(name, text=self._stages[name].text + piece)

    def _set(self, name: StageName, **changes: Any) -> None:
        with self._changed:
            self._stages[name] = replace(self._stages[name], **changes)
            self._revision += 1
            self._changed.notify_all()

    def _begin(self, name: StageName, *after: StageName) -> None:
        """Wait for the stages that this one needs or should not disturb, then say that it works."""
        for needed in after:
            self._futures[needed].result()
        if self._stop.is_set():
            raise _Stopped
        self._set(name, state="working", begun=time.monotonic())

    def _result(self, name: StageName) -> Any:
        return self._futures[name].result()

    # The stages. The prediction on the text alone goes first: it takes a tenth of a second, unless it must share the
    # machine with a teacher. Variants let the thoughts go first.

    def _predict(self, _: Hear) -> Made:
        self._begin("without_knowledge")
        return self._workbench.predict(self.sample)

    def _caption(self, _: Hear) -> Made:
        if self._picture is None:
            if kept := self._workbench.store.captions(self.sample.id):  # one that was published with the sample
                return kept[0]
            where = f"its picture {self.sample.image!r} is not in this workspace" if self.sample.image else ""
            raise _Skip(where or "there is no picture")
        self._begin("caption", "without_knowledge")
        picture, self._picture = self._picture, None  # a finished study is remembered, its pixels need not be
        return self._workbench.caption(self.sample, picture)

    def _open_dialogues(self) -> dict[Grain, tuple[Dialogue, tuple[Grain, ...]]]:
        """For each grain its dialogue, and the grains that are asked before it there."""
        opened = {}
        for dialogue in self._workbench.dialogues(self.sample):
            for at, grain in enumerate(dialogue.grains):
                opened[grain] = (dialogue, dialogue.grains[:at])
        return opened

    def _think(self, grain: Grain, hear: Hear) -> Made:
        if grain == "multimodality" and not self.sample.image:
            raise _Skip("there is no picture to relate the tweet to")
        dialogue, before = self._dialogues.result()[grain]
        if grain != "multimodality":
            self._begin(grain, "without_knowledge", *before)
            return self._workbench.think(dialogue, grain, None, hear)
        self._begin(grain, *before, "caption")
        caption = self._result("caption")
        if caption is None and not self._workbench.shown(self.sample):
            raise _Skip("the picture has no caption to relate the tweet to")
        return self._workbench.think(dialogue, grain, caption, hear)

    def _predict_with(self, hear: Hear) -> Made:
        caption = self._result("caption")
        published = self._workbench.store.knowledge(self.sample.id, grain="mixed")[:1]
        thoughts = published + [thought for grain in GRAINS if (thought := self._result(grain))]
        if caption is None and not thoughts:
            raise _Skip("there is neither a caption nor a thought to see the tweet with")
        self._begin("with_knowledge")
        return self._workbench.predict_with(self.sample, caption, thoughts, lambda _: hear(""))

    def _augment(self, kind: AugmentationKind, hear: Hear) -> Made:
        self._begin(kind, "with_knowledge")
        return self._workbench.augment(kind, self.sample, self._entities(), hear)

    def _entities(self) -> tuple[Entity, ...] | None:
        """As `Workbench.entities`, for a student that may have failed: gold ones, or those of the text alone."""
        found = self._result("without_knowledge")
        if self.sample.entities is not None or self.sample.task == "mre" or found is None:
            return self.sample.entities
        return cast(Prediction, found).bare()


def _in_background(work: Callable[[], Result]) -> "Future[Result]":
    """Run in a daemon thread: a process that is told to end does not wait for a teacher's last word."""
    future: Future[Result] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised again where the result is asked for
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future
