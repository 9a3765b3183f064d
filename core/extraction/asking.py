"""Asking a teacher about many samples at once. Each answer is kept when it comes, and asked for once."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from datetime import UTC, datetime

from core import prompts
from core.asking.failing import Breaker
from core.corpora import Row
from core.domain import Maker, Task
from core.errors import TeacherError
from core.extraction.answers import Answers, Extracted, Key, key
from core.extraction.parsing import Mention, parse_label, parse_mentions
from core.printable import mended
from core.teachers import Teacher

PROMPTS: dict[Task, str] = {"mner": "extract_entities", "mre": "extract_relation"}

NO_CAPTION = "not known"

Progress = Callable[[int, int, int], None]
"""Called with how many samples have been asked about, of how many, and how many of these failed."""


class _Stopped(Exception):
    """Nobody waits for the answer any more."""


class Extractor:
    """One teacher with one task, and the label set that it chooses from."""

    def __init__(self, teacher: Teacher, task: Task, labels: Sequence[str]) -> None:
        """Raises BadInput where the teacher's prompt set has no prompt for this task."""
        self.task = task
        self.labels = tuple(labels)
        self.prompt = prompts.load(teacher.prompts, PROMPTS[task])
        self.model = teacher.model
        self._teacher = teacher
        self._parameters = dict(teacher.parameters)  # as asked for, before the endpoint refuses any

    def key(self, row: Row) -> Key:
        """What the answer about a row is found by."""
        return key(row.sample.id, self._maker(row))

    def parse(self, answer: str) -> tuple[Mention, ...] | str | None:
        """The mentions or the relation in an answer, or None where it is neither."""
        return parse_mentions(answer) if self.task == "mner" else parse_label(answer, self.labels)

    def ask(self, row: Row, hear: Callable[[str], None]) -> Extracted:
        """Ask about one row; `hear` gets each piece of the answer, and may raise to end it.

        Raises:
            TeacherError: no usable answer came, and why.
        """
        maker = self._maker(row)
        heard: list[str] = []

        def hear_all(piece: str) -> None:
            hear(piece)
            heard.append(piece)

        answer = self._teacher.ask(
            self.prompt.messages(**self._values(row)), max_tokens=self.prompt.max_tokens, hear=hear_all
        )
        # As it came: the answer's own text is cut back to its last whole sentence, and might then be one that parses.
        text = mended("".join(heard)).strip()
        return Extracted(
            sample_id=row.sample.id,
            status="unparsed" if self.parse(text) is None else "parsed",
            answer=text,
            maker=maker.model_copy(
                update={
                    "seconds": answer.seconds,
                    "prompt_tokens": answer.prompt_tokens,
                    "completion_tokens": answer.completion_tokens,
                }
            ),
        )

    def _maker(self, row: Row) -> Maker:
        caption = {"caption": row.caption} if "caption" in self.prompt.places else {}
        return Maker(
            model=self.model,
            prompt_version=self.prompt.version,
            parameters={**self._parameters, "labels": list(self.labels), **caption},
            created=datetime.now(UTC),
        )

    def _values(self, row: Row) -> dict[str, str]:
        labels = ", ".join(self.labels)
        values = {"text": row.sample.text}
        if "caption" in self.prompt.places:
            values["caption"] = row.caption or NO_CAPTION
        if relation := row.sample.relation:
            head, tail = row.sample.mention(relation.head), row.sample.mention(relation.tail)
            return {**values, "head": head, "tail": tail, "relations": labels}
        return {**values, "types": labels}


def ask_all(
    extractor: Extractor, rows: Sequence[Row], answers: Answers, *, concurrency: int, progress: Progress
) -> dict[Key, str]:
    """Ask about every row whose answer is missing, `concurrency` at once; gives the failures, with their reasons.

    A failure is not kept, so that a later call asks again. Whatever ends this call, what was answered is kept.

    Raises:
        TeacherError: all others would fail for the reason of one, or many in a row have failed.
        BadInput: the answers cannot be written.
    """
    missing = {extractor.key(row): row for row in rows}
    missing = {wanted: row for wanted, row in missing.items() if wanted not in answers}
    failures: dict[Key, str] = {}
    breaker = Breaker()
    stopped = threading.Event()

    def hear(_: str) -> None:
        if stopped.is_set():
            raise _Stopped

    def ask(wanted: Key, row: Row) -> None:
        hear("")
        try:
            answers.add(extractor.ask(row, hear))
            breaker.answered()
        except TeacherError as error:
            failures[wanted] = str(error)
            if reason := breaker.failed(error):
                stopped.set()
                raise TeacherError(reason, error.reason) from None

    with ThreadPoolExecutor(max_workers=concurrency) as pool:
        progress(0, len(missing), 0)
        try:
            asked = [pool.submit(ask, wanted, row) for wanted, row in missing.items()]
            for done, future in enumerate(as_completed(asked), start=1):
                with suppress(_Stopped):  # by another's failure, which is told when it comes
                    future.result()
                progress(done, len(missing), len(failures))
        finally:
            stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
    return failures
