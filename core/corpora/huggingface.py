"""Hugging Face datasets: a Parquet file a split, with `tokens` and `ner_tags` (ClassLabel) as CoNLL-2003 has them.

`load_dataset(folder)` opens a folder of `train.parquet`, `validation.parquet`, `test.parquet`. Relations stand in
`head`, `tail` (`start`, `end` in tokens) and `relation` (ClassLabel). Errors name the row in place of a line.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self, get_args

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import ClassLabel, Features, List, Value
from pydantic import BaseModel, ValidationError, model_validator

from core.corpora import Part, Row
from core.corpora._fitting import fitting
from core.corpora._lines import Broken, alone, gather, whole
from core.domain import Grain, Relation, Sample, Span, Task
from core.domain.bio import entities_from_tags, tags_from_entities
from core.errors import BadInput, complaint
from core.files import writing

HOLDS: frozenset[Part] = frozenset({"entities", "relation", "image", "caption", "knowledge", "spaces"})
SUFFIX = ".parquet"

MAX_ROWS = 5_000_000
MAX_BYTES = 1 << 28
"""Of a file, also when it is unpacked: a small file may hold a very large one, whatever its own header says."""

_SPLITS = {"train", "validation", "valid", "val", "dev", "test"}
_GRAINS: tuple[Grain, ...] = get_args(Grain)
_UNREADABLE = (
    pa.ArrowException,
    OSError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)
"""What Arrow and we may raise over a file that somebody made up."""


class _Record(BaseModel):
    """A row of the file, its labels as names. Columns that others have beside these are passed over."""

    tokens: tuple[str, ...]
    ner_tags: tuple[str, ...] | None = None
    text: str | None = None
    task: Task | None = None
    image_id: str | None = None
    caption: str | None = None
    knowledge: dict[Grain, str | None] | None = None
    head: Span | None = None
    tail: Span | None = None
    relation: str | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.ner_tags is not None and len(self.ner_tags) != len(self.tokens):
            raise ValueError(f"{len(self.tokens)} tokens have {len(self.ner_tags)} ner_tags")
        ends = [end is not None for end in (self.head, self.tail)]
        if any(ends) != all(ends) or (self.relation is not None and not any(ends)):
            raise ValueError("a relation needs both head and tail, as {start, end} in tokens")
        return self


def read(path: Path, *, captions: Path | None = None, knowledge: Path | None = None) -> list[Row]:
    """All rows of a split; see `CorpusFile.read`. Captions and knowledge are columns of it."""
    alone(captions, knowledge, form="huggingface")
    return gather(path, _rows(path))


def _rows(path: Path) -> Iterator[Row]:
    content = whole(path, MAX_BYTES)
    try:
        parquet = pq.ParquetFile(pa.BufferReader(content))
        names = _label_names(Features.from_arrow_schema(parquet.schema_arrow))
        sizes = (parquet.metadata.row_group(group).total_byte_size for group in range(parquet.num_row_groups))
        if parquet.metadata.num_rows > MAX_ROWS or sum(sizes) > MAX_BYTES:
            raise BadInput(f"{path}: unpacks to over {MAX_ROWS:,} rows or {MAX_BYTES >> 20:,} MiB; part it")
        columns = [name for name in parquet.schema_arrow.names if name in _Record.model_fields]
        size = 0
        # Row by row: a header says nothing of values that stand in the file once, and in many rows.
        for number, batch in enumerate(parquet.iter_batches(1, columns=columns), start=1):
            (record,) = batch.to_pylist() if batch.nbytes <= MAX_BYTES else (None,)
            size += _size(record) if record else batch.nbytes
            if size > MAX_BYTES or record is None:
                raise BadInput(f"{path}: unpacks to over {MAX_BYTES >> 20:,} MiB; part it into smaller files")
            yield _row(path, number, record, names)
    except _UNREADABLE as error:
        raise BadInput(f"{path}: is no Parquet file that can be read ({' '.join(str(error).split())[:200]})") from None


def _size(value: Any) -> int:
    """About how many bytes a value takes: those of its characters, and a word for anything else."""
    if isinstance(value, Mapping):
        return sum(map(_size, value.values()))
    if isinstance(value, list):
        return sum(map(_size, value))
    return len(value) if isinstance(value, str | bytes) else 8


def _row(path: Path, number: int, raw: dict[str, Any], names: dict[str, list[str]]) -> Row:
    try:
        got = _Record.model_validate({column: _named(value, names.get(column)) for column, value in raw.items()})
        relation = Relation(head=got.head, tail=got.tail, label=got.relation) if got.head and got.tail else None
        labels = {
            "task": got.task or ("mre" if relation else "mner"),
            "image": got.image_id,
            "entities": None if got.ner_tags is None else entities_from_tags(got.ner_tags),
            "relation": relation,
        }
        text = " ".join(got.tokens) if got.text is None else got.text
        sample = Sample.model_validate({"text": text, "tokens": got.tokens, **labels})
    except ValidationError as error:
        raise Broken(path, number, complaint(error)) from None
    except ValueError as error:
        raise Broken(path, number, str(error)) from None
    thoughts = {grain: text for grain, text in (got.knowledge or {}).items() if text is not None}
    return Row(sample, got.caption, thoughts)


def _label_names(features: Features) -> dict[str, list[str]]:
    """The names of the columns that are classes, or lists of classes."""
    inner = {column: getattr(feature, "feature", feature) for column, feature in features.items()}
    return {column: feature.names for column, feature in inner.items() if isinstance(feature, ClassLabel)}


def _named(value: Any, names: list[str] | None) -> Any:
    if names is None or value is None:
        return value
    if isinstance(value, list):
        return [_named(each, names) for each in value]
    if not 0 <= value < len(names):
        raise ValueError(f"label {value} is none of the {len(names)} that the file names")
    return names[value]


def write(rows: Iterable[Row], path: Path) -> None:
    """Put rows into this form; see `CorpusFile.write`.

    Splits of one folder are one dataset to others, who would read a label's number by the names of another split. So
    the first split that is written fixes the labels; one with labels that it does not know is refused.
    """
    kept = [row for _, row in fitting(rows, HOLDS)]
    features = _features(kept)
    for sibling in _siblings(path):
        features = _shared(features, sibling)
    records = [_record(row, features) for row in kept]
    with writing(path) as temporary:
        pq.write_table(pa.Table.from_pylist(records, schema=features.arrow_schema), temporary)


def _features(rows: list[Row]) -> Features:
    text = Value("string")
    span = {"start": Value("int32"), "end": Value("int32")}
    columns: dict[str, Any] = {"id": text, "tokens": List(text), "text": text, "task": text, "image_id": text}
    columns |= {"caption": text, "knowledge": dict.fromkeys(_GRAINS, text)}
    if any(row.sample.entities is not None for row in rows):
        types = sorted({entity.type for row in rows for entity in row.sample.entities or ()})
        tags = ["O", *(f"{prefix}-{kind}" for kind in types for prefix in "BI")]
        columns["ner_tags"] = List(ClassLabel(names=tags))
    if found := [row.sample.relation for row in rows if row.sample.relation]:
        labels = sorted({relation.label for relation in found if relation.label is not None})
        columns |= {"head": span, "tail": span, "relation": ClassLabel(names=labels) if labels else text}
    return Features(columns)


def _siblings(path: Path) -> list[Path]:
    """The other splits of the dataset whose folder this is."""
    if path.stem not in _SPLITS:
        return []
    return sorted(each for each in path.parent.glob("*.parquet") if each.stem in _SPLITS and each.name != path.name)


def _shared(features: Features, sibling: Path) -> Features:
    """The features of a split that was written before, which this one must fit into."""
    try:
        fixed = Features.from_arrow_schema(pq.read_schema(sibling))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise BadInput(f"{sibling}: cannot be read ({error}), and a folder is one dataset: move it away") from None
    unknown = {
        f"{column} {name!r}"
        for column, names in _label_names(features).items()
        for name in set(names) - set(_label_names(fixed).get(column, []))
    }
    if fixed.keys() != features.keys() or unknown:
        lacks = min(unknown, default=f"one of the columns {', '.join(sorted(fixed.keys() ^ features.keys()))}")
        raise BadInput(
            f"{sibling}: is a split of the same dataset and lacks {lacks}; write the split with the most labels first, "
            "or write into another folder"
        )
    return fixed


def _record(row: Row, features: Features) -> dict[str, Any]:
    sample, relation = row.sample, row.sample.relation
    record: dict[str, Any] = {
        "id": sample.id,
        "tokens": sample.tokens,
        "text": sample.text,
        "task": sample.task,
        "image_id": sample.image,
        "caption": row.caption,
        "knowledge": row.knowledge or None,
    }
    if sample.entities is not None:
        tags = tags_from_entities(sample.entities, len(sample.tokens))
        record["ner_tags"] = features["ner_tags"].feature.str2int(tags)
    if relation:
        record |= {"head": relation.head.model_dump(), "tail": relation.tail.model_dump()}
        record["relation"] = None if relation.label is None else features["relation"].str2int(relation.label)
    return record
