"""The demo samples are complete, true to their texts, and licensed."""

from collections import Counter

import pytest
from PIL import Image

from core import images
from core.demo import FOLDER, Demo, _locate, demos
from core.domain.tokens import split_words


@pytest.fixture(params=demos(), ids=lambda demo: demo.title)
def demo(request: pytest.FixtureRequest) -> Demo:
    shown: Demo = request.param
    return shown


def test_there_are_enough_to_choose_from() -> None:
    assert len(demos()) >= 9
    assert len({demo.title for demo in demos()}) == len(demos())


def test_every_type_of_entity_occurs() -> None:
    types = Counter(entity.type for demo in demos() for entity in demo.sample.entities or ())
    assert set(types) == {"PER", "LOC", "ORG", "MISC"}
    assert min(types.values()) >= 5


def test_a_span_holds_the_words_that_are_listed() -> None:
    rocket = next(demo.sample for demo in demos() if demo.image.stem == "rocket")
    assert [(rocket.mention(entity), entity.type) for entity in rocket.entities or ()] == [
        ("Falcon 9", "MISC"),
        ("Cape Canaveral", "LOC"),
        ("SpaceX", "ORG"),
        ("DSCOVR", "MISC"),
    ]


def test_pairs_are_the_words_that_are_listed() -> None:
    pairs = [demo.sample for demo in demos() if demo.sample.task == "mre"]
    named = [(pair.mention(pair.relation.head), pair.mention(pair.relation.tail)) for pair in pairs if pair.relation]
    assert ("Steph Curry", "Warriors") in named
    assert len(named) == 3


def test_a_mention_that_is_not_in_the_text_is_an_error() -> None:
    with pytest.raises(ValueError, match="'Paris' does not stand in 'Hello London'"):
        _locate([("Paris", "LOC")], ("Hello", "London"))
    with pytest.raises(ValueError, match="after token 2"):
        _locate([("London", "LOC"), ("Hello", "MISC")], ("Hello", "London"))


def test_a_demo_is_labelled_and_described(demo: Demo) -> None:
    assert demo.sample.entities or (demo.sample.relation and demo.sample.relation.label)
    assert demo.sample.tokens == split_words(demo.sample.text)
    assert demo.alt
    assert demo.credit


def test_a_picture_decodes_and_is_small(demo: Demo) -> None:
    picture = images.read(demo.image)
    assert 300 <= max(picture.size) <= 900
    assert demo.image.stat().st_size <= 150_000
    with Image.open(demo.image) as file:
        assert (file.format, file.size) == ("JPEG", picture.size)


def test_a_picture_s_licence_is_named(demo: Demo) -> None:
    rows = [line for line in (FOLDER / "LICENSES.md").read_text().splitlines() if f"`{demo.image.name}`" in line]
    assert len(rows) == 1
    author = demo.credit.partition(",")[0]
    assert author in rows[0] or "drawn by `draw.py`" in rows[0]


def test_no_picture_lies_about_unused() -> None:
    assert {path.name for path in FOLDER.glob("*.jpg")} == {demo.image.name for demo in demos()}
