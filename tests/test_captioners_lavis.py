"""LAVIS' worker: what passes between it and us, and what becomes of a worker that dies, babbles or says nothing."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from core import captioners
from core.captioners.lavis import Lavis
from core.errors import CaptionerError, Unavailable
from core.settings import Settings

WORKER = Path(__file__).parent / "lavis_worker.py"

Start = Callable[..., Lavis]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a worker that behaves in a certain way."""
    started: list[Lavis] = []

    def begin(behaviour: str, patience: float = 20) -> Lavis:
        command = [sys.executable, WORKER, behaviour, tmp_path / "starts"]
        started.append(Lavis("LAVIS tiny", command, tmp_path / "cache" / "lavis.log", patience))
        return started[-1]

    yield begin
    for captioner in started:
        captioner.close()


def starts(folder: Path) -> int:
    return len((folder / "starts").read_text().splitlines())


def picture(width: int) -> Image.Image:
    return Image.new("RGB", (width, 10), "navy")


def texts(captioner: Lavis, *widths: int) -> list[str]:
    """What is said of pictures that wide; of a failure, its message."""
    made = captioner.describe_all([picture(width) for width in widths])
    return [str(each) if isinstance(each, CaptionerError) else each.text for each in made]


def test_pictures_go_out_and_captions_come_back_in_order(start: Start, tmp_path: Path) -> None:
    captioner = start("well")
    assert texts(captioner, 20, 21, 22) == ["20 wide", "21 wide", "22 wide"]
    assert texts(captioner, 23) == ["23 wide"]
    assert captioner.parameters == {"num_beams": 5}
    assert starts(tmp_path) == 1


@pytest.mark.parametrize("behaviour", ["once dies", "once babbles"])
def test_a_worker_that_fails_once_is_started_again(start: Start, tmp_path: Path, behaviour: str) -> None:
    captioner = start(behaviour)
    assert texts(captioner, 20) == ["20 wide"]
    assert starts(tmp_path) == 2


def test_a_worker_that_says_nothing_is_started_again(start: Start, tmp_path: Path) -> None:
    assert texts(start("once sleeps", patience=1), 20) == ["20 wide"]
    assert starts(tmp_path) == 2


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        ("dies", "ended with status 9; the last it said in {log} is 'out of memory'"),
        ("babbles", "said something that is no answer: b'loading 100%"),
        ("errs", "ValueError: an odd picture"),
        ("miscounts", "another number of captions"),
    ],
)
def test_a_picture_that_no_worker_survives_is_one_failure(
    start: Start, tmp_path: Path, behaviour: str, words: str
) -> None:
    captioner = start(behaviour)
    (reason,) = texts(captioner, 13)
    assert words.format(log=tmp_path / "cache" / "lavis.log") in reason
    assert texts(captioner, 20) == ["20 wide"]
    assert starts(tmp_path) <= 3


def test_a_worker_that_fails_batch_after_batch_is_given_up(start: Start, tmp_path: Path) -> None:
    captioner = start("dies")
    texts(captioner, 13)
    with pytest.raises(Unavailable, match="two batches in a row failed"):
        texts(captioner, 13)
    assert starts(tmp_path) == 4


def test_what_lavis_cannot_load_is_told(start: Start) -> None:
    with pytest.raises(Unavailable, match="cannot load LAVIS tiny: FileNotFoundError: no such weights"):
        start("no weights")


def test_a_worker_that_never_lived_is_told_with_its_last_words(start: Start) -> None:
    with pytest.raises(
        Unavailable, match=r"ended with status 3; the last it said in .* is 'Traceback: an import failed'"
    ):
        start("stillborn")


def test_a_worker_ends_with_its_parent(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from core.captioners.lavis import Lavis;"
        f"lavis = Lavis('x', [sys.executable, {str(WORKER)!r}, 'well', {str(tmp_path / 'starts')!r}], Path('log'));"
        "print(lavis._worker._process.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    root = WORKER.parent.parent
    parent = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    worker = int(parent.stdout)
    for _ in range(100):
        if not Path(f"/proc/{worker}/cmdline").exists() or not Path(f"/proc/{worker}/cmdline").read_bytes():
            return
        time.sleep(0.1)
    raise AssertionError("the worker lives on")


def test_without_its_environment_it_says_how_to_make_it(tmp_path: Path) -> None:
    settings = Settings.read(lavis_python=tmp_path / "python")
    assert "run `make lavis`" in (captioners.find("lavis").unusable(settings) or "")
    with pytest.raises(Unavailable, match="make lavis"):
        captioners.find("lavis").load(settings)


@pytest.mark.parametrize(
    ("model", "words"), [("blip2_opt", "a model and a type"), ("blip2_opt/no.yaml", "there is no file no.yaml")]
)
def test_a_model_that_is_no_model_of_lavis_is_named(model: str, words: str) -> None:
    settings = Settings.read(lavis_python=sys.executable, lavis=model)
    assert words in (captioners.find("lavis").unusable(settings) or "")


def test_the_worker_knows_nothing_of_this_project() -> None:
    worker = captioners.find("lavis").WORKER  # type: ignore[attr-defined]
    assert "core" not in worker.read_text(encoding="utf-8").split()
