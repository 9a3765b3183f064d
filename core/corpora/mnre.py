"""The form of MNRE: one Python dict literal a line, with the words, the head `h` and tail `t`, and their relation.

`pos` is `[start, end)` in tokens. Captions are dict literals too, with `img_id` and `text`.
"""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from core.corpora import Part, Row
from core.corpora._captions import Captioned, join
from core.corpora._fitting import Unfit, fitting
from core.corpora._lines import Broken, gather, lines, write_lines
from core.domain import Relation, Sample, Span
from core.domain.record import Value
from core.errors import BadInput, complaint

HOLDS: frozenset[Part] = frozenset({"relation", "image"})
SUFFIX = ".txt"


class _Mention(Value):
    name: str
    pos: tuple[int, int]


class _Line(Value):
    token: tuple[str, ...]
    h: _Mention
    t: _Mention
    img_id: str
    relation: str


class _Caption(Value):
    img_id: str
    text: str


Literal = TypeVar("Literal", _Line, _Caption)


def read(path: Path, *, captions: Path | None = None, knowledge: Path | None = None) -> list[Row]:
    """All rows of a split; see `CorpusFile.read`. Its samples have no entities: MNRE's mentions overlap, without types.

    Captions join by image id. There is no published knowledge for MNRE, so a file of it is refused.
    """
    if knowledge:
        raise BadInput(f"{knowledge}: the MNRE form has no knowledge files; put the knowledge into a jsonl corpus")
    samples = gather(path, (_sample(path, number, line) for number, line in _literals(path, _Line)))
    described: list[str | None] = [None] * len(samples)
    if captions:
        described = join(captions, _captions(captions), samples)
    return [Row(sample, caption) for sample, caption in zip(samples, described, strict=True)]


def write(rows: Iterable[Row], path: Path) -> None:
    """Put rows into this form; see `CorpusFile.write`. MNRE itself comes out byte for byte."""
    write_lines((_literal(row.sample, number) for number, row in fitting(rows, HOLDS)), path)


def _literals(path: Path, form: type[Literal]) -> Iterator[tuple[int, Literal]]:
    for number, line in lines(path):
        if not line:
            continue
        try:
            yield number, form.model_validate(ast.literal_eval(line))
        except ValidationError as error:
            raise Broken(path, number, f"{complaint(error)}; keys: {', '.join(form.model_fields)}") from None
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            raise Broken(path, number, f"a line is one Python dict literal, not {line[:40]!r}") from None


def _sample(path: Path, number: int, line: _Line) -> Sample:
    try:
        head, tail = (Span(start=mention.pos[0], end=mention.pos[1]) for mention in (line.h, line.t))
        relation = Relation(head=head, tail=tail, label=line.relation)
        sample = Sample.from_tokens(line.token, task="mre", image=line.img_id or None, relation=relation)
    except ValidationError as error:
        raise Broken(path, number, complaint(error)) from None
    for mention, span in ((line.h, head), (line.t, tail)):
        if sample.mention(span) != mention.name:
            words = sample.mention(span)
            raise Broken(path, number, f"tokens {list(mention.pos)} are {words!r}, not {mention.name!r}; mend `pos`")
    return sample


def _captions(path: Path) -> Iterator[Captioned]:
    for number, caption in _literals(path, _Caption):
        yield number, caption.img_id, caption.text


def _literal(sample: Sample, number: int) -> str:
    relation = sample.relation
    if relation is None or relation.label is None or sample.task != "mre":
        raise Unfit(number, sample, "is no pair with a relation; write jsonl")
    head, tail = (
        {"name": " ".join(sample.tokens[span.start : span.end]), "pos": [span.start, span.end]}
        for span in (relation.head, relation.tail)
    )
    return repr(
        {
            "token": list(sample.tokens),
            "h": head,
            "t": tail,
            "img_id": sample.image or "",
            "relation": relation.label,
        }
    )
