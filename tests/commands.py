"""Commands, run as their users run them, and what they must answer."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from core.cli import app

ROOT = Path(__file__).parent.parent
TWEET = "ana goes to paris !"


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
    """Run a command in a process to its end; gives its status, its answer, and what it said beside."""
    running = process(*arguments)
    stdout, stderr = running.communicate(timeout=200)
    return running.returncode, stdout, stderr


def document(result: Result, status: int = 0) -> dict[str, Any]:
    """What a command with --json answered."""
    assert result.exit_code == status, result.stderr
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


def forget_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test know no setting of the machine that it runs on."""
    for name in [name for name in os.environ if name.startswith("COTPD_")]:
        monkeypatch.delenv(name)
