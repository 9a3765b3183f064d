"""What the students find in variants, each in those of its task: asked once, kept, and used to order the queue."""

import logging
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import get_args

from core.augmentation.inheritance import inherited
from core.comparison import answer_changes
from core.domain import Caption, Prediction, Task
from core.errors import BadInput, CotpdError, Unavailable
from core.prediction import Predictor
from core.progress import Progress
from core.store import Store
from core.store.queue import Item
from core.stored import known_of
from core.students import mark_of, student_folder, student_mark
from core.workbench import Workbench

BATCH = 50

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Opinion:
    """What the student found in a variant; `with_knowledge` is None where nothing is known about it."""

    without_knowledge: Prediction
    with_knowledge: Prediction | None


def kept_opinion(store: Store, item: Item, mark: str | None) -> Opinion | None:
    """What the student of that mark (`core.students`) found in a variant, if it was the last that was asked."""
    if mark is None or item.student != mark:
        return None
    kept = store.predictions(item.variant.id, augmentation=item.augmentation.id)
    newest_last = {each.view: each for each in reversed(kept) if mark_of(each.maker) == mark}
    without = newest_last.get("without_knowledge")
    return Opinion(without, newest_last.get("with_knowledge")) if without else None


def ask(workbench: Workbench, item: Item, student: Predictor) -> None:
    """Ask a student about one variant, and keep what it finds.

    In its second view it knows the variant's imagined picture, or its parent's caption, and what the variant has
    `inherited` of its parent's thoughts.
    A variant that the student cannot read (too long, say) is kept as asked, without an opinion.

    Raises:
        StoreError: the workspace cannot be written.
    """
    store = workbench.store
    known = known_of(store, item.parent.id)
    caption, thoughts = known.caption, [*inherited(item.augmentation.kind, known.thoughts).values()]
    if imagined := item.augmentation.caption:
        caption = Caption(sample_id=item.variant.id, text=imagined, maker=item.augmentation.maker)
    found: list[Prediction] = []
    doubt = differences = None
    with suppress(BadInput):
        found.append(student.predict(item.variant))
        answer = found[0].answer
        sure = [entity.score for entity in answer.entities] + ([answer.relation.score] if answer.relation else [])
        doubt = 1 - min(sure, default=1.0)
        if caption or thoughts:
            found.append(student.predict_with(item.variant, caption, thoughts))
            differences = len(answer_changes(item.variant, answer, found[1].answer))
    kept = [_about(item, prediction) for prediction in found]
    store.queue.keep_opinion(item, student.mark, kept, uncertainty=doubt, changes=differences)


def _about(item: Item, prediction: Prediction) -> Prediction:
    """A prediction that says of which variant it is: one with another picture has its parent's words, and its id."""
    parameters = {**prediction.maker.parameters, "augmentation": item.augmentation.id}
    return prediction.model_copy(update={"maker": prediction.maker.model_copy(update={"parameters": parameters})})


def ask_all(workbench: Workbench, progress: Progress) -> int:
    """Ask the students about all variants that they were not asked about, the oldest first; gives how many.

    What was asked is kept at once: one that was stopped is run again, and goes on. All is of the weights that there are
    when it begins, even where a training saves better ones meanwhile. Where the student of relations cannot be asked,
    that is raised once all others were.

    Raises:
        BadInput: there is no such student, or it is broken.
        Unavailable: its encoder cannot be loaded.
        StoreError: the workspace cannot be written.
    """
    students: dict[Task, Predictor] = {"mner": workbench.student("mner")}
    lacking: CotpdError | None = None
    try:
        students["mre"] = workbench.student("mre")
    except (BadInput, Unavailable) as error:
        lacking = error
    marks = [student.mark for student in students.values()]
    total = workbench.store.queue.unasked_count(marks)
    done = last = left = 0
    while items := workbench.store.queue.unasked(marks, BATCH, after=last):
        for item in items:
            last = item.number
            if student := students.get(item.variant.task):
                ask(workbench, item, student)
                done += 1
            else:
                left += 1
            progress(done, max(done, total))
    if left and lacking:
        raise lacking
    return done


class Opinions:
    """Asks in a thread of its own about the variants that are wanted next, so that no card waits for it."""

    def __init__(self, workbench: Workbench) -> None:
        self._workbench = workbench
        self._wanted: list[str] = []
        self._changed = threading.Condition()
        self._problems: dict[Task, str | None] = {}
        threading.Thread(target=self._run, daemon=True).start()

    def want(self, augmentation_ids: Sequence[str]) -> None:
        """Ask about these next, in this order; those that were wanted before matter no more."""
        with self._changed:
            self._wanted = list(augmentation_ids)
            self._changed.notify()

    def student(self, task: Task) -> str:
        """The name of the student that is asked about variants of a task."""
        return student_folder(self._workbench.settings.of_task(task)).name

    def mark(self, task: Task) -> str | None:
        """The mark of that student, as its weights are now; None where there are none, of which asking tells."""
        with suppress(BadInput):
            return student_mark(self._workbench.settings.of_task(task))
        return None

    def problem(self, task: Task) -> str | None:
        """Why the last variant of a task that was wanted has no opinion."""
        return self._problems.get(task)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._wanted)
                augmentation_id = self._wanted.pop(0)
            if item := self._find(augmentation_id):
                self._problems[item.variant.task] = self._problem_with(item)

    def _find(self, augmentation_id: str) -> Item | None:
        try:
            return self._workbench.store.queue.find(augmentation_id)
        except CotpdError as error:
            self._problems = dict.fromkeys(get_args(Task), str(error))
            return None

    def _problem_with(self, item: Item) -> str | None:
        """Ask about one variant, unless the student was; gives why it could not be asked."""
        task = item.variant.task
        try:
            mark = self.mark(task)
            if mark is None or item.student != mark:
                ask(self._workbench, item, self._workbench.student(task))
        except CotpdError as error:
            return str(error)
        except Exception as error:  # noqa: BLE001 - a fault of ours: logged whole, said in short, and others wait
            _log.exception("the student could not be asked about variant %s", item.augmentation.id)
            return f"something unforeseen went wrong ({type(error).__name__}); the server's log says more"
        return None
