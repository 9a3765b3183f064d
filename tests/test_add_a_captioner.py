"""The page on adding a captioner keeps its word: its example works by being put into the folder."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from core import captioners, images
from core.demo import FOLDER
from core.errors import BadInput
from core.settings import Settings
from tests.captions import described

PAGE = Path(__file__).parent.parent / "docs" / "add-a-captioner.md"


@pytest.fixture
def _colours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The example as a file of a folder that counts as core/captioners."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    (tmp_path / "colours.py").write_text(code, encoding="utf-8")
    monkeypatch.setattr(captioners, "__path__", [*captioners.__path__, str(tmp_path)])
    yield
    sys.modules.pop("core.captioners.colours", None)
    vars(captioners).pop("colours", None)


def test_without_the_file_there_is_no_such_captioner() -> None:
    assert "colours" not in captioners.names()
    with pytest.raises(BadInput, match="no captioner is called 'colours'; there are: blip2, describe, lavis, vision"):
        captioners.find("colours")


@pytest.mark.usefixtures("_colours")
def test_the_example_is_listed_beside_the_others() -> None:
    assert captioners.names() == ["blip2", "colours", "describe", "lavis", "vision"]


@pytest.mark.usefixtures("_colours")
def test_the_example_captions_real_pictures() -> None:
    file = captioners.find("colours")
    settings = Settings.read()
    assert file.unusable(settings) is None
    captioner = file.load(settings)
    assert captioner.model == "colours"
    assert captioner.parameters["most"] == 2
    coffee = described(captioner, images.read(FOLDER / "coffee.jpg"))
    assert coffee.text == "A picture in brown and orange."
    assert [colour.kind for colour in coffee.observations] == ["colour", "colour"]
    flag = Image.new("RGB", (30, 20), "white")
    flag.paste("red", (0, 0, 10, 20))
    seen = described(captioner, flag)
    assert seen.text == "A picture in white and red."
    assert [round(colour.score or 0, 1) for colour in seen.observations] == [0.7, 0.3]
