"""CoNLL with BIOES tags: BIO with a mention's last word as `E-PER`, and a single word as `S-PER`."""

from collections.abc import Iterable
from pathlib import Path

from core.corpora import Row, _conll
from core.corpora._lines import alone
from core.domain.bioes import bioes_from_entities, entities_from_bioes

HOLDS = _conll.HOLDS
SUFFIX = ".conll"


def read(path: Path, *, captions: Path | None = None, knowledge: Path | None = None) -> list[Row]:
    """All rows of a file; see `CorpusFile.read`. A mention without its end is an error."""
    alone(captions, knowledge, form="conll_bioes")
    return _conll.read(path, entities_from_bioes)


def write(rows: Iterable[Row], path: Path) -> None:
    """Put rows into this form; see `CorpusFile.write`."""
    _conll.write(rows, path, bioes_from_entities)
