"""What every form of corpus shares: files of lines, and errors that name the line."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeVar

from core.errors import BadInput
from core.files import writing

MAX_LINE_BYTES = 1_000_000

Found = TypeVar("Found")


class Broken(BadInput):
    """A line that cannot be read. `what` says what is wrong and how to mend it."""

    def __init__(self, path: Path, line: int, what: str) -> None:
        super().__init__(f"{path}:{line}: {what}")


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """The numbered lines of a UTF-8 file, from 1, without their ends (LF or CRLF) and without a byte order mark.

    Only LF parts lines: tweets hold U+0085 and U+2028, at which `str.splitlines` would cut.

    Raises:
        Broken: a line is not UTF-8, or is too long to be one sample.
        BadInput: the file cannot be opened.
    """
    with opened(path) as file:
        number = 0
        while raw := file.readline(MAX_LINE_BYTES + 1):
            number += 1
            if len(raw) > MAX_LINE_BYTES:
                raise Broken(path, number, f"the line is longer than {MAX_LINE_BYTES:,} bytes; is this a corpus?")
            if number == 1:
                raw = raw.removeprefix(b"\xef\xbb\xbf")
            yield number, _decoded(raw.removesuffix(b"\n").removesuffix(b"\r"), path, number)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A file to read from.

    Raises:
        BadInput: it cannot be opened or read.
    """
    try:
        with path.open("rb") as file:
            yield file
    except IsADirectoryError:
        raise BadInput(f"{path}: is a folder; name a file in it") from None
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror}); check its name and your rights to it") from None


def whole(path: Path, limit: int) -> bytes:
    """All of a file whose form cannot be read line by line.

    Raises:
        BadInput: it cannot be read, holds nothing, or is larger than `limit` bytes.
    """
    with opened(path) as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise BadInput(f"{path}: is larger than {limit >> 20:,} MiB; part it into smaller files")
    if not content.removeprefix(b"\xef\xbb\xbf").strip():
        raise BadInput(f"{path}: holds no samples; is it the right file?")
    return content


def _decoded(raw: bytes, path: Path, number: int) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        what = f"byte {error.start + 1} of the line (0x{raw[error.start]:02x}) is not UTF-8; save the file as UTF-8"
        raise Broken(path, number, what) from None


def blocks(path: Path) -> Iterator[list[tuple[int, str]]]:
    """The numbered lines of a file in groups that blank lines part."""
    block: list[tuple[int, str]] = []
    for number, line in lines(path):
        if line:
            block.append((number, line))
        elif block:
            yield block
            block = []
    if block:
        yield block


def gather(path: Path, found: Iterator[Found]) -> list[Found]:
    """Run a reader to its end. An error says how far it came; nothing of a broken file is given out.

    Raises:
        BadInput: a line is broken, or there is nothing in the file.
    """
    read: list[Found] = []
    try:
        for one in found:
            read.append(one)
    except Broken as broken:
        raise BadInput(f"{broken}; {len(read):,} samples read before it, none kept") from None
    if not read:
        raise BadInput(f"{path}: holds no samples; is it the right file?")
    return read


def alone(*beside: Path | None, form: str) -> None:
    """Refuse files of captions or knowledge beside a corpus whose form has none.

    Raises:
        BadInput: there is such a file.
    """
    for file in filter(None, beside):
        raise BadInput(f"{file}: the form {form!r} takes no file of captions or knowledge; leave it out")


def write_lines(lines: Iterable[str], path: Path) -> None:
    """Write lines as UTF-8 with LF ends; see `writing`."""
    with writing(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(line + "\n" for line in lines)
