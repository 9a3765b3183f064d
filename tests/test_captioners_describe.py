"""The embedded describer says what stands in real pictures, and admits when it sees nothing."""

import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
import torch
from PIL import Image, ImageDraw, ImageFont

from core import captioners, images
from core.captioners import Captioner, Description
from core.captioners.describe import _with_article
from core.demo import FOLDER
from core.errors import Unavailable
from core.settings import Settings
from tests.captions import described


@pytest.fixture(scope="module")
def describer() -> Iterator[Captioner]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # more only wait for each other where the machine is busy
    yield captioners.find("describe").load(Settings.read())
    torch.set_num_threads(threads)


def labels(description: Description, kind: str) -> list[str]:
    return [seen.label for seen in description.observations if seen.kind == kind]


def written(*lines: str) -> Image.Image:
    picture = Image.new("RGB", (640, 120 * len(lines)), "black")
    for row, line in enumerate(lines):
        ImageDraw.Draw(picture).text((20, 20 + 120 * row), line, font=ImageFont.load_default(size=64), fill="white")
    return picture


def test_it_is_called_what_it_is(describer: Captioner) -> None:
    assert describer.model == "embedded describer"
    assert describer.parameters["things"] == "efficientnet-lite2"


@pytest.mark.parametrize(
    ("photo", "sentence"),
    [
        ("coffee", "A picture of an espresso."),
        ("cat", "A picture of a cat."),
        ("astronaut", "A picture with one face."),
        ("pagoda", "A picture of what may be a palace."),
        ("rocket", "A picture in which nothing is recognised with certainty."),
    ],
)
def test_a_photo_is_described_as_far_as_the_models_are_sure(describer: Captioner, photo: str, sentence: str) -> None:
    assert described(describer, images.read(FOLDER / f"{photo}.jpg")).text == sentence


def test_a_scoreboard_is_read(describer: Captioner) -> None:
    seen = described(describer, images.read(FOLDER / "scoreboard.jpg"))
    assert seen.text.startswith("A picture of a scoreboard, with the words “NBA FINALS GAME 6")
    assert {"NBA FINALS", "WARRIORS", "CELTICS", "103"} <= set(labels(seen, "words"))


def test_observations_keep_their_scores(describer: Captioner) -> None:
    seen = described(describer, images.read(FOLDER / "coffee.jpg")).observations
    assert [(best.kind, best.label) for best in seen[:1]] == [("thing", "espresso")]
    assert all(thing.score is not None and 0 <= thing.score <= 1 for thing in seen if thing.kind == "thing")
    (face,) = [
        one for one in described(describer, images.read(FOLDER / "astronaut.jpg")).observations if one.kind == "face"
    ]
    assert face.score is None


def test_an_empty_picture_gets_an_honest_sentence(describer: Captioner) -> None:
    seen = described(describer, Image.new("RGB", (300, 300), "grey"))
    assert seen.text == "A picture in which nothing is recognised with certainty."
    assert labels(seen, "face") == labels(seen, "words") == []


@pytest.mark.parametrize("size", [(1, 1), (1, 2048), (2048, 3), (2048, 2048)])
def test_any_shape_of_picture_is_taken(describer: Captioner, size: tuple[int, int]) -> None:
    assert described(describer, Image.new("RGB", size, "navy")).text.startswith("A picture")


def test_repeated_words_are_said_once(describer: Captioner) -> None:
    seen = described(describer, written("HELLO", "WORLD", "HELLO"))
    assert seen.text.count("HELLO") == 1
    assert labels(seen, "words") == ["HELLO", "WORLD", "HELLO"]


def test_a_wall_of_words_is_cut_short(describer: Captioner) -> None:
    seen = described(describer, written(*(f"BREAKING NEWS {number}" for number in range(10, 22))))
    assert len(labels(seen, "words")) == 12
    assert len(seen.text) < 200


def test_pixels_decide_and_not_the_order_of_threads(describer: Captioner) -> None:
    pictures = [images.read(FOLDER / f"{name}.jpg") for name in ("coffee", "cat", "scoreboard")]
    alone = [described(describer, picture) for picture in pictures]
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(partial(described, describer), pictures * 2)) == alone * 2


def test_it_needs_no_network_and_prints_nothing(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    described(captioners.find("describe").load(Settings.read()), written("OFFLINE"))
    assert capfd.readouterr() == ("", "")


def test_it_names_the_package_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    file = captioners.find("describe")
    assert file.unusable(Settings.read()) is None
    monkeypatch.setattr("sys.meta_path", [])
    monkeypatch.setattr("sys.path_importer_cache", {})
    monkeypatch.delitem(sys.modules, "rapidocr", raising=False)
    with pytest.raises(Unavailable, match=r"rapidocr.*requirements-embedded"):
        file.load(Settings.read())


@pytest.mark.parametrize(
    ("name", "phrase"),
    [
        ("palace", "a palace"),
        ("espresso", "an espresso"),
        ("unicycle", "a unicycle"),
        ("hourglass", "an hourglass"),
        ("umbrella", "an umbrella"),
        ("sunglasses", "sunglasses"),
        ("hay", "hay"),
    ],
)
def test_articles_are_english(name: str, phrase: str) -> None:
    assert _with_article(name) == phrase
