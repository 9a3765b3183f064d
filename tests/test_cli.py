"""The batch door, used from outside: one document on stdout, the rest on stderr, and an exit status that fits."""

import json
import os
import signal
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from core.cli import app
from core.demo import FOLDER
from core.domain import Augmentation, Entity, Sample
from core.identity import local
from core.review import decide
from core.store import Store
from tests.loopback import Loopback

ROOT = Path(__file__).parent.parent
TWEET = "ana goes to paris !"


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, student: Path, loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A user's machine: an empty workspace, a trained student, and an endpoint, all named in the environment."""
    for name in [name for name in os.environ if name.startswith("COTPD_")]:
        monkeypatch.delenv(name)
    folder = tmp_path / "workspace"
    monkeypatch.setenv("COTPD_WORKSPACE", str(folder))
    monkeypatch.setenv("COTPD_STUDENT", str(student))
    monkeypatch.setenv("COTPD_TEACHER_URL", loopback.url)
    monkeypatch.setenv("COTPD_TEACHER_MODEL", "gpt-test")
    monkeypatch.setenv("COTPD_TEACHER_PROMPTS", "local")
    return folder


def core(*arguments: object) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def process(*arguments: object) -> "subprocess.Popen[str]":
    """Run a command as a user does, in a process of its own."""
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "core", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(*arguments: object) -> tuple[int, str, str]:
    running = process(*arguments)
    stdout, stderr = running.communicate(timeout=200)
    return running.returncode, stdout, stderr


def document(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def refused(result: Result, *words: str) -> None:
    """Bad input: exit 2, nothing on stdout, one line on stderr with these words in it."""
    assert result.exit_code == 2, (result.stdout, result.stderr)
    assert result.stdout == ""
    (line,) = [line for line in result.stderr.splitlines() if line.strip()]
    assert line.startswith("Error: ")
    for word in words:
        assert word in line


# The door itself


VERBS = (
    "import export caption think fit augment retrieve extract train table runs evaluate predict doctor fetch".split()
)


def test_help_says_every_command_and_costs_nothing_heavy() -> None:
    status, stdout, stderr = finished("--help")
    assert (status, stderr) == (0, "")
    for verb in VERBS:
        assert f" {verb} " in stdout


@pytest.mark.parametrize("verb", VERBS)
def test_every_command_explains_all_its_options(verb: str) -> None:
    result = CliRunner().invoke(app, [verb, "--help"], env={"COLUMNS": "200", "TERMINAL_WIDTH": "200"})
    assert result.exit_code == 0
    assert "--json" in result.stdout


def test_without_a_command_the_help_is_shown() -> None:
    assert core().stdout == core("--help").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nope"], ["No such command 'nope'", "--help"]),
        (["predict"], ["--text"]),
        (["predict", "--text"], ["--text"]),
        (["import", "--frmat", "jsonl"], ["--frmat", "--format"]),
        (["caption", "--corpus", "demo", "--limit", "0"], ["--limit"]),
        (["augment", "--text", "a", "--kind", "x"], ["--kind", "style", "entity", "image"]),
        (["augment", "--corpus", "a", "--draw", "7"], ["--draw 7 needs --limit"]),
        (["import"], ["--path", "--demo"]),
        (["export", "--path", "a", "--corpus", "b"], ["--corpus and --split together"]),
        (["export", "--path", "a", "--without", "entities"], ["--without entities", "image, caption, knowledge"]),
        (["import", "--path", "a.txt", "--format", "nope"], ["'nope'", "conll_bio, conll_bioes", "jsonl"]),
        (["think"], ["--text", "--corpus"]),
        (["think", "--text", "a", "--corpus", "demo"], ["--text", "--corpus"]),
        (["think", "--corpus", "nope"], ["nope/all", "none yet"]),
        (["predict", "--text", "a", "--captioner", "nope"], ["'nope'", "blip2, describe"]),
        (["predict", "--text", "a", "--teacher", "nope"], ["'nope'", "embedded, endpoint"]),
        (["predict", "--text", "a", "--student", "nope"], ["'nope'"]),
        (["predict", "--text", "a", "--image", "nope.jpg"], ["nope.jpg"]),
        (["predict", "--text", "a", "--image", "."], ["folder"]),
        (["evaluate", "--path", "nope.txt"], ["nope.txt", "No such file"]),
        (["evaluate", "--path", "."], ["folder"]),
        (["export", "--path", "."], ["folder"]),
        (["train", "nope.toml", "--out", "x"], ["--data", "COTPD_DATA"]),
        (["train", "nope.toml", "--out", "x", "--data", "."], ["nope.toml", "No such file"]),
        (["fetch", "nope"], ["'nope'", "smollm2-135m"]),
    ],
    ids=" ".join,
)
def test_a_bad_option_is_refused_in_one_line(arguments: list[str], words: list[str]) -> None:
    refused(core(*arguments), *words)


