"""LAVIS' own code, in its own environment, on a tiny BLIP-2 in its own form; and beside it the same kind of model
through transformers. Needs `make lavis`."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from core import captioning
from core.domain import Caption, Sample
from core.settings import Settings
from core.store import Store
from tests.squares import COLOURS, square

SCRIPT = Path(__file__).parent / "tiny_lavis.py"
PYTHON = Path(os.environ.get("COTPD_LAVIS_PYTHON") or Settings.model_fields["lavis_python"].default)

pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason=f"LAVIS' environment is not at {PYTHON}: run `make lavis`")


@pytest.fixture(scope="module")
def tiny_lavis(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny model, and in it `python`, which runs LAVIS with so small a vision transformer."""
    folder = tmp_path_factory.mktemp("lavis")
    subprocess.run([PYTHON, SCRIPT, "build", folder], check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})  # noqa: S603
    python = folder / "python"
    python.write_text(f'#!/bin/sh\nexec "{PYTHON}" "{SCRIPT}" "$@"\n')
    python.chmod(0o755)
    return folder


@pytest.fixture
def settings(tiny_lavis: Path, tiny_blip2: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Settings]:
    monkeypatch.chdir(tiny_lavis)  # where LAVIS looks for bert-base-uncased before the hub
    monkeypatch.setenv("TORCH_HOME", str(tiny_lavis))
    return Settings.read(
        workspace=tmp_path / "workspace",
        cache=tmp_path / "cache",
        lavis=f"blip2_opt/{tiny_lavis / 'tiny.yaml'}",
        lavis_python=tiny_lavis / "python",
        blip2=str(tiny_blip2),
    )


def test_lavis_and_transformers_give_the_same_kind_of_record(settings: Settings, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    chance = torch.Generator().manual_seed(11)
    cases = []
    for number, colour in enumerate(list(COLOURS) * 2):
        square(colour, chance).save(tmp_path / f"{number}.png")
        cases.append((Sample.from_text(f"tweet {number}", image=str(number)), tmp_path / f"{number}.png"))
    made = {}
    with Store(settings.workspace) as store:
        for name in ("lavis", "blip2"):
            with captioning.find("local").running(settings.model_copy(update={"captioner": name})) as engine:
                report = captioning.caption_all(store, engine, cases)
            assert report.failures == {}
            made[name] = [report.captions[sample.id] for sample, _ in cases]
        assert all(len(store.captions(sample.id)) == 2 for sample, _ in cases)
    expected = [f"a {colour} square" for colour in list(COLOURS) * 2]
    for captions in made.values():
        assert [caption.text for caption in captions] == expected
    lavis, blip2 = (captions[0] for captions in made.values())
    assert isinstance(lavis, Caption)
    assert lavis.model_dump().keys() == blip2.model_dump().keys()
    assert (lavis.maker.model, blip2.maker.model) == ("LAVIS blip2_opt/tiny", "tiny-blip2")
    assert lavis.maker.parameters["runtime"] == "salesforce-lavis 1.0.2"
    shared = ("num_beams", "prompt")
    assert [lavis.maker.parameters[name] for name in shared] == [blip2.maker.parameters[name] for name in shared]
