"""What the student finds in variants: asked once about each, kept, and used to order the queue."""

import logging
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from core.comparison import changes
from core.domain import Caption, Prediction
from core.errors import BadInput, CotpdError
from core.prediction import Predictor, mark_of, student_folder, student_mark
from core.progress import Progress
from core.store import Store
from core.store.queue import Item
from core.stored import known_of
from core.workbench import Workbench

BATCH = 50

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Opinion:
    """The student's mentions in a variant; `with_knowledge` is None where nothing is known about it."""

    without_knowledge: Prediction
    with_knowledge: Prediction | None


def kept_opinion(store: Store, item: Item, mark: str | None) -> Opinion | None:
    """What the student of that mark (`core.prediction`) found in a variant, if it was the last that was asked."""
    if mark is None or item.student != mark:
        return None
    kept = store.predictions(item.variant.id, augmentation=item.augmentation.id)
    newest_last = {each.view: each for each in reversed(kept) if mark_of(each.maker) == mark}
    without = newest_last.get("without_knowledge")
    return Opinion(without, newest_last.get("with_knowledge")) if without else None


def ask(workbench: Workbench, item: Item, student: Predictor) -> None:
    """Ask a student about one variant, and keep what it finds.

    In its second view it knows the variant's imagined picture, or its parent's caption, and its parent's thoughts.
    A variant that the student cannot read (relations, too long) is kept as asked, without an opinion.

    Raises:
        StoreError: the workspace cannot be written.
    """
    store = workbench.store
    known = known_of(store, item.parent.id)
    caption, thoughts = known.caption, [*known.thoughts.values()]
    if imagined := item.augmentation.caption:
        caption = Caption(sample_id=item.variant.id, text=imagined, maker=item.augmentation.maker)
    found: list[Prediction] = []
    doubt = differences = None
    with suppress(BadInput):
        found.append(student.predict(item.variant))
        doubt = 1 - min((entity.score for entity in found[0].entities), default=1.0)
        if caption or thoughts:
            found.append(student.predict_with(item.variant, caption, thoughts))
            differences = len(changes(item.variant, found[0].entities, found[1].entities))
    kept = [_about(item, prediction) for prediction in found]
    store.queue.keep_opinion(item, student.mark, kept, uncertainty=doubt, changes=differences)


def _about(item: Item, prediction: Prediction) -> Prediction:
    """A prediction that says of which variant it is: one with another picture has its parent's words, and its id."""
    parameters = {**prediction.maker.parameters, "augmentation": item.augmentation.id}
    return prediction.model_copy(update={"maker": prediction.maker.model_copy(update={"parameters": parameters})})


def ask_all(workbench: Workbench, progress: Progress) -> int:
    """Ask the student about all variants that it was not asked about, the oldest first; gives how many.

    What was asked is kept at once: one that was stopped is run again, and goes on. All is of the weights that there are
    when it begins, even where a training saves better ones meanwhile.

    Raises:
        BadInput: there is no such student, or it is broken.
        Unavailable: its encoder cannot be loaded.
        StoreError: the workspace cannot be written.
    """
    student = workbench.models.student(workbench.settings)
    mark = student.mark
    total = workbench.store.queue.unasked_count(mark)
    done = 0
    while items := workbench.store.queue.unasked(mark, BATCH):
        for item in items:
            ask(workbench, item, student)
            done += 1
            progress(done, max(done, total))
    return done


class Opinions:
    """Asks in a thread of its own about the variants that are wanted next, so that no card waits for it."""

    def __init__(self, workbench: Workbench) -> None:
        self._workbench = workbench
        self._wanted: list[str] = []
        self._changed = threading.Condition()
        self.student = student_folder(workbench.settings).name
        self.problem: str | None = None
        threading.Thread(target=self._run, daemon=True).start()

    def want(self, augmentation_ids: Sequence[str]) -> None:
        """Ask about these next, in this order; those that were wanted before matter no more."""
        with self._changed:
            self._wanted = list(augmentation_ids)
            self._changed.notify()

    @property
    def mark(self) -> str | None:
        """The student's mark, as its weights are now; None where there are none, of which asking tells."""
        with suppress(BadInput):
            return student_mark(self._workbench.settings)
        return None

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._wanted)
                augmentation_id = self._wanted.pop(0)
            try:
                item = self._workbench.store.queue.find(augmentation_id)
                if item and (self.mark is None or item.student != self.mark):
                    ask(self._workbench, item, self._workbench.models.student(self._workbench.settings))
                self.problem = None
            except CotpdError as error:
                self.problem = str(error)
            except Exception as error:  # noqa: BLE001 - a fault of ours: logged whole, said in short, and others wait
                _log.exception("the student could not be asked about variant %s", augmentation_id)
                self.problem = f"something unforeseen went wrong ({type(error).__name__}); the server's log says more"
