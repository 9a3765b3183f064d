"""The think command on a corpus, as a user runs it: estimate, budget, Ctrl-C, kills, report."""

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from core.cli import app
from core.domain import Sample
from core.store import Store
from tests.commands import ROOT, core, document, forget_settings, process
from tests.loopback import Loopback

SAMPLES = 40


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A corpus of 40 tweets without pictures, 80 thoughts to be had, and an endpoint."""
    forget_settings(monkeypatch)
    folder = tmp_path / "workspace"
    with Store(folder) as store:
        store.add_corpus("tiny", "all", [Sample.from_text(f"tweet number {number}") for number in range(SAMPLES)])
    monkeypatch.setenv("COTPD_WORKSPACE", str(folder))
    monkeypatch.setenv("COTPD_TEACHER_URL", loopback.url)
    monkeypatch.setenv("COTPD_TEACHER_MODEL", "gpt-4o-mini")
    monkeypatch.setenv("COTPD_TEACHER_PROMPTS", "local")
    return folder


def think(*options: object) -> Result:
    return core("think", "--corpus", "tiny", *options)


def thinking(*options: object) -> "subprocess.Popen[str]":
    return process("think", "--corpus", "tiny", "--json", *options)


def wait_for(loopback: Loopback, requests: int, running: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + 60
    while len(loopback.requests) < requests:
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_run_reports_what_became_of_every_thought(loopback: Loopback) -> None:
    got = document(think("--concurrency", 8, "--json"))
    report = got["report"]
    assert (report["planned"], report["answered"], report["failed"], report["open"]) == (80, 80, 0, 0)
    assert report["requests"] == len(loopback.requests) == 80
    assert report["cost_usd"] == pytest.approx(
        (report["prompt_tokens"] * 0.15 + report["completion_tokens"] * 0.6) / 1e6, abs=1e-6
    )
    assert len(got["thoughts"]) == 80
    again = document(think("--json"))
    assert (again["report"]["requests"], again["thoughts"]) == (0, got["thoughts"])
    assert len(loopback.requests) == 80


def test_people_read_the_estimate_before_and_the_report_after(loopback: Loopback) -> None:
    result = think()
    assert result.exit_code == 0
    assert result.stdout == ""  # 80 thoughts are no reading for a terminal
    assert "80 are to be asked for" in result.stderr
    assert "by prices of 20" in result.stderr
    assert "80 answered, 0 from kept answers, 0 failed, 0 left open; 80 requests" in result.stderr


def test_a_terminal_gets_no_control_characters_of_tweets_and_answers(loopback: Loopback) -> None:
    loopback.answer = lambda request: "It is \x1b[31ma\x9b31m \u202etweet."
    tweet = "see \x1b]0;mine\x07 this"
    good = CliRunner().invoke(app, ["think", "--text", tweet])
    assert "noun It is [31ma31m tweet." in good.stdout
    loopback.fault, loopback.status = "status", 400
    bad = CliRunner().invoke(app, ["think", "--text", f"{tweet} again"])
    assert "see ]0;mine this again: " in bad.stderr
    wrong = CliRunner().invoke(app, ["think", "--corpus", tweet])
    assert "no corpus see ]0;mine this/all" in wrong.stderr
    said = "".join(each.stdout + each.stderr for each in (good, bad, wrong))
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(said)


def test_a_dry_run_asks_and_keeps_nothing(loopback: Loopback, workspace: Path) -> None:
    got = document(think("--dry-run", "--json"))
    assert (got["kept"], got["forecast"]["calls"]) == (0, 80)
    assert 0 < got["forecast"]["cost"] <= got["forecast"]["most_cost"]
    assert "about" in think("--dry-run").stdout.lower()
    one = CliRunner().invoke(app, ["think", "--text", "a tweet of mine", "--dry-run", "--json"])
    assert document(one)["forecast"]["calls"] == 2
    assert loopback.requests == []
    with Store(workspace) as store:
        assert store.sample(Sample.from_text("a tweet of mine").id) is None


def test_a_dry_run_counts_what_is_asked_about_pictures_that_are_captioned_first(workspace: Path) -> None:
    with Store(workspace) as store:
        name = store.save_image(Image.new("RGB", (20, 20), "navy"))
        lost = Sample.from_text("its picture is not here", image="lost")
        store.add_corpus("tiny", "new", [Sample.from_text("look", image=name), lost])
    got = document(think("--split", "new", "--dry-run", "--json"))
    assert (got["forecast"]["calls"], got["to_caption"], got["uncaptioned"]) == (5, 1, 1)
    said = think("--split", "new", "--dry-run").stdout
    assert "1 pictures are captioned first" in said
    assert "1 samples have a picture but no caption" in said
    described = ("--split", "new", "--captioner", "describe")
    assert document(think(*described, "--json"))["report"]["answered"] == 5
    done = document(think(*described, "--dry-run", "--json"))
    assert (done["forecast"]["calls"], done["to_caption"]) == (0, 0)


def test_a_budget_stops_in_time_and_the_next_run_goes_on(loopback: Loopback) -> None:
    result = think("--budget", "0.002", "--json")
    first = document(result, status=1)["report"]
    assert 0 < first["answered"] < 80
    assert first["cost_usd"] <= 0.002
    assert "the budget of $0.002" in first["stopped"]
    assert "Stopped: the budget" in result.stderr
    assert document(think("--json"))["report"]["answered"] == 80 - first["answered"]


def test_a_budget_without_a_price_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COTPD_TEACHER_MODEL", "my-own-model")
    result = think("--budget", "1")
    assert result.exit_code == 2
    assert "COTPD_PRICES" in result.stderr
    assert "price unknown" in think("--dry-run").stdout
    assert document(think("--json"))["report"]["cost_usd"] is None


def test_a_refused_key_ends_the_run_with_its_remedy(loopback: Loopback) -> None:
    loopback.fault, loopback.status = "status", 401
    result = think("--json")
    report = document(result, status=1)["report"]
    assert "Set OPENAI_API_KEY" in report["stopped"]
    assert report["open"] >= 60
    assert len(loopback.requests) <= 16
    assert "Traceback" not in result.stderr


def test_ctrl_c_ends_cleanly_with_a_report(loopback: Loopback, workspace: Path) -> None:
    loopback.pause = 0.1
    running = thinking("--concurrency", 4)
    wait_for(loopback, 10, running)
    running.send_signal(signal.SIGINT)
    stdout, stderr = running.communicate(timeout=30)
    assert running.returncode == 1
    report = json.loads(stdout)["report"]
    assert report["stopped"] == "you stopped it"
    assert report["answered"] == report["requests"] == len(loopback.requests) < 80  # what was on its way was kept
    assert "Stopped: you stopped it" in stderr
    assert "Traceback" not in stderr
    loopback.pause = 0.0
    assert document(think("--json"))["report"]["answered"] == 80 - report["answered"]


def test_after_kills_each_answer_stands_once_and_few_were_asked_for_twice(loopback: Loopback, workspace: Path) -> None:
    loopback.pause = 0.05
    for number in range(1, 3):
        running = thinking("--concurrency", 4)
        wait_for(loopback, 20 * number, running)
        running.kill()
        running.communicate()
        time.sleep(0.2)
    report = document(think("--concurrency", 4, "--json"))["report"]
    assert report["open"] == report["failed"] == 0
    asked = Counter(json.dumps(request["messages"]) for request in loopback.requests)
    assert len(asked) == 80
    assert asked.total() - 80 <= 2 * 4
    with sqlite3.connect(workspace / "workspace.db") as db:
        assert db.execute("SELECT count(*), count(DISTINCT key) FROM attempts WHERE failure IS NULL").fetchone() == (
            80,
            80,
        )
        assert db.execute("SELECT count(*) FROM knowledge").fetchone() == (80,)


def test_a_batch_goes_out_and_comes_in(loopback: Loopback, tmp_path: Path) -> None:
    file, results = tmp_path / "f.jsonl", tmp_path / "results.jsonl"
    out = document(think("--batch-out", file, "--json"))
    assert (out["requests"], out["files"]) == (80, [str(file)])
    choice = {"index": 0, "message": {"content": "It is a tweet."}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 1_000_000, "completion_tokens": 0}
    response = {"status_code": 200, "body": {"choices": [choice], "usage": usage}}
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    ids = [*(line["custom_id"] for line in lines), "nobody's"]
    results.write_text("".join(json.dumps({"custom_id": each, "response": response}) + "\n" for each in ids))
    into = document(think("--batch-in", results, "--json"))
    assert (into["report"]["answered"], into["unknown"], len(into["thoughts"])) == (80, ["nobody's"], 80)
    assert into["report"]["cost_usd"] == pytest.approx(80 * 0.15 / 2)  # a batch costs half
    assert loopback.requests == []
    rest = think("--batch-out", file)
    assert "Nothing is left to ask" in rest.stderr
    assert [json.loads(line) for line in file.read_text().splitlines()] == lines
    both = think("--batch-out", file, "--batch-in", results)
    assert both.exit_code == 2
    assert "two steps" in both.stderr


def test_a_budget_bounds_the_batch_that_is_written_and_not_the_answers_that_are_paid(
    loopback: Loopback, tmp_path: Path
) -> None:
    file = tmp_path / "f.jsonl"
    direct, in_batch = (
        document(think("--dry-run", "--json", *options))["forecast"] for options in ((), ("--batch-out", file))
    )
    assert in_batch["most_cost"] == pytest.approx(direct["most_cost"] / 2)
    out = document(think("--batch-out", file, "--budget", in_batch["most_cost"] / 2, "--json"), status=1)
    assert 0 < out["requests"] == len(file.read_text().splitlines()) < 40
    assert "the budget" in out["report"]["stopped"]
    paid = think("--batch-in", file, "--budget", 1)
    assert paid.exit_code == 2
    assert "answers that are paid for" in paid.stderr
    assert loopback.requests == []


def test_looking_for_what_is_missing_loads_no_torch() -> None:
    code = "import sys, core.cli.think, core.thinking, core.workbench; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "False"
