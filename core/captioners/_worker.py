"""A captioner in a process of its own, asked in JSON lines: what it says, and the three ways in which it can fail."""

import json
import queue
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

LAST_WORDS = 300


class WorkerFailed(Exception):
    """The process ended, said something that is no answer, or said nothing: the message says which."""


class Worker:
    """A running process. What it prints beside its answers goes into a log file.

    Once it has failed it is of no use any more: close it.
    """

    def __init__(self, command: Sequence[str | Path], log: Path) -> None:
        """Raises WorkerFailed where the process cannot be started."""
        self._log = log
        try:
            log.parent.mkdir(parents=True, exist_ok=True)
            with log.open("wb") as errors:
                self._process = subprocess.Popen(  # noqa: S603 - our own worker, in an environment that the user named
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    start_new_session=True,  # Ctrl-C is for us; it ends when we do
                )
        except OSError as error:
            raise WorkerFailed(f"cannot be started ({error})") from error
        self._lines: queue.Queue[bytes] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def ask(self, message: dict[str, Any], patience: float) -> dict[str, Any]:
        """Send a message and wait for its answer, at most so many seconds.

        Raises:
            WorkerFailed: no answer came, and why.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            raise WorkerFailed(self._ended()) from None
        return self.hear(patience)

    def hear(self, patience: float | None = None) -> dict[str, Any]:
        """The next thing that it says; without patience, however long that takes.

        Raises:
            WorkerFailed: nothing came, and why.
        """
        try:
            line = self._lines.get(timeout=patience)
        except queue.Empty:
            raise WorkerFailed(f"said nothing for {patience:g} seconds") from None
        if not line:
            raise WorkerFailed(self._ended())
        try:
            answer = json.loads(line)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise WorkerFailed(f"said something that is no answer: {line[:80]!r}")
        return answer

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                try:
                    pipe.close()
                except OSError:  # what was not sent yet is of no use any more
                    continue

    def _listen(self) -> None:
        assert self._process.stdout is not None
        try:
            for line in self._process.stdout:
                self._lines.put(line)
        except ValueError:  # closed while it listened
            return
        finally:
            self._lines.put(b"")

    def _ended(self) -> str:
        status = self._process.wait()
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        words = self._log.read_text(encoding="utf-8", errors="replace").split("\n")
        last = next((line.strip() for line in reversed(words) if line.strip()), "nothing")
        return f"{how}; the last it said in {self._log} is {last[:LAST_WORDS]!r}"