@pytest.mark.parametrize("text", ["", "   \n", "a" * 10_000])
def test_a_text_that_is_no_tweet_is_refused(text: str) -> None:
    refused(core("predict", "--text", text), "tweet")


def test_settings_that_are_wrong_are_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COTPD_TEACHER_TIMEOUT", "soon")
    refused(core("doctor"), "teacher_timeout", "COTPD_TEACHER_TIMEOUT")
    monkeypatch.delenv("COTPD_TEACHER_TIMEOUT")
    monkeypatch.setenv("COTPD_TEECHER", "endpoint")
    refused(core("doctor"), "teecher", "does not exist", "teacher_url")


def test_a_workspace_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = core("import", "--demo", "--workspace", tmp_path / "file" / "workspace")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: the workspace")


# Predict


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


# Names of a teacher


def augment_with_names(*options: object) -> Result:
    return core("augment", "--corpus", "names", "--kind", "entity", "--names", "teacher", "--json", *options)


@pytest.fixture
def named(workspace: Path, loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    """A labelled corpus, and a teacher with a price who knows a person for every letter."""
    entities = (Entity(start=0, end=1, type="PER"),)
    with Store(workspace) as store:
        store.add_corpus(
            "names", "all", [Sample.from_tokens((name, "waves"), entities=entities) for name in ("Ana", "Bo", "Cy")]
        )
    monkeypatch.setenv("COTPD_TEACHER_MODEL", "gpt-4o-mini")

    def answer(body: dict[str, Any]) -> str:
        question = body["messages"][-1]["content"]
        letter = question.partition("letter ")[2][:1]
        return "Yes" if not letter else f"{letter}ilbert" if "persons" in question else "nothing"

    loopback.answer = answer


@pytest.mark.usefixtures("named")
def test_nothing_is_asked_on_a_dry_run_or_for_a_batch_not_even_for_names(loopback: Loopback, tmp_path: Path) -> None:
    for options in (("--dry-run",), ("--batch-out", tmp_path / "requests.jsonl")):
        result = augment_with_names(*options)
        assert (result.exit_code, loopback.requests) == (2, [])
        assert "104 of the 104 questions for names have no answer yet" in result.stderr
    document(augment_with_names("--limit", "1"))
    asked = len(loopback.requests)
    assert asked == 104 + 1
    forecast = document(augment_with_names("--dry-run"))["forecast"]
    assert forecast["calls"] >= 2
    assert len(loopback.requests) == asked


@pytest.mark.usefixtures("named")
def test_names_and_variants_share_a_budget_and_both_are_reported(loopback: Loopback) -> None:
    spent = document(augment_with_names())
    names, variants = spent["names"], spent["report"]
    assert (names["requests"], variants["requests"]) == (104, 3)
    assert min(names["cost_usd"], variants["cost_usd"]) > 0


@pytest.mark.usefixtures("named")
def test_what_names_cost_is_taken_off_the_budget() -> None:
    budget = 0.003
    result = augment_with_names("--kind", "style", "--times", "50", "--budget", budget)
    assert result.exit_code == 1
    got = json.loads(result.stdout)
    names, variants = got["names"], got["report"]
    assert names["stopped"] is None
    assert "the budget" in variants["stopped"]
    assert budget / 2 < names["cost_usd"] + variants["cost_usd"] <= budget


@pytest.mark.usefixtures("named")
def test_a_list_of_names_that_lacks_one_answer_makes_no_variants(loopback: Loopback) -> None:
    loopback.fault = lambda body: "filter" if "letter Q" in body["messages"][-1]["content"] else None
    result = augment_with_names()
    assert result.exit_code == 2
    assert "the list of names is not whole: 4 questions failed" in result.stderr
    loopback.fault = None
    assert document(augment_with_names())["names"]["requests"] == 4


# Corpora


def test_the_demo_is_captioned_explained_and_varied_once(loopback: Loopback) -> None:
    assert document(core("import", "--demo", "--json"))["samples"] >= 8
    assert document(core("import", "--demo", "--json"))["samples"] >= 8
    for verb, made, count in (("caption", "captions", 2), ("think", "thoughts", 6), ("augment", "variants", 6)):
        first = document(core(verb, "--corpus", "demo", "--limit", "2", "--json"))
        assert (len(first[made]), first["problems"]) == (count, [])
        asked = len(loopback.requests)
        assert document(core(verb, "--corpus", "demo", "--limit", "2", "--json"))[made] == first[made]
        assert len(loopback.requests) == asked


def test_samples_that_fail_are_told_and_the_others_kept(loopback: Loopback, workspace: Path) -> None:
    core("import", "--demo")
    loopback.answer = lambda request: (
        "I'm sorry, I can't." if len(loopback.requests) < 2 else f"Answer {len(loopback.requests)}."
    )
    result = core("think", "--corpus", "demo", "--limit", "2", "--json")
    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert len(answer["problems"]) == 1
    assert "refused to explain" in answer["problems"][0]["problem"]
    assert "refused to explain" in result.stderr
    assert len(answer["thoughts"]) == 5


def test_captions_go_on_where_a_kill_left_them(
    loopback: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    lines = []
    for number in range(24):
        Image.new("RGB", (20 + number, 10), "navy").save(pictures / f"{number}.jpg")
        lines.append(f"IMGID:{number}\nana\tB-PER\ngoes\tO\n{number}\tO\n")
    (pictures / "3.jpg").write_bytes(b"no picture")
    (tmp_path / "tiny.txt").write_text("\n".join(lines))
    core("import", "--path", tmp_path / "tiny.txt", "--corpus", "tiny", "--split", "all")
    loopback.answer, loopback.pause = (lambda request: "A square."), 0.05
    monkeypatch.setenv("COTPD_VISION_URL", loopback.url)
    monkeypatch.setenv("COTPD_VISION_MODEL", "gpt-sees")
    command = ["caption", "--corpus", "tiny", "--images", pictures, "--captioner", "vision", "--json"]
    running = process(*command)
    while running.poll() is None and len(loopback.requests) < 10:
        time.sleep(0.01)
    running.kill()
    running.communicate()
    asked = len(loopback.requests)
    result = core(*command)
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert len(found["captions"]) == 23
    assert "is not a picture" in found["problems"][0]["problem"]
    assert asked >= 10
    assert len(loopback.requests) <= 23 + 8  # a kill costs the batch that was on its way


def test_a_teacher_that_sees_gets_the_pictures_and_the_store_keeps_their_hashes(
    workspace: Path, loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COTPD_TEACHER_SEES", "1")
    core("import", "--demo")
    first = document(core("think", "--corpus", "demo", "--limit", "2", "--json"))
    shown = [request for request in loopback.requests if isinstance(request["messages"][-1]["content"], list)]
    assert len(shown) == 2
    assert [len(first["thoughts"]), first["problems"]] == [6, []]
    related = [thought for thought in first["thoughts"] if thought["grain"] == "multimodality"]
    assert all(len(thought["maker"]["parameters"]["image"]) == 64 for thought in related)
    with Store(workspace) as store:
        kept = store.attempts.latest(related[0]["maker"]["ask"])
        assert kept is not None
        assert "sha256:" in str(kept.request)
        assert "base64" not in str(kept.request)
        assert store.captions(related[0]["sample_id"]) == []  # nobody needed its picture in words
    asked = len(loopback.requests)
    assert document(core("think", "--corpus", "demo", "--limit", "2", "--json"))["thoughts"] == first["thoughts"]
    assert len(loopback.requests) == asked


def test_a_corpus_is_imported_with_its_captions_and_knowledge(corpora: Path) -> None:
    arguments = ["import", "--path", corpora / "dev.txt", "--captions", corpora / "captions.txt"]
    arguments += ["--knowledge", corpora / "dev.knowledge.txt", "--corpus", "tiny", "--json"]
    expected = {"corpus": "tiny", "split": "dev", "samples": 9, "captions": 9, "knowledge": 9}
    assert document(core(*arguments)) == expected
    assert document(core(*arguments)) == expected
    refused(core("think", "--corpus", "tiny"), "tiny/dev")


def test_a_broken_line_is_named_and_nothing_imported(corpora: Path, tmp_path: Path, workspace: Path) -> None:
    lines = (corpora / "dev.txt").read_text().splitlines()
    (tmp_path / "broken.txt").write_text("\n".join([*lines[:12], "no-tab-and-no-tag", *lines[12:]]))
    status, stdout, stderr = finished("import", "--path", tmp_path / "broken.txt", "--corpus", "tiny")
    assert (status, stdout) == (2, "")
    assert f"{tmp_path / 'broken.txt'}:13" in stderr
    assert len(stderr.splitlines()) == 1
    with Store(workspace) as store:
        assert store.corpora() == []


def test_approved_variants_are_exported(workspace: Path, loopback: Loopback, tmp_path: Path) -> None:
    loopback.answer = lambda request: "OMG ana just went to paris !!!"
    got = document(core("augment", "--text", TWEET, "--kind", "style", "--json"))
    (variant,) = got["variants"]
    assert variant["variant"]["text"] == "OMG ana just went to paris !!!"
    with Store(workspace) as store:
        (kept,) = store.augmentations(variant["parent_id"])
        assert isinstance(kept, Augmentation)
        decide(store, kept.id, "approved", by=local("Ada"))
    file = tmp_path / "approved.jsonl"
    assert document(core("export", "--path", file, "--json")) == {
        "path": str(file),
        "format": "jsonl",
        "samples": 1,
        "respaced": 0,
        "provenance": str(tmp_path / "approved-jsonl.provenance"),
    }
    scores = document(core("evaluate", "--format", "jsonl", "--path", file, "--json"))
    assert scores["samples"] == 1


# Students


def test_evaluate_scores_both_views(corpora: Path) -> None:
    arguments = ["--captions", corpora / "captions.txt", "--knowledge", corpora / "dev.knowledge.txt", "--json"]
    status, stdout, stderr = finished("evaluate", "--path", corpora / "dev.txt", *arguments)
    assert status == 0, stderr
    answer = json.loads(stdout)
    assert answer["samples"] == 9
    assert answer["without_knowledge"]["f1"] > 90
    assert answer["with_knowledge"]["f1"] > 90
    assert answer["knowledge"] == "9 captions, 9 thoughts"
    assert answer["with_knowledge"]["confusion"]["columns"] == ["LOC", "PER", "missed"]


def test_a_training_that_was_killed_goes_on(corpora: Path, tmp_path: Path) -> None:
    config, out = tmp_path / "train.toml", tmp_path / "student"
    config.write_text((corpora / "train.toml").read_text().replace("epochs = 12", "epochs = 40"))
    arguments = ("train", config, "--out", out, "--data", corpora, "--json")
    running = process(*arguments)
    deadline = time.monotonic() + 120
    while not (out / "checkpoint.safetensors").exists():
        assert running.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    running.communicate()
    status, stdout, stderr = finished(*arguments)
    assert status == 0, stderr
    answer = json.loads(stdout)
    assert answer["folder"] == str(out)
    assert answer["best_dev_f1"] > 90
    assert not (out / "checkpoint.safetensors").exists()
    predicted = document(core("predict", "--text", TWEET, "--student", out, "--json"))
    assert [each["text"] for each in predicted["without_knowledge"]["entities"]] == ["ana", "paris"]


# The machine


def test_doctor_says_what_can_be_used_and_why_the_rest_cannot(student: Path) -> None:
    status, stdout, _ = finished("doctor", "--json")
    assert status == 0
    answer = json.loads(stdout)
    captioner = {each["name"]: each for each in answer["captioner"]}
    assert captioner["describe"] == {"name": "describe", "chosen": True, "problem": None}
    assert "COTPD_BLIP2" in captioner["blip2"]["problem"]
    assert {"name": "endpoint", "chosen": True, "problem": None} in answer["teacher"]
    assert {"name": str(student), "chosen": True, "problem": None} in answer["student"]


def test_doctor_tells_people_about_a_student_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COTPD_STUDENT", "nobody")
    result = core("doctor")
    assert result.exit_code == 0
    assert "student" in result.stdout
    assert "nobody holds no student" in result.stdout


def test_fetch_gets_nothing_where_an_endpoint_is_configured() -> None:
    assert document(core("fetch", "--json")) == {"fetched": None}
