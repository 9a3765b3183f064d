"""A process that is told to end in the middle of its teacher's answers ends, soon and in order."""

import subprocess
import sys

from core.teachers import Teacher

LEAVING = """
import threading

from core.settings import Settings
from core.teachers import embedded

teacher = embedded.load(Settings.read(embedded_teacher="smollm2-135m"))
question = [{"role": "user", "content": "Write a story of a thousand sentences about a cat. Never stop."}]
begun = threading.Barrier(4)


def ask() -> None:
    pieces = []

    def hear(piece: str) -> None:
        pieces.append(piece)
        if len(pieces) == 1:
            begun.wait()

    teacher.ask(question, max_tokens=1500, hear=hear)


for _ in range(3):
    threading.Thread(target=ask, daemon=True).start()
begun.wait()
"""


def test_a_process_does_not_wait_for_answers_that_nobody_hears(smollm2: Teacher) -> None:
    assert "SmolLM2" in smollm2.model  # its weights are here
    ended = subprocess.run(  # noqa: S603 - three such answers take half a minute
        [sys.executable, "-c", LEAVING], timeout=20, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
