"""Captioning a corpus: in batches, each kept at once; nothing is asked twice, and a broken picture stops no other."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from PIL import Image

from core import captioners, captioning
from core.captioners import Description
from core.captioning.local import Local
from core.domain import Sample
from core.errors import BadInput, CaptionerError, Unavailable
from core.settings import Settings
from core.store import Store
from tests.squares import COLOURS, square


class Counting:
    """A captioner that says how large a picture is, and remembers its calls; it can't stand pictures 13 wide."""

    model = "measure"
    batch = 4

    def __init__(self) -> None:
        self.parameters = {"unit": "pixel"}
        self.calls: list[int] = []
        self.ends_after: int | None = None

    def describe_all(self, images: Sequence[Image.Image]) -> list[Description | CaptionerError]:
        if self.ends_after is not None and len(self.calls) >= self.ends_after:
            raise Unavailable("it is gone")
        self.calls.append(len(images))
        return [
            CaptionerError("unlucky") if image.width == 13 else Description(f"{image.width} wide") for image in images
        ]


def pictured(folder: Path, widths: Sequence[int]) -> list[tuple[Sample, Path]]:
    """A sample for each width, with a picture that wide; samples of one width share the picture."""
    for width in widths:
        Image.new("RGB", (width, 10), "navy").save(folder / f"{width}.png")
    return [
        (Sample.from_text(f"tweet {number}", image=str(width)), folder / f"{width}.png")
        for number, width in enumerate(widths)
    ]


def texts(report: captioning.Report, cases: list[tuple[Sample, Path]]) -> list[str | None]:
    return [report.captions[sample.id].text if sample.id in report.captions else None for sample, _ in cases]


def test_pictures_are_described_in_batches_and_each_once(store: Store, tmp_path: Path) -> None:
    captioner = Counting()
    cases = pictured(tmp_path, [*range(20, 30), 20, 20])
    seen: list[tuple[int, int, int]] = []
    report = captioning.caption_all(store, Local(captioner), cases, lambda *now: seen.append(now))
    assert texts(report, cases) == [f"{picture.stem} wide" for _, picture in cases]
    assert captioner.calls == [4, 4, 2]
    assert seen == [(0, 12, 0), (6, 12, 0), (10, 12, 0), (12, 12, 0)]
    assert [store.captions(sample.id) for sample, _ in cases] == [[report.captions[sample.id]] for sample, _ in cases]


def test_a_second_run_asks_nothing(store: Store, tmp_path: Path) -> None:
    captioner = Counting()
    cases = pictured(tmp_path, range(20, 29))
    first = captioning.caption_all(store, Local(captioner), cases)
    second = captioning.caption_all(store, Local(captioner), cases)
    assert captioner.calls == [4, 4, 1]
    assert (first.kept, second.kept) == (0, 9)
    assert first.captions == second.captions


def test_other_parameters_are_another_caption(store: Store, tmp_path: Path) -> None:
    cases = pictured(tmp_path, [20])
    captioning.caption_all(store, Local(Counting()), cases)
    other = Counting()
    other.parameters = {"unit": "inch"}
    assert captioning.caption_all(store, Local(other), cases).kept == 0


def test_what_was_described_before_the_captioner_went_is_kept(store: Store, tmp_path: Path) -> None:
    captioner = Counting()
    captioner.ends_after = 2
    cases = pictured(tmp_path, range(20, 32))
    with pytest.raises(Unavailable, match="it is gone"):
        captioning.caption_all(store, Local(captioner), cases)
    captioner.ends_after = None
    assert captioning.caption_all(store, Local(captioner), cases).kept == 8
    assert captioner.calls == [4, 4, 4]


def test_a_picture_that_fails_stops_no_other(store: Store, tmp_path: Path) -> None:
    cases = pictured(tmp_path, [20, 21, 13, 22, 23, 24, 25])
    cases[1][1].write_bytes(b"no picture")
    cases[4][1].unlink()
    captioner = Counting()
    report = captioning.caption_all(store, Local(captioner), cases)
    assert texts(report, cases) == ["20 wide", None, None, "22 wide", None, "24 wide", "25 wide"]
    assert captioner.calls == [4, 1]  # broken ones leave no hole in a batch
    reasons = [report.failures.get(sample.id, "") for sample, _ in cases]
    assert "is not a picture that can be read here" in reasons[1]
    assert reasons[2] == "unlucky"
    assert "no picture at" in reasons[4]
    again = captioning.caption_all(store, Local(captioner), cases)
    assert again.failures.keys() == report.failures.keys()


def test_words_that_cannot_be_written_stop_nothing(store: Store, tmp_path: Path) -> None:
    class Babbling(Counting):
        def describe_all(self, images: Sequence[Image.Image]) -> list[Description | CaptionerError]:
            return [Description("half \ud83d") for _ in images]

    cases = pictured(tmp_path, [20])
    assert texts(captioning.caption_all(store, Local(Babbling()), cases), cases) == ["half ?"]


def test_a_real_model_captions_a_corpus_of_pictures(store: Store, tmp_path: Path, tiny_blip2: Path) -> None:
    torch.set_num_threads(1)
    chance = torch.Generator().manual_seed(3)
    cases, expected = [], []
    for number, colour in enumerate(list(COLOURS) * 3):
        picture = tmp_path / f"{number}.png"
        square(colour, chance).save(picture)
        cases.append((Sample.from_text(f"tweet {number}", image=str(number)), picture))
        expected.append(f"a {colour} square")
    settings = Settings.read(captioner="blip2", blip2=str(tiny_blip2))
    with captioning.find("local").running(settings) as engine:
        report = captioning.caption_all(store, engine, cases)
    assert texts(report, cases) == expected
    maker = report.captions[cases[0][0].id].maker
    assert (maker.model, maker.parameters["num_beams"]) == ("tiny-blip2", 5)
    assert maker.seconds > 0


def test_an_engine_that_does_not_exist_is_named() -> None:
    with pytest.raises(BadInput, match="no engine is called 'nope'; there are: local"):
        captioning.find("nope")


def test_a_captioner_that_does_not_exist_is_named() -> None:
    with (
        pytest.raises(BadInput, match="blip2, describe"),
        captioning.find("local").running(Settings.read(captioner="nope")),
    ):
        pass
    assert "blip2" in captioners.names()
