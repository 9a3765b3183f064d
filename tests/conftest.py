"""Fixtures that several test files share."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before torch and llama.cpp, as the doors do

from core import weights
from core.asking import pace
from core.models import Models
from core.settings import Settings
from core.store import Store
from core.teachers import Teacher, embedded, endpoint
from tests import asking, commands, tiny
from tests.loopback import Loopback, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from core.student.model import Student
    from core.student.views import ViewBuilder


def pytest_configure() -> None:
    """Let Ctrl-C reach what tests start, also where it's ignored here and would be there: in a shell's background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    """An OpenAI-compatible server that tells the last turn's length, until a test gives it another answer."""
    with serving(lambda request: f"You wrote {len(request['messages'][-1]['content'])} characters.") as server:
        yield server


@pytest.fixture
def teacher(loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> Teacher:
    """An endpoint's model with a secret key; what it fails is asked again at once."""
    monkeypatch.setenv("OPENAI_API_KEY", asking.KEY)
    monkeypatch.setattr(pace, "BACKOFF", 0.01)
    loopback.answer = lambda request: f"About {asking.question(request)}."
    return endpoint.load(Settings.read(teacher_url=loopback.url, teacher_model="gpt-test", teacher_timeout=10))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty workspace."""
    with Store(tmp_path / "workspace") as opened:
        yield opened


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a corpus may be written."""
    return tmp_path / "corpus.x"


@pytest.fixture
def workspace(
    tmp_path: Path, student: Path, relation_student: Path, loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A user's machine: an empty workspace, trained students, and an endpoint, all named in the environment."""
    commands.forget_settings(monkeypatch)
    folder = tmp_path / "workspace"
    monkeypatch.setenv("COTPD_WORKSPACE", str(folder))
    monkeypatch.setenv("COTPD_STUDENT", str(student))
    monkeypatch.setenv("COTPD_RELATION_STUDENT", str(relation_student))
    monkeypatch.setenv("COTPD_TEACHER_URL", loopback.url)
    monkeypatch.setenv("COTPD_TEACHER_MODEL", "gpt-test")
    monkeypatch.setenv("COTPD_TEACHER_PROMPTS", "local")
    return folder


@pytest.fixture(scope="session")
def smollm2() -> Teacher:
    """The smallest real embedded teacher; its weights are downloaded once a machine."""
    settings = Settings.read(embedded_teacher="smollm2-135m")
    weights.fetch("smollm2-135m", settings.cache)
    return embedded.load(settings)


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny encoder."""
    return tiny.encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="module")
def untrained(tiny_encoder: Path) -> "tuple[Student, ViewBuilder]":
    """A student on the tiny encoder that has learned nothing, and how it reads tweets."""
    import torch

    from core.student import files
    from core.student.config import StudentConfig
    from tests.students import LABELS

    torch.manual_seed(1)
    config = StudentConfig(encoder=str(tiny_encoder), labels=LABELS, prompt_length=4, max_length=48)
    student, views = files.new(config)
    return student.eval(), views


@pytest.fixture(scope="session")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny encoder, a tiny corpus, and `train.toml` to train a student on them."""
    folder = tmp_path_factory.mktemp("corpora")
    tiny.encoder(folder / "encoder")
    tiny.corpus(folder)
    tiny.training(folder)
    return folder


@pytest.fixture(scope="session")
def student(corpora: Path) -> Path:
    """The folder of a student that was really trained on the tiny corpus: it knows its people and places."""
    from core.training.config import TrainConfig
    from core.training.trainer import Trainer

    folder = corpora / "student"
    Trainer(TrainConfig.read(corpora / "train.toml"), corpora, folder).run(lambda _: None)
    return folder


@pytest.fixture(scope="session")
def relation_student(corpora: Path) -> Path:
    """The folder of a student that was really trained on tiny pairs: it knows who is of a company."""
    tiny.relations(corpora)
    split = {"format": "mnre", "path": "relations.txt"}
    changes = {"train": split, "dev": split, "student": {"head": "relation"}}
    tiny.trained(corpora, corpora / "relation_student", **changes, epochs=16)
    return corpora / "relation_student"


@pytest.fixture(scope="session")
def tiny_blip2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny BLIP-2 that learned to name the colour of a square."""
    from tests.tiny_blip2 import checkpoint

    return checkpoint(tmp_path_factory.mktemp("hub") / "tiny-blip2")


@pytest.fixture(scope="session")
def models() -> Models:
    """Models that tests share, so that the describer and the tiny student are loaded once."""
    return Models()


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """A headless browser. It lasts for one file, since beside it nobody else can have an event loop."""
    from playwright.sync_api import expect

    from tests.browser import SECOND, chromium

    expect.set_options(timeout=120 * SECOND)
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def url(workspace: Path) -> Iterator[str]:
    """The address of the app on a file's own `workspace`."""
    from tests.browser import app

    with app(workspace) as address:
        yield address


@pytest.fixture
def page(browser: "Browser") -> "Iterator[Page]":
    """A window of the browser; a file's own `page` opens what its tests are about in it."""
    from tests.browser import SECOND

    opened = browser.new_page(viewport={"width": 1280, "height": 1000})
    opened.set_default_timeout(120 * SECOND)
    yield opened
    opened.close()
