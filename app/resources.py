"""What all sessions of one server share: the settings, the store, the loaded models and the running studies."""

from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock, Thread

import streamlit as st

from core.demo import Demo
from core.domain import Sample
from core.errors import BadInput, CotpdError
from core.identity import Person
from core.importing import import_demos
from core.jobs import CorpusJob
from core.models import Models
from core.review.opinions import Opinions
from core.settings import Settings
from core.store import Store
from core.study import Study
from core.workbench import Workbench

KEPT_STUDIES = 50
"""Finished studies are read from the store; this many stay in memory so that their last words can be shown."""


@dataclass
class Studies:
    """The studies of this server by case, so that a reload or a second window finds one that is still running."""

    _by_case: OrderedDict[str, Study] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def get(self, case_id: str) -> Study | None:
        """The latest study of a case."""
        with self._lock:
            return self._by_case.get(case_id)

    def put(self, study: Study) -> None:
        """Remember a study in place of an older one of its case, which ends; the oldest finished are forgotten."""
        with self._lock:
            if older := self._by_case.get(study.sample.id):
                older.give_way()
            self._by_case[study.sample.id] = study
            self._by_case.move_to_end(study.sample.id)
            for case_id in [key for key, old in self._by_case.items() if not old.running]:
                if len(self._by_case) > KEPT_STUDIES:
                    del self._by_case[case_id]


@dataclass
class Jobs:
    """The last job of this server: one at a time, for they share a teacher."""

    _last: CorpusJob | None = None
    _lock: Lock = field(default_factory=Lock)

    def last(self) -> CorpusJob | None:
        """The job that is running, or that ended last."""
        return self._last

    def start(self, job: CorpusJob, *, by: Person) -> None:
        """Start a job, in place of the one that ended last.

        Raises:
            Forbidden: their role does not let them.
            BadInput: another is running, which somebody else may have started.
        """
        with self._lock:
            if self._last and self._last.running:
                order = self._last.order
                raise BadInput(
                    f"a job is running, for {order.product} of {order.corpus}/{order.split}: "
                    "wait for its end, or stop it, then start yours"
                )
            job.start(by=by)
            self._last = job


@st.cache_resource(show_spinner=False)
def settings() -> Settings:
    """The settings this server was started with."""
    return Settings.read()


@st.cache_resource(show_spinner=False)
def store() -> Store:
    """The workspace's store."""
    return Store(settings().workspace)


@st.cache_resource(show_spinner=False)
def _models() -> Models:
    return Models()


@st.cache_resource(show_spinner=False)
def studies() -> Studies:
    """The running studies."""
    return Studies()


@st.cache_resource(show_spinner=False)
def jobs() -> Jobs:
    """The last job on a corpus."""
    return Jobs()


@st.cache_resource(show_spinner=False)
def demo_samples() -> list[tuple[Demo, Sample]]:
    """The samples that come with the project, each as it stands in the workspace, with its picture."""
    return import_demos(store())


@st.cache_resource(show_spinner=False)
def warm_up() -> Thread:
    """Begin to load the server's own models, once, so that the first tweet does not wait for all of them."""

    def load() -> None:
        models, chosen = _models(), settings()
        for load_one in (
            lambda: models.student(chosen),
            lambda: models.captioner(chosen),
            lambda: models.teacher(chosen),
            lambda: models.student(chosen.of_task("mre")),
        ):
            with suppress(CotpdError):  # the stage that needs the model will say why it has none
                load_one()

    thread = Thread(target=load, daemon=True)
    thread.start()
    return thread


@st.cache_resource(show_spinner=False)
def opinions() -> Opinions:
    """The server's student, asked about variants behind the review desk."""
    return Opinions(workbench(settings()))


def workbench(chosen: Settings) -> Workbench:
    """The shared workspace and models, with one session's choice of models."""
    return Workbench(chosen, store(), _models())
