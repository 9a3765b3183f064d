"""The models of a running process, each loaded once, when it is first needed."""

import threading
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, TypeVar, cast

from core import captioners, teachers
from core.captioners import Captioner
from core.settings import Settings
from core.student.folder import WEIGHTS
from core.students import student_folder
from core.teachers import Teacher

if TYPE_CHECKING:
    from core.prediction import Predictor

Model = TypeVar("Model")


class Models:
    """Loads what the settings name and keeps it. Safe to share: two threads never load the same model twice."""

    def __init__(self) -> None:
        self._loaded: dict[Hashable, tuple[Hashable, object]] = {}
        self._locks: dict[Hashable, threading.Lock] = {}
        self._guard = threading.Lock()

    def captioner(self, settings: Settings) -> Captioner:
        """The captioner that the settings name.

        Raises:
            BadInput: there is none of that name.
            Unavailable: it cannot be used here.
        """
        key = (
            "captioner",
            settings.captioner,
            settings.blip2,
            settings.lavis,
            settings.lavis_python,
            settings.vision_url,
            settings.vision_model,
        )
        return self._once(key, lambda: captioners.find(settings.captioner).load(settings))

    def teacher(self, settings: Settings) -> Teacher:
        """The teacher that the settings name.

        Raises:
            BadInput: there is none of that name.
            Unavailable: it cannot be used here.
        """
        name = teachers.choose(settings)
        key = (
            "teacher",
            name,
            settings.teacher_url,
            settings.teacher_model,
            settings.teacher_prompts,
            settings.teacher_timeout,
            settings.embedded_teacher,
        )
        return self._once(key, lambda: teachers.find(name).load(settings))

    def student(self, settings: Settings) -> "Predictor":
        """The trained student that the settings name.

        Raises:
            BadInput: there is none of that name, or it is broken.
            Unavailable: its encoder cannot be loaded.
        """
        from core.prediction import Predictor  # noqa: PLC0415 - torch is slow to import

        weights = student_folder(settings) / WEIGHTS
        trained = weights.stat().st_mtime_ns if weights.exists() else None  # one still in training is loaded anew
        key = ("student", settings.student, settings.workspace)
        return self._once(key, lambda: Predictor.load(settings), version=trained)

    def _once(self, key: Hashable, load: Callable[[], Model], version: Hashable = None) -> Model:
        """The model of that key; one of another version takes its place."""
        with self._guard:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            if key not in self._loaded or self._loaded[key][0] != version:
                self._loaded.pop(key, None)  # so that the two are not in memory at once
                self._loaded[key] = (version, load())
            return cast(Model, self._loaded[key][1])
