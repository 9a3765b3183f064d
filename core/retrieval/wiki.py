"""Wiki of the paper's Table 3: full-text search for a tweet's words in a Wikipedia extract that the user names.

What is given is the opening of each article, behind its title.
"""

import re
from pathlib import Path

from core.augmentation.spelling import camel_parts, common_words
from core.domain import Sample
from core.retrieval import Found, Progress, Request
from core.retrieval._extract import Article
from core.retrieval._index import Index

OPENING = 300
"""Characters of an article that are given at most, in whole sentences."""

_WORD = re.compile(r"[^\W_]+")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


def retrieve(request: Request, *, cache: Path, progress: Progress) -> list[Found]:
    """The articles that fit each tweet; see `SourceFile.retrieve`. The source is an extract, a file or a folder."""
    request.refuse(
        images="articles are searched for a tweet's words",
        source_images="articles are searched for a tweet's words",
        source_captions="articles have no captions",
    )
    found = []
    with Index(request.source, cache, progress) as index:
        for done, row in enumerate(request.rows):
            progress(done, len(request.rows), "searching")
            texts = [opening(article) for article in index.search(terms(row.sample), request.k)]
            found.append(Found(tuple(texts), "words") if texts else Found())
    return found


def terms(sample: Sample) -> list[str]:
    """What a tweet is searched by: its words and the parts of those like NewYorkMets, in small letters, each once.

    Links, numbers, single letters and words that any tweet may have are left out.
    """
    words = [word for token in sample.tokens if not token.startswith("http") for word in _WORD.findall(token)]
    parts = (part.casefold() for word in words for part in (word, *camel_parts(word)))
    return list(dict.fromkeys(p for p in parts if len(p) > 1 and not p.isnumeric() and p not in common_words()))


def opening(article: Article) -> str:
    """`Title: first sentences`, as many as fit into `OPENING` characters; of a longer one, its first words."""
    first, _, rest = article.text.strip().partition("\n")
    text = " ".join((rest if first.strip() == article.title else article.text).split())
    end = 0
    for match in _SENTENCE_END.finditer(text + " "):
        if match.start() > OPENING:
            break
        end = match.start()
    shown = text[:end] if end else text[: OPENING + 1].rsplit(" ", 1)[0][:OPENING]
    return f"{article.title}: {shown}"
