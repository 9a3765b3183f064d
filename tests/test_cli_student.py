"""`core train` and `core evaluate`, run as their users run them."""

import json
import signal
import time
from pathlib import Path

import pytest

from tests.commands import TWEET, core, document, finished, process

pytestmark = pytest.mark.usefixtures("workspace")


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
