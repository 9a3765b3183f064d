"""A Wikipedia extract as `wikiextractor --json` writes it: one article a line, in one file or a folder of files."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from core.errors import BadInput, complaint

_MAX_LINE_BYTES = 50_000_000
"""Far more than the longest article, so that a file that is no extract cannot fill the memory."""


class Article(BaseModel):
    """One line. What else stands in it (id, url, …) is not needed."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    title: str
    text: str


def files(extract: Path) -> list[Path]:
    """The extract's files, in the order of their names; hidden ones are not part of it.

    Raises:
        BadInput: there are none.
    """
    if extract.is_file():
        return [extract]
    inside = sorted(path for path in extract.rglob("*") if path.is_file() and not path.name.startswith("."))
    if not inside:
        raise BadInput(f"{extract}: is neither a file nor a folder of files; name what wikiextractor --json wrote")
    return inside


def fingerprint(extract: Path) -> str:
    """A hash of the names, sizes and times of the extract's files: another one, and it is another extract."""
    digest = hashlib.sha256()
    for path in files(extract):
        status = path.stat()
        digest.update(
            f"{path.relative_to(extract)}\0{status.st_size}\0{status.st_mtime_ns}\n".encode(errors="surrogateescape")
        )
    return digest.hexdigest()


def articles(path: Path) -> Iterator[tuple[int, Article]]:
    """The articles of one file, each with how many bytes of the file are read.

    Raises:
        BadInput: the file cannot be opened, or a line is broken; the message begins with `path:line`.
    """
    try:
        with path.open("rb") as file:
            number = read = 0
            while raw := file.readline(_MAX_LINE_BYTES + 1):
                number, read = number + 1, read + len(raw)
                if number == 1:
                    raw = raw.removeprefix(b"\xef\xbb\xbf")
                if raw.strip():
                    yield read, _article(path, number, raw)
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror}); check its name and your rights to it") from None


def _article(path: Path, number: int, raw: bytes) -> Article:
    if len(raw) > _MAX_LINE_BYTES:
        raise BadInput(f"{path}:{number}: the line is longer than {_MAX_LINE_BYTES:,} bytes; is this an extract?")
    try:
        return Article.model_validate_json(raw)
    except ValidationError as error:
        what = f'{complaint(error)}; a line looks like {{"title": "…", "text": "…"}}'
        raise BadInput(f"{path}:{number}: {what}") from None
