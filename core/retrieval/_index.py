"""A full-text index (SQLite FTS5) of a Wikipedia extract: built once, kept in the cache, built anew when it changes."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

from sqlite_utils import Database

from core.errors import StoreError
from core.files import replacing
from core.retrieval import Progress
from core.retrieval._extract import Article, articles, files, fingerprint
from core.store.connection import explained

_TOKENS = "unicode61 remove_diacritics 2"
_SIGNS = re.compile(r'["\0]')  # one ends a term, the other the query

_SEARCH = """
select articles.title, articles.text
from articles_fts join articles on articles.rowid = articles_fts.rowid
where articles_fts match ?
order by bm25(articles_fts, 10.0, 1.0), articles.rowid
limit ?
"""
"""A word in the title counts as ten in the text."""


class Index:
    """The articles of one extract, to be searched within a `with` block. Its file stands in `cache/wiki`.

    The extract's folder is only read. One index is kept for each place of an extract; it appears whole or not at all,
    so what was interrupted is built from the start.

    Raises:
        BadInput: the extract is missing, or a line of it is broken.
        StoreError: the index cannot be written or read.
    """

    def __init__(self, extract: Path, cache: Path, progress: Progress) -> None:
        mark = fingerprint(extract)
        place = hashlib.sha256(str(extract.resolve()).encode(errors="surrogateescape")).hexdigest()[:16]
        self._file = cache / "wiki" / f"{place}.db"
        if not self._is_of(mark):
            self._build(extract, mark, progress)
        with explained(self._file):
            self._database = Database(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def search(self, terms: Sequence[str], k: int) -> list[Article]:
        """The k articles that fit best, by BM25; words in titles count most.

        An article fits with any of the terms. They are words, not a query: signs in them mean nothing.
        """
        query = " OR ".join(f'"{_SIGNS.sub(" ", term)}"' for term in terms)
        if not query:
            return []
        with explained(self._file):
            return [Article(title=title, text=text) for title, text in self._database.execute(_SEARCH, [query, k])]

    def _is_of(self, mark: str) -> bool:
        if not self._file.exists():
            return False
        with explained(self._file):
            database = Database(self._file)
            try:
                return [row["fingerprint"] for row in database.table("extract").rows] == [mark]
            finally:
                database.close()

    def _build(self, extract: Path, mark: str, progress: Progress) -> None:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with replacing(self._file) as temporary, explained(self._file):
                database = Database(temporary)
                try:
                    _fill(database, extract, mark, progress)
                finally:
                    database.close()
        except OSError as error:
            raise StoreError(
                f"the index of {extract} cannot be written to {self._file.parent} ({error.strerror}); "
                "make room or name another folder with COTPD_CACHE"
            ) from error


def _fill(database: Database, extract: Path, mark: str, progress: Progress) -> None:
    # Nothing to roll back: a build that fails leaves no file.
    database.execute("pragma journal_mode = off")
    database.execute("pragma synchronous = off")

    def rows() -> Iterator[dict[str, str]]:
        parts = files(extract)
        total, before = sum(part.stat().st_size for part in parts), 0
        for part in parts:
            for read, article in articles(part):
                progress((before + read) // 10**6, total // 10**6, "indexing the extract (MB)")
                if article.text.strip():  # a redirect has none
                    yield article.model_dump()
            before += part.stat().st_size

    database.table("articles").create({"title": str, "text": str})
    database.table("articles").insert_all(rows(), batch_size=1000)
    progress(0, 1, "sorting the index")
    database.table("articles").enable_fts(["title", "text"], tokenize=_TOKENS)
    database.table("extract").insert({"fingerprint": mark})
