"""Fixtures that several test files share."""

import os
from collections.abc import Iterator

import pytest

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before torch and llama.cpp, as the doors do

from core import weights
from core.settings import Settings
from core.teachers import Teacher, embedded
from tests.loopback import Loopback, serving


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
