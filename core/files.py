"""Writing a file so that its name always stands for a whole one."""

import hashlib
import re
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import BadInput


def file_name(text: str, *, otherwise: str) -> str:
    """A name for a file, made of anybody's words: it stays in its folder and is no hidden file's.

    Of words that leave nothing it is `otherwise`; of long ones their end, with the suffix.
    """
    return re.sub(r"[^\w.-]", "_", text)[-60:].lstrip(".") or otherwise


def fingerprint(path: Path) -> str:
    """What tells a file's content from any other's.

    Raises:
        BadInput: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:16]
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror})") from error


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder that is gone when the block ends.

    Raises:
        BadInput: it cannot be made, or what is put into it finds no room.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="cotpd-") as folder:
            yield Path(folder)
    except OSError as error:
        where = f"{tempfile.gettempdir()} cannot hold what is needed for a moment ({error.strerror})"
        raise BadInput(f"{where}: make room there, or name another folder in TMPDIR") from error


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary name beside `path`; what is written under it takes the place of `path` when the block ends well.

    A block that fails leaves `path` as it was, and nothing beside it.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """A name to write under; the file appears whole as `path` when the block ends well, or stays as it was.

    Its folder is made where it is missing.

    Raises:
        BadInput: the file cannot be written.
    """
    try:
        if path.exists() and not path.is_file():
            raise BadInput(f"{path}: is a folder or a device; name a file to write")
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            yield temporary
    except OSError as error:
        raise BadInput(
            f"{path}: cannot be written ({error.strerror}); check the folder and your rights to it"
        ) from None


def write_text(text: str, path: Path) -> None:
    """Write a text as UTF-8, in a folder that is made where it is missing; the file appears whole or not at all.

    Raises:
        BadInput: it cannot be written.
    """
    with writing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
