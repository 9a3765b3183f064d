"""The file of a teacher's answers: one JSON object a line, added the moment an answer comes, and never changed."""

import fcntl
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal

from pydantic import ValidationError

from core.domain import Maker
from core.domain.record import Value
from core.errors import BadInput

_OPENING = b'{"sample_id":'  # how a line begins: what begins otherwise is not ours, and not to be cut

Key = tuple[str, str]
"""A sample's id, and what its maker will say: model, prompt version and parameters as JSON."""


class Extracted(Value):
    """What the teacher answered about one sample, whether that could be parsed, and what made it."""

    sample_id: str
    status: Literal["parsed", "unparsed"]
    answer: str
    maker: Maker

    @property
    def key(self) -> Key:
        """What tells this answer from all others."""
        return key(self.sample_id, self.maker)


def key(sample_id: str, maker: Maker) -> Key:
    """What an answer is found by: when it came and what it cost don't count."""
    return sample_id, json.dumps(maker.model_dump(mode="json", exclude=Maker.circumstances), sort_keys=True)


class Answers(Mapping[Key, Extracted]):
    """The answers in an open file. Adding is safe from several threads."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path = path
        self._file = file
        self._lock = threading.Lock()
        self._by_key = self._read()

    def add(self, extracted: Extracted) -> None:
        """Keep an answer.

        Raises:
            BadInput: the file cannot be written.
        """
        with self._lock:
            try:
                self._file.write(extracted.model_dump_json().encode() + b"\n")
                self._file.flush()
            except OSError as error:
                raise _unwritable(self._path, error) from None
            self._by_key[extracted.key] = extracted

    def __getitem__(self, wanted: Key) -> Extracted:
        return self._by_key[wanted]

    def __iter__(self) -> Iterator[Key]:
        return iter(self._by_key)

    def __len__(self) -> int:
        return len(self._by_key)

    def _read(self) -> dict[Key, Extracted]:
        """All answers of the file. What a kill left of a last line is cut off: its sample is asked about again."""
        self._file.seek(0)
        *lines, rest = self._file.read().split(b"\n")
        found: dict[Key, Extracted] = {}
        for number, line in enumerate(lines, start=1):
            try:
                extracted = Extracted.model_validate_json(line)
            except ValidationError:
                raise BadInput(f"{self._path}:{number}: is no answer of an extraction; name another file") from None
            found[extracted.key] = extracted
        if not (rest.startswith(_OPENING) or _OPENING.startswith(rest)):
            raise BadInput(f"{self._path}:{len(lines) + 1}: is no answer of an extraction; name another file")
        self._file.truncate(sum(len(line) + 1 for line in lines))
        return found


@contextmanager
def open_answers(path: Path) -> Iterator[Answers]:
    """The answers at `path`, made where there are none yet, and kept from other runs until the block ends.

    Raises:
        BadInput: the file cannot be opened, another run writes it, or a line of it is no answer.
    """
    try:
        file = path.open("a+b")
    except OSError as error:
        raise _unwritable(path, error) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BadInput(f"{path}: another run is writing it; wait for it, or name another file") from None
        yield Answers(path, file)


def _unwritable(path: Path, error: OSError) -> BadInput:
    return BadInput(f"{path}: cannot be written ({error.strerror}); check the folder and your rights to it")
