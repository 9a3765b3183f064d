"""A process that is told to end in the middle of an answer ends, soon and in order."""

import subprocess
import sys

STUDY = """
import sys, time
from core import weights
from core.settings import Settings
from core.teachers import embedded

settings = Settings.read(embedded_teacher="smollm2-135m")
weights.fetch("smollm2-135m", settings.cache)
teacher = embedded.load(settings)
import threading
heard = threading.Event()
question = [{"role": "user", "content": "Count from one to five hundred."}]
ask = lambda: teacher.ask(question, max_tokens=1500, hear=lambda _: heard.set())
threading.Thread(target=ask, daemon=True).start()
assert heard.wait(60)
"""


def test_a_process_ends_in_the_middle_of_an_embedded_answer() -> None:
    ended = subprocess.run(  # noqa: S603
        [sys.executable, "-c", STUDY], timeout=120, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
