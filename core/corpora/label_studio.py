"""Label Studio's JSON: a list of tasks, each with its text in `data` and its labels as spans of that text.

Mentions are `labels` of the text; a relation is an arc from a region `Head` to a region `Tail`, as `docs/formats.md`
shows with the labelling configuration. Errors name the task where other forms name a line.
"""

import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import pairwise
from operator import itemgetter
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError
from pydantic_core import from_json

from core.corpora import Part, Row
from core.corpora._fitting import Unfit, fitting
from core.corpora._lines import Broken, alone, gather, whole, write_lines
from core.domain import Entity, Grain, Relation, Sample, Span, Task
from core.domain.tokens import split_words
from core.errors import BadInput, complaint

HOLDS: frozenset[Part] = frozenset({"entities", "relation", "image", "caption", "knowledge", "spaces"})
SUFFIX = ".json"

MAX_BYTES = 256 << 20

_MENTION = "mention"
"""The `from_name` of a relation's two regions; those of entities have another."""


class _Data(BaseModel):
    """A task's own data. Label Studio gives it back as it was, so it can hold what no region says."""

    text: str
    tokens: tuple[str, ...] | None = None
    task: Task | None = None
    image: str | None = None
    caption: str | None = None
    knowledge: dict[Grain, str] = {}


class _Value(BaseModel):
    start: int = Field(ge=0)
    end: int
    labels: tuple[str, ...] = Field(min_length=1, max_length=1)
    text: str | None = None


class _Region(BaseModel):
    type: Literal["labels"]
    id: str
    from_name: str
    value: _Value


class _Arc(BaseModel):
    type: Literal["relation"]
    from_id: str
    to_id: str
    labels: tuple[str, ...] = Field((), max_length=1)


class _Annotation(BaseModel):
    result: tuple[Annotated[_Region | _Arc, Field(discriminator="type")], ...]
    was_cancelled: bool = False
    ground_truth: bool = False


class _Task(BaseModel):
    """A task, without what Label Studio keeps about people and times."""

    data: _Data
    annotations: tuple[_Annotation, ...] = ()


def read(path: Path, *, captions: Path | None = None, knowledge: Path | None = None) -> list[Row]:
    """All rows of an export; see `CorpusFile.read`. A task with several relations is a row for each.

    Regions need not end where words do: a word is cut where one begins or ends inside it. A task that nobody has
    annotated, or that was skipped, is an unlabelled sample; predictions are passed over.
    """
    alone(captions, knowledge, form="label_studio")
    return gather(path, _rows(path))


def _rows(path: Path) -> Iterator[Row]:
    try:
        tasks = from_json(whole(path, MAX_BYTES).removeprefix(b"\xef\xbb\xbf"))
    except ValueError as error:
        raise BadInput(f"{path}: is not JSON: {error}") from None
    if not isinstance(tasks, list):
        raise BadInput(f"{path}: is no list of tasks; export from Label Studio as JSON, not as JSON-MIN or CSV")
    for number, task in enumerate(tasks, start=1):
        try:
            yield from _samples(_Task.model_validate(task))
        except ValidationError as error:
            raise Broken(path, number, complaint(error)) from None
        except ValueError as error:
            raise Broken(path, number, str(error)) from None


def _samples(task: _Task) -> Iterator[Row]:
    data, annotation = task.data, _chosen(task.annotations)
    results = annotation.result if annotation else ()
    regions = [each for each in results if isinstance(each, _Region)]
    arcs = [each for each in results if isinstance(each, _Arc)]
    places = {region.id: _characters(data.text, region.value) for region in regions}
    pieces = _pieces(data, {edge for place in places.values() for edge in place})
    spans = {name: _span(pieces, place, data.text) for name, place in places.items()}
    mentions = [
        Entity(**spans[region.id].model_dump(), type=region.value.labels[0])
        for region in sorted(regions, key=lambda region: places[region.id])
        if region.from_name != _MENTION
    ]
    is_labelled = bool(mentions) or (annotation is not None and not arcs)
    one_each: list[_Arc | None] = [*arcs] or [None]
    for arc in one_each:
        sample = Sample(
            task=data.task or ("mre" if arc else "mner"),
            text=data.text,
            tokens=tuple(data.text[start:end] for start, end in pieces),
            image=data.image,
            entities=tuple(mentions) if is_labelled else None,
            relation=_relation(arc, spans) if arc else None,
        )
        if list(sample.offsets) != pieces:
            raise ValueError("a region cuts a word whose parts stand in the text before it too; end it with the word")
        yield Row(sample, data.caption, data.knowledge)


