"""Our own form: one JSON object a line with `sample` and, where there are any, `caption` and `knowledge` (by grain).

It keeps everything of a row: raw text, missing labels, both tasks.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from core.corpora import Part, Row
from core.corpora._lines import Broken, alone, gather, lines, write_lines
from core.errors import complaint

HOLDS: frozenset[Part] = frozenset({"entities", "relation", "image", "caption", "knowledge", "spaces"})
SUFFIX = ".jsonl"

_ROW = TypeAdapter(Row)


def read(path: Path, *, captions: Path | None = None, knowledge: Path | None = None) -> list[Row]:
    """All rows of a file; see `CorpusFile.read`. Captions and knowledge stand in the file itself."""
    alone(captions, knowledge, form="jsonl")
    return gather(path, _rows(path))


def _rows(path: Path) -> Iterator[Row]:
    for number, line in lines(path):
        if not line.strip():
            continue
        try:
            yield _ROW.validate_json(line)
        except ValidationError as error:
            raise Broken(path, number, f'{complaint(error)}; a line looks like {{"sample": {{…}}}}') from None


def write(rows: Iterable[Row], path: Path) -> None:
    """Put rows into this form; see `CorpusFile.write`."""
    write_lines((_ROW.dump_json(row, exclude_none=True).decode() for row in rows), path)
