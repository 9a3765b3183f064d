"""A case study on one HTML page that needs nothing else: no server, no network, no script.

Whatever tweets, teachers and people wrote stands on it as text. A content security policy forbids the page to run or to
load anything, should that ever fail.
"""

import base64
from collections.abc import Sequence
from io import BytesIO
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image

from core.domain import Answer, Entity, Sample
from core.evaluation.mre import in_words
from core.explanation.attribution import Attribution
from core.explanation.case import CaseStudy, name_of
from core.explanation.counterfactuals import Flip
from core.files import write_text
from core.printable import printable
from core.review.editing import spans_of

LARGEST_SIDE = 800
"""Of the picture on the page, in pixels."""

PART_NAMES = {
    "tweet": "the tweet",
    "caption": "the caption",
    "summary": "the summary",
    "noun": "special words",
    "sentence": "the sentence",
    "multimodality": "text and picture",
    "entities": "the published list of entities",
    "reasoning": "the published reasoning",
}
"""What the parts that a student reads are called."""


def write_page(study: CaseStudy, picture: Image.Image | None, path: Path) -> None:
    """Write the page; the file appears whole or not at all.

    Raises:
        BadInput: it cannot be written.
    """
    write_text(render(study, picture), path)


def write_json(study: CaseStudy, path: Path) -> None:
    """Write all that the page shows as JSON.

    Raises:
        BadInput: it cannot be written.
    """
    write_text(study.model_dump_json(indent=1) + "\n", path)


def render(study: CaseStudy, picture: Image.Image | None) -> str:
    """The page as HTML; the picture is part of it."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: printable(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("case.html")
    return page.render(
        study=study,
        picture=data_url(picture) if picture else None,
        parts=PART_NAMES,
        name_of=name_of,
        in_words=in_words,
        marked=marked,
        by_part=by_part,
        left_out=left_out,
        tint=tint,
    )


def data_url(picture: Image.Image) -> str:
    """A picture as text that an HTML page can hold."""
    small = picture.copy()
    small.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    buffer = BytesIO()
    small.convert("RGB").save(buffer, format="JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def marked(sample: Sample, answer: Answer) -> list[tuple[str, Entity | None]]:
    """The tweet in pieces: each mention or, of a pair, head and tail, and what stands between them."""
    pieces: list[tuple[str, Entity | None]] = []
    position = 0
    for entity in spans_of(sample) if answer.relation else answer.entities:
        start, end = sample.characters(entity)
        if start < position:  # a head may lie in its tail
            continue
        pieces += [(sample.text[position:start], None), (sample.text[start:end], entity)]
        position = end
    return [*pieces, (sample.text[position:], None)]


def by_part(attribution: Attribution) -> list[tuple[str, list[tuple[str, float, float]]]]:
    """Each part's words, with their values, and those relative to the largest of the row."""
    largest = max(map(abs, attribution.values), default=0) or 1
    words = zip(attribution.units, attribution.values, strict=True)
    return [
        (part, [(unit.text, value, value / largest) for unit, value in group])
        for part, group in groupby(words, key=lambda pair: pair[0].part)
    ]


def left_out(flips: Sequence[Flip]) -> str:
    """Sets of parts, without any of which an answer flips, in words."""
    return ", or ".join(" and ".join(PART_NAMES[part] for part in flip.without) for flip in flips)


def tint(share: float) -> str:
    """A colour for a share in −1 … 1: blue for, orange against; told apart by colour-blind eyes."""
    red, green, blue = (0, 114, 178) if share > 0 else (213, 94, 0)
    return f"rgba({red},{green},{blue},{min(1.0, abs(share)) * 0.6:.2f})"