def _chosen(annotations: tuple[_Annotation, ...]) -> _Annotation | None:
    """The one annotation that counts: the ground truth, where there is one; skipped ones don't."""
    given = [each for each in annotations if not each.was_cancelled]
    counting = [each for each in given if each.ground_truth] or given
    if len(counting) > 1:
        raise ValueError(f"the task has {len(counting)} annotations; mark one as ground truth, or take the others out")
    return next(iter(counting), None)


def _characters(text: str, value: _Value) -> tuple[int, int]:
    """A region in code points, which Label Studio counts; its old versions counted UTF-16 code units.

    Where the region has its words, they say which.
    """
    start, end = value.start, value.end
    if not start < end <= len(text.encode("utf-16-le")) // 2:
        raise ValueError(f"region [{start}, {end}) does not lie in the text of {len(text)} characters")
    words = None if value.text is None else value.text.replace("\\n", "\n")
    if words is None or words in (text[start:end], text[start:end].replace("\\n", "\n")):
        return start, end
    units = text.encode("utf-16-le")
    before, inside = (part.decode("utf-16-le", "replace") for part in (units[: 2 * start], units[2 * start : 2 * end]))
    if inside != words:
        raise ValueError(f"region [{start}, {end}) is {text[start:end]!r} in the text, not {value.text!r}")
    return len(before), len(before) + len(inside)


def _pieces(data: _Data, edges: set[int]) -> list[tuple[int, int]]:
    """The words in code points, cut at the edges of regions."""
    words = Sample(text=data.text, tokens=data.tokens or split_words(data.text)).offsets
    ordered = sorted(edges)
    return [
        piece
        for start, end in words
        for piece in pairwise((start, *ordered[bisect_right(ordered, start) : bisect_left(ordered, end)], end))
    ]


def _span(pieces: list[tuple[int, int]], place: tuple[int, int], text: str) -> Span:
    first = bisect_left(pieces, place[0], key=itemgetter(0))
    behind = bisect_right(pieces, place[1], key=itemgetter(1))
    if first >= behind:
        raise ValueError(f"region {list(place)} is {text[slice(*place)]!r}: no word of the text")
    return Span(start=first, end=behind)


def _relation(arc: _Arc, spans: dict[str, Span]) -> Relation:
    for end in (arc.from_id, arc.to_id):
        if end not in spans:
            raise ValueError(f"a relation has an end {end!r}, which is no region of the task")
    return Relation(head=spans[arc.from_id], tail=spans[arc.to_id], label=next(iter(arc.labels), None))


def write(rows: Iterable[Row], path: Path) -> None:
    """Put rows into this form, a task a line; see `CorpusFile.write`."""
    write_lines(_list(_task(row, number) for number, row in fitting(rows, HOLDS)), path)


def _list(tasks: Iterable[dict[str, Any]]) -> Iterator[str]:
    opening = "["
    for task in tasks:
        yield opening + json.dumps(task, ensure_ascii=False)
        opening = ","
    yield "]" if opening == "," else "[]"


def _task(row: Row, number: int) -> dict[str, Any]:
    sample = row.sample
    if sample.relation and sample.entities == ():
        raise Unfit(number, sample, "has a relation and is labelled to have no entities; write jsonl")
    data = _Data(
        text=sample.text,
        tokens=sample.tokens,
        task=sample.task,
        image=sample.image,
        caption=row.caption,
        knowledge=row.knowledge,
    )
    result = [
        _region(sample, each, f"e{place}", "label", each.type) for place, each in enumerate(sample.entities or ())
    ]
    if relation := sample.relation:
        result += [
            _region(sample, relation.head, "head", _MENTION, "Head"),
            _region(sample, relation.tail, "tail", _MENTION, "Tail"),
            {
                "type": "relation",
                "from_id": "head",
                "to_id": "tail",
                "direction": "right",
                "labels": [] if relation.label is None else [relation.label],
            },
        ]
    is_labelled = sample.entities is not None or sample.relation is not None
    annotations = [{"result": result}] if is_labelled else []
    return {"data": data.model_dump(exclude_none=True), "annotations": annotations}


def _region(sample: Sample, span: Span, name: str, control: str, label: str) -> dict[str, Any]:
    start, end = sample.characters(span)
    value = {"start": start, "end": end, "text": sample.mention(span), "labels": [label]}
    return {"id": name, "from_name": control, "to_name": "text", "type": "labels", "value": value}
