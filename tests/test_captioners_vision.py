"""A model behind an endpoint that sees: the picture itself arrives, failures are told, and no key is."""

import base64
import io
import threading
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from core import captioners, captioning
from core.captioners import Captioner, Description, vision
from core.captioning.local import Local
from core.domain import Sample
from core.errors import CaptionerError, Unavailable
from core.settings import Settings
from core.store import Store
from tests.captions import described
from tests.loopback import Loopback


def seen(request: dict[str, Any]) -> Image.Image:
    """The picture in a request, as an endpoint decodes it."""
    (_, picture) = request["messages"][-1]["content"]
    address = picture["image_url"]["url"]
    assert address.startswith("data:image/jpeg;base64,")
    return Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2])))


def colour_and_size(request: dict[str, Any]) -> str:
    picture = seen(request)
    channels = picture.resize((1, 1)).getpixel((0, 0))
    return f"{('red', 'green', 'blue')[channels.index(max(channels))]},\n {picture.width} wide"


@pytest.fixture
def captioner(loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> Captioner:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    loopback.answer = colour_and_size
    return captioners.find("vision").load(Settings.read(vision_url=loopback.url, vision_model="gpt-sees"))


def picture(colour: str, width: int = 40) -> Image.Image:
    return Image.new("RGB", (width, 30), colour)


def test_the_endpoint_gets_the_picture_itself(captioner: Captioner, loopback: Loopback) -> None:
    assert described(captioner, picture("blue")).text == "blue, 40 wide"
    (words, _) = loopback.requests[0]["messages"][0]["content"]
    assert words == {"type": "text", "text": vision.QUESTION}
    assert loopback.requests[0]["model"] == "gpt-sees"


def test_a_large_picture_is_sent_smaller(captioner: Captioner) -> None:
    assert described(captioner, picture("red", 2048)).text == "red, 1024 wide"


def test_several_are_asked_about_at_once_and_answered_in_order(captioner: Captioner, loopback: Loopback) -> None:
    colours = ["red", "green", "blue"] * 4
    made = captioner.describe_all([picture(colour) for colour in colours])
    assert [each.text for each in made if isinstance(each, Description)] == [f"{name}, 40 wide" for name in colours]
    assert len(loopback.requests) == 12


def test_its_record_says_what_it_was_asked(captioner: Captioner, loopback: Loopback) -> None:
    assert captioner.model == "gpt-sees"
    assert captioner.parameters == {
        "temperature": 0,
        "endpoint": loopback.url,
        "question": vision.QUESTION,
        "max_tokens": vision.MAX_TOKENS,
        "side": 1024,
    }


def test_an_overloaded_endpoint_is_asked_again_when_it_wants_to_be(captioner: Captioner, loopback: Loopback) -> None:
    loopback.fault, loopback.status, loopback.headers = "status", 429, {"Retry-After": "0.3"}
    threading.Timer(0.4, lambda: setattr(loopback, "fault", None)).start()
    assert described(captioner, picture("red")).text.startswith("red")
    assert 2 <= len(loopback.requests) <= vision.TRIES


def test_an_endpoint_that_stays_overloaded_is_one_failure(captioner: Captioner, loopback: Loopback) -> None:
    loopback.fault, loopback.status, loopback.headers = "status", 429, {"Retry-After": "0.05"}
    (made,) = captioner.describe_all([picture("red")])
    assert isinstance(made, CaptionerError)
    assert "429" in str(made)
    assert len(loopback.requests) == vision.TRIES


def test_a_refused_key_ends_the_run_and_is_not_shown(captioner: Captioner, loopback: Loopback) -> None:
    loopback.fault, loopback.status = "status", 401
    with pytest.raises(Unavailable, match="refused the key") as raised:
        captioner.describe_all([picture("red")])
    assert "sk-very-secret" not in str(raised.value)
    assert len(loopback.requests) == 1


def test_captions_that_came_before_the_key_was_refused_are_not_lost(captioner: Captioner, loopback: Loopback) -> None:
    left = iter(range(3))
    loopback.status, loopback.fault = 401, lambda _: "status" if next(left, None) is None else None
    made = captioner.describe_all([picture("red")] * 8)
    assert sum(isinstance(each, Description) for each in made) == 3
    assert sum(isinstance(each, CaptionerError) for each in made) == 5
    with pytest.raises(Unavailable, match="refused the key"):
        captioner.describe_all([picture("red")] * 8)


def test_a_picture_that_the_endpoint_withholds_is_one_failure(
    captioner: Captioner, loopback: Loopback, tmp_path: Path
) -> None:
    loopback.fault = lambda request: "filter" if "blue" in colour_and_size(request) else None
    cases = []
    for colour in ("red", "blue", "green"):
        picture(colour).save(tmp_path / f"{colour}.png")
        cases.append((Sample.from_text(colour, image=colour), tmp_path / f"{colour}.png"))
    with Store(tmp_path / "workspace") as store:
        report = captioning.caption_all(store, Local(captioner), cases)
    assert list(report.captions) == [cases[0][0].id, cases[2][0].id]
    assert "content filter" in report.failures[cases[1][0].id]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "set COTPD_VISION_MODEL"),
        ({"vision_model": "m"}, "OpenAI needs a key: set OPENAI_API_KEY, or COTPD_VISION_URL"),
        ({"vision_model": "m", "vision_url": "ftp://x"}, "COTPD_VISION_URL is 'ftp://x'"),
    ],
)
def test_what_is_missing_is_said(settings: dict[str, str], words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert words in (captioners.find("vision").unusable(Settings.read(**settings)) or "")
    with pytest.raises(Unavailable, match="captioner 'vision'"):
        captioners.find("vision").load(Settings.read(**settings))


def test_an_unreachable_endpoint_names_its_own_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vision, "TRIES", 1)
    captioner = captioners.find("vision").load(Settings.read(vision_url="http://127.0.0.1:9/v1", vision_model="m"))
    with pytest.raises(Unavailable, match="COTPD_VISION_URL is right"):
        captioner.describe_all([picture("red")])
