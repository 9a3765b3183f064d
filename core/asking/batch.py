"""OpenAI's Batch API form: asks written to files, and results read from them, in place of a line to the teacher.

A conversation's next ask can be written only when the ones before it are answered: there is a round of files for each
turn of a dialogue. Each round is the same two steps, `BatchRequests` and, a day later, `BatchResults`.
"""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, Self

from pydantic import BaseModel, JsonValue, ValidationError

from core.asking.forms import FEWER
from core.errors import BadInput, Reason, TeacherError
from core.files import writing
from core.store import Store
from core.teachers import Ask, Later, Reply, Teacher

MOST_LINES = 50_000
MOST_BYTES = 200_000_000
"""What one file may hold, by OpenAI's rules."""


class BatchRequests:
    """Writes each ask as a line of `path`, or of `name-2.jsonl`, `name-3.jsonl` … where it does not fit into one file.

    The files take their names when the block ends well.
    """

    def __init__(self, teacher: Teacher, path: Path) -> None:
        """Raises BadInput where further files of an earlier round lie beside `path`."""
        if (further := _further(path, 2)).exists():
            raise BadInput(
                f"{further} is of an earlier round: delete it, lest it is uploaded once more, or name another"
            )
        self.files: list[Path] = []
        self.lines = 0
        self._teacher = teacher
        self._path = path
        self._open = ExitStack()
        self._written: set[str] = set()
        self._file: IO[bytes] | None = None
        self._room = (0, 0)  # lines and bytes left in the file

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: Any) -> None:
        self._open.__exit__(*error)

    async def send(self, ask: Ask, key: str) -> Reply:
        """Write a request, once.

        Raises:
            Later: always.
            BadInput: the file cannot be written.
        """
        if key not in self._written:
            self._written.add(key)
            request = {
                "custom_id": key,
                "method": "POST",
                "url": "/v1/chat/completions",
                "body": self._teacher.request(ask),
            }
            self._write(json.dumps(request, ensure_ascii=False).encode(errors="replace") + b"\n")
        raise Later

    def _write(self, line: bytes) -> None:
        lines, room = self._room
        try:
            if self._file is None or lines < 1 or room < len(line):
                self._file, lines, room = self._next_file(), MOST_LINES, MOST_BYTES
            self._file.write(line)
        except OSError as error:
            raise BadInput(f"{self._path}: cannot be written ({error.strerror}); name another file") from None
        self._room = (lines - 1, room - len(line))
        self.lines += 1

    def _next_file(self) -> IO[bytes]:
        number = len(self.files) + 1
        path = self._path if number == 1 else _further(self._path, number)
        temporary = self._open.enter_context(writing(path))
        file = self._open.enter_context(temporary.open("wb"))
        self.files.append(path)
        return file


def _further(path: Path, number: int) -> Path:
    return path.with_name(f"{path.stem}-{number}{path.suffix}")


class BatchResults:
    """Answers each ask with its line of a file of results, in whichever order these stand."""

    def __init__(self, teacher: Teacher, path: Path) -> None:
        """Raises BadInput where the file cannot be read, or a line is no result."""
        self._teacher = teacher
        self._path = path
        self._places = self._index()
        self._asked: set[str] = set()

    async def send(self, ask: Ask, key: str) -> Reply:
        """The reply in the ask's line.

        Raises:
            Later: the file has none.
        """
        if key not in self._places:
            raise Later
        self._asked.add(key)
        with self._path.open("rb") as file:
            file.seek(self._places[key])
            result = _Result.model_validate_json(file.readline())
        if result.response and result.response.status_code == 200:
            return self._teacher.read(ask, json.dumps(result.response.body), seconds=0)
        return Reply(self._teacher.request(ask), 0, result.model_dump_json(), error=result.failure())

    def unknown(self, store: Store) -> list[str]:
        """The custom_ids that nobody has asked, now or before: of another corpus, prompt, model or workspace."""
        rest = self._places.keys() - self._asked
        known = store.attempts.known(key.removesuffix(FEWER) for key in rest)
        return sorted(key for key in rest if key.removesuffix(FEWER) not in known)

    def _index(self) -> dict[str, int]:
        """Where in the file each custom_id stands."""
        places: dict[str, int] = {}
        position = 0
        try:
            with self._path.open("rb") as file:
                for number, line in enumerate(file, start=1):
                    if line.strip():
                        try:
                            places[_Result.model_validate_json(line).custom_id] = position
                        except ValidationError:
                            raise BadInput(
                                f"{self._path}:{number}: is no result of a batch; download the results again, or name "
                                "their file"
                            ) from None
                    position += len(line)
        except OSError as error:
            raise BadInput(f"{self._path}: cannot be read ({error.strerror})") from None
        return places


class _Response(BaseModel):
    status_code: int
    body: dict[str, JsonValue]


class _Result(BaseModel):
    """One line of a file of results, or of a file of errors."""

    id: str | None = None
    custom_id: str
    response: _Response | None = None
    error: dict[str, JsonValue] | None = None

    def failure(self) -> TeacherError:
        """What an error line says, with the reason that its status stands for."""
        status = self.response.status_code if self.response else 500
        said = (self.response and self.response.body.get("error")) or self.error or "no answer"
        words = " ".join(str(said).split())[:300]
        reasons: dict[int, Reason] = {
            401: "key refused",
            402: "quota used up",
            403: "key refused",
            404: "not found",
            429: "overloaded",
        }
        reason = reasons.get(status, "server error" if status >= 500 else "request refused")
        return TeacherError(f"the batch gave an error in place of an answer: {words}", reason)
