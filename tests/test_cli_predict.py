"""`core predict`, run as its users run it: unusual tweets, hostile pictures, a teacher that is gone."""

import json
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from core.demo import FOLDER
from tests.commands import TWEET, core, document, finished, refused
from tests.loopback import Loopback

pytestmark = pytest.mark.usefixtures("workspace")


def test_predict_answers_with_one_document_from_a_process() -> None:
    status, stdout, stderr = finished("predict", "--text", TWEET, "--image", FOLDER / "cat.jpg", "--json")
    assert status == 0, stderr
    answer = json.loads(stdout)
    assert "cat" in answer["caption"]
    assert all(answer["knowledge"][grain] for grain in ("noun", "sentence", "multimodality"))
    for view in ("with_knowledge", "without_knowledge"):
        found = answer[view]["entities"]
        assert [(each["text"], each["type"]) for each in found] == [("ana", "PER"), ("paris", "LOC")]
        for each in found:
            assert answer["text"][each["start"] : each["end"]] == each["text"]
            assert 0 < each["score"] <= 1
    assert answer["problems"] == {}
    assert "Traceback" not in stderr


def test_predict_tells_the_relation_of_head_and_tail() -> None:
    pair = ("predict", "--text", "ana says the acme !", "--head", "ana", "--tail", "acme")
    answer = document(core(*pair, "--json"))
    for view in ("with_knowledge", "without_knowledge"):
        best, other = answer[view]["relations"]
        assert (best["label"], other["label"]) == ("/per/org/member_of", "None")
        assert best["score"] > other["score"]
    assert "without knowledge: /per/org/member_of" in core(*pair).stdout


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        (("--head", "ana"), "give both --head and --tail"),
        (("--head", "ana", "--tail", "rome"), "the tail 'rome' does not stand in the tweet"),
        (("--head", "an", "--tail", "acme"), "the head 'an' does not stand in the tweet"),
        (("--head", "ana", "--tail", ""), "the tail '' does not stand in the tweet"),
        (("--head", "ana", "--tail", "ana"), "share words"),
    ],
)
def test_a_pair_that_is_none_is_refused(ends: tuple[str, ...], words: str) -> None:
    refused(core("predict", "--text", "ana says the acme !", *ends), words)


def test_predict_speaks_to_people_too() -> None:
    result = core("predict", "--text", TWEET)
    assert result.exit_code == 0
    assert "without knowledge: ana (PER" in result.stdout
    assert "caption: there is no picture" in result.stdout
    assert "None" not in result.stdout


@pytest.mark.parametrize(
    "text", ["🚀🚀 👩‍🚀", "مرحبا ana في paris", "[red]ana[/red] <b>paris</b> {text}", "ana\n\ngoes"]
)
def test_predict_quotes_unusual_tweets_exactly(text: str) -> None:
    answer = document(core("predict", "--text", text, "--json"))
    assert answer["text"] == text
    for view in ("with_knowledge", "without_knowledge"):
        for each in answer[view]["entities"]:
            assert text[each["start"] : each["end"]] == each["text"]
    assert core("predict", "--text", text).exit_code == 0


def test_predict_without_a_teacher_still_predicts(loopback: Loopback) -> None:
    loopback.fault, loopback.status = "status", 401
    answer = document(core("predict", "--text", TWEET, "--image", FOLDER / "cat.jpg", "--json"))
    assert answer["knowledge"] == {"noun": None, "sentence": None, "multimodality": None}
    assert "refused the key" in answer["problems"]["noun"]
    assert answer["with_knowledge"]["entities"]
    assert answer["without_knowledge"]["entities"]


def bomb() -> bytes:
    """A PNG of a few bytes that says it has 12,000 × 12,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 12_000, 12_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("empty.png", b"", "0 bytes"),
        ("text.jpg", b"hello", "not a picture"),
        ("cut.jpg", (FOLDER / "cat.jpg").read_bytes()[:4000], "damaged"),
        ("bomb.png", bomb(), "pixels"),
    ],
    ids=["empty", "not a picture", "truncated", "bomb"],
)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_hostile_picture_is_refused_by_name(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(data)
    refused(core("predict", "--text", TWEET, "--image", tmp_path / name), name, words)


@pytest.mark.parametrize("kind", ["sixteen bits", "cmyk", "animated", "rotated", "transparent"])
def test_an_unusual_picture_is_described(tmp_path: Path, kind: str) -> None:
    cat = Image.open(FOLDER / "cat.jpg").resize((240, 160))
    match kind:
        case "sixteen bits":
            cat.convert("I;16").point(lambda level: level * 256).save(tmp_path / "picture", "PNG")
        case "cmyk":
            cat.convert("CMYK").save(tmp_path / "picture", "JPEG")
        case "animated":
            cat.save(tmp_path / "picture", "GIF", save_all=True, append_images=[cat.rotate(90)])
        case "rotated":
            exif = Image.Exif()
            exif[0x0112] = 6
            cat.save(tmp_path / "picture", "JPEG", exif=exif)
        case "transparent":
            cat.convert("RGBA").save(tmp_path / "picture", "PNG")
    got = document(core("caption", "--text", TWEET, "--image", tmp_path / "picture", "--json"))
    assert got["captions"][0]["text"].startswith("A picture")
