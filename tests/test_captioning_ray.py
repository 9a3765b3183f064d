"""The same captions from a real Ray cluster of two workers on this machine."""

import base64
import io
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from core import captioning
from core.captioning import Engine
from core.captioning.ray import workers
from core.domain import Sample
from core.errors import BadInput, Unavailable
from core.settings import Settings
from core.store import Store
from tests.loopback import Loopback, serving

ray = pytest.importorskip("ray", reason="Ray is not here: pip install -r requirements-ray.txt")


def width(request: dict[str, Any]) -> int:
    """How wide the picture in a request is."""
    address = request["messages"][-1]["content"][1]["image_url"]["url"]
    return Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))).width


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Loopback]:
    """A model that sees how wide a picture is."""
    with serving(lambda request: f"{width(request)} wide") as server:
        yield server


@pytest.fixture(scope="module")
def cluster(endpoint: Loopback) -> Iterator[Engine]:
    """Two workers whose captioner asks that model."""
    settings = Settings.read(captioner="vision", vision_url=endpoint.url, vision_model="gpt-sees", ray_workers=2)
    with captioning.find("ray").running(settings) as engine:
        yield engine


def pictured(folder: Path, widths: range) -> list[tuple[Sample, Path]]:
    for each in widths:
        Image.new("RGB", (each, 10), "navy").save(folder / f"{each}.png")
    return [(Sample.from_text(f"tweet {each}", image=str(each)), folder / f"{each}.png") for each in widths]


def inside(cluster: Any, look: Any) -> list[Any]:
    """What a function of each worker gives, called in its process."""
    found: list[Any] = ray.get([worker.__ray_call__.remote(look) for worker in cluster._workers])
    return found


def test_workers_share_the_pictures_and_this_process_keeps_the_captions(
    cluster: Engine, store: Store, tmp_path: Path
) -> None:
    cases = pictured(tmp_path, range(20, 60))
    report = captioning.caption_all(store, cluster, cases)
    assert [store.captions(sample.id) for sample, _ in cases] == [[report.captions[sample.id]] for sample, _ in cases]
    assert [report.captions[sample.id].text for sample, _ in cases] == [f"{path.stem} wide" for _, path in cases]
    assert inside(cluster, lambda worker: worker._captioner is not None) == [True, True]
    processes = inside(cluster, lambda worker: os.getpid())
    assert len({*processes, os.getpid()}) == 3
    assert captioning.caption_all(store, cluster, cases).kept == 40


def test_the_record_is_that_of_the_captioner_alone(cluster: Engine, endpoint: Loopback) -> None:
    assert cluster.model == "gpt-sees"
    assert cluster.parameters["endpoint"] == endpoint.url


def test_a_broken_picture_is_one_failure(cluster: Engine, store: Store, tmp_path: Path) -> None:
    cases = pictured(tmp_path, range(20, 24))
    cases[1][1].write_bytes(b"no picture")
    cases[2][1].unlink()
    report = captioning.caption_all(store, cluster, cases)
    assert set(report.failures) == {cases[1][0].id, cases[2][0].id}
    assert set(report.captions) == {cases[0][0].id, cases[3][0].id}


def test_workers_that_die_are_started_again_once(
    cluster: Engine, endpoint: Loopback, store: Store, tmp_path: Path
) -> None:
    processes = inside(cluster, lambda worker: os.getpid())

    def answer(request: dict[str, Any]) -> str:
        if width(request) in (33, 93):
            while processes:
                os.kill(processes.pop(), signal.SIGKILL)
        return f"{width(request)} wide"

    endpoint.answer = answer
    cases = pictured(tmp_path, range(20, 60))
    report = captioning.caption_all(store, cluster, cases)
    assert (len(report.captions), report.failures) == (40, {})
    processes = inside(cluster, lambda worker: os.getpid())
    more = pictured(tmp_path, range(80, 120))
    with pytest.raises(Unavailable, match="no worker of the Ray cluster is left"):
        captioning.caption_all(store, cluster, more)


@pytest.mark.parametrize(
    ("wanted", "there", "count"),
    [
        (0, {"CPU": 4.0}, 4),
        (2, {"CPU": 4.0}, 2),
        (9, {"CPU": 4.0}, 4),
        (0, {"CPU": 4.0, "GPU": 2.0}, 2),
        (9, {"CPU": 4.0, "GPU": 8.0}, 4),
    ],
)
def test_there_are_no_more_workers_than_the_cluster_has_room_for(
    wanted: int, there: dict[str, float], count: int
) -> None:
    assert workers(wanted, there) == count


def test_a_captioner_that_cannot_be_used_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        pytest.raises(BadInput, match="no captioner is called 'nope'"),
        captioning.find("ray").running(Settings.read(captioner="nope")),
    ):
        pass
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with (
        pytest.raises(Unavailable, match="pip install -r requirements-ray"),
        captioning.find("ray").running(Settings.read()),
    ):
        pass
