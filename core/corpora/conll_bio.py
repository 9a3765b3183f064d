"""CoNLL with BIO tags, as seqeval, Flair and most trainers read it: `B-PER` begins a mention, `I-PER` goes on."""

from collections.abc import Iterable
from pathlib import Path

from core.corpora import Row, _conll
from core.corpora._lines import alone
from core.domain.bio import entities_from_tags, tags_from_entities

HOLDS = _conll.HOLDS
SUFFIX = ".conll"


def read(path: Path, *, captions: Path | None = None, knowledge: Path | None = None) -> list[Row]:
    """All rows of a file; see `CorpusFile.read`. An `I-X` without a beginning opens a mention, as in IOB1."""
    alone(captions, knowledge, form="conll_bio")
    return _conll.read(path, entities_from_tags)


def write(rows: Iterable[Row], path: Path) -> None:
    """Put rows into this form; see `CorpusFile.write`."""
    _conll.write(rows, path, tags_from_entities)
