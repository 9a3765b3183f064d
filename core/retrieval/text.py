"""Retri_txt of the paper's Table 3: the training samples whose tweets are nearest, by sentence embedding.

As in MoRe, what is given is the neighbours' text. Their labels stay behind.
"""

from pathlib import Path

from core.retrieval import Found, Progress, Request
from core.retrieval._nearest import nearest
from core.retrieval._sentences import embed


def retrieve(request: Request, *, cache: Path, progress: Progress) -> list[Found]:
    """The nearest tweets of the source, a corpus; see `SourceFile.retrieve`."""
    request.refuse(
        images="tweets are compared by their words",
        source_images="tweets are compared by their words",
        source_captions="tweets are compared by their words",
    )
    source = request.corpus()
    vectors = embed([row.sample.text for row in (*request.rows, *source)], progress)
    count = len(request.rows)
    found = nearest(request.rows, vectors[:count], source, vectors[count:], request.k)
    return [Found(tuple(texts), "tweet") if texts else Found() for texts in found]
