"""The batch door itself: its help, and how it refuses."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.cli import app
from core.cli.door import command
from tests.commands import core, finished, refused

VERBS = (
    "import export caption think fit augment retrieve extract train table runs evaluate predict explain whatif note "
    "compare doctor fetch".split()
)

pytestmark = pytest.mark.usefixtures("workspace")


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
        (["caption", "--corpus", "demo", "--image", "a.png"], ["--image is the picture of one tweet"]),
        (["caption", "--text", "Ada", "--limit", "3"], ["--limit is of a corpus"]),
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


def test_an_answer_that_nobody_can_take_is_said_in_one_line(tmp_path: Path) -> None:
    unread, closed = os.pipe()
    os.close(unread)
    full = os.open("/dev/full", os.O_WRONLY)
    for out, words in ((full, "No space left"), (closed, "the reader of the answer is gone")):
        ended = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "core", "runs", "--home", str(tmp_path)],
            stdout=out,
            stderr=subprocess.PIPE,
            env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
            text=True,
            check=False,
        )
        os.close(out)
        assert ended.returncode in (1, 2)
        assert words in ended.stderr
        assert "Exception ignored" not in ended.stderr


def test_a_workspace_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = core("import", "--demo", "--workspace", tmp_path / "file" / "workspace")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: the workspace")


def test_what_nobody_foresaw_is_one_line_and_a_file_with_the_place(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def broken() -> None:
        raise KeyError("nobody knew")

    with pytest.raises(SystemExit) as ending:
        command(broken)()
    (log,) = tmp_path.glob("cotpd-*.log")
    said = " ".join(capsys.readouterr().err.split())
    assert ending.value.code == 1
    assert "something unforeseen went wrong: KeyError: 'nobody knew'" in said
    assert "Traceback" not in said
    assert "in broken" in log.read_text()
