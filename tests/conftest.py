"""Fixtures that several test files share."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before torch and llama.cpp, as the doors do

from core import weights
from core.models import Models
from core.settings import Settings
from core.teachers import Teacher, embedded
from tests import tiny
from tests.loopback import Loopback, serving


def pytest_configure() -> None:
    """Let Ctrl-C reach what tests start, also where it's ignored here and would be there: in a shell's background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    """An OpenAI-compatible server that tells the last turn's length, until a test gives it another answer."""
    with serving(lambda request: f"You wrote {len(request['messages'][-1]['content'])} characters.") as server:
        yield server


@pytest.fixture(scope="session")
def smollm2() -> Teacher:
    """The smallest real embedded teacher; its weights are downloaded once a machine."""
    settings = Settings.read(embedded_teacher="smollm2-135m")
    weights.fetch("smollm2-135m", settings.cache)
    return embedded.load(settings)


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
def tiny_blip2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny BLIP-2 that learned to name the colour of a square."""
    from tests.tiny_blip2 import checkpoint

    return checkpoint(tmp_path_factory.mktemp("hub") / "tiny-blip2")


@pytest.fixture(scope="session")
def models() -> Models:
    """Models that tests share, so that the describer and the tiny student are loaded once."""
    return Models()
