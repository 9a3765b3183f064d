"""spaCy's DocBin (`.spacy`): words with their spaces, mentions in `doc.ents`, what is left in `doc._.sample`.

`doc._.sample` is a dict with task, image, caption, knowledge, relation and gaps: the tokens that stand between words,
for spaCy counts white space as tokens. Errors name the doc where other forms name a line.
"""

import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import Field, ValidationError
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab

from core.corpora import Part, Row
from core.corpora._fitting import Unfit, fitting
from core.corpora._lines import Broken, alone, gather, whole
from core.domain import Entity, Grain, Relation, Sample, Task
from core.domain.record import Value
from core.errors import BadInput, complaint
from core.files import writing

HOLDS: frozenset[Part] = frozenset({"entities", "relation", "image", "caption", "knowledge", "spaces"})
SUFFIX = ".spacy"

MAX_BYTES = 1 << 28
"""Of a file, also when it is unpacked: a small file may hold a very large one."""

_ATTRIBUTES = ("ENT_IOB", "ENT_TYPE")

Doc.set_extension("sample", default=None, force=True)


class _Kept(Value):
    """What a Doc has no place of its own for."""

    task: Task = "mner"
    image: str | None = None
    caption: str | None = None
    knowledge: dict[Grain, str] = Field(default_factory=dict)
    relation: Relation | None = None
    gaps: tuple[int, ...] = ()


def read(path: Path, *, captions: Path | None = None, knowledge: Path | None = None) -> list[Row]:
    """All docs of a file; see `CorpusFile.read`. White space counts as a word only in a file that says so itself."""
    alone(captions, knowledge, form="spacy")
    return gather(path, _rows(path))


def write(rows: Iterable[Row], path: Path) -> None:
    """Put rows into this form; see `CorpusFile.write`. Relations are of token spans, as everywhere."""
    packed = DocBin(_ATTRIBUTES, store_user_data=True)
    vocab = Vocab()
    for number, row in fitting(rows, HOLDS):
        packed.add(_doc(row, number, vocab))
    with writing(path) as temporary:
        temporary.write_bytes(packed.to_bytes())


def _rows(path: Path) -> Iterator[Row]:
    number = 0
    try:
        for doc in _labels_alone(_unpacked(path)).get_docs(Vocab()):
            number += 1
            yield _row(doc)
    except ValidationError as error:
        raise Broken(path, number, complaint(error)) from None
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, ArithmeticError, zlib.error) as error:
        raise BadInput(f"{path}: is no DocBin that can be read ({' '.join(str(error).split())[:200]})") from None


def _unpacked(path: Path) -> DocBin:
    content = whole(path, MAX_BYTES)
    if zlib.decompressobj().decompress(content, MAX_BYTES + 1)[MAX_BYTES:]:
        raise BadInput(f"{path}: unpacks to over {MAX_BYTES >> 20:,} MiB; part it into smaller files")
    return DocBin().from_bytes(content)


def _labels_alone(packed: DocBin) -> DocBin:
    """The same docs without parses and spans, which spaCy takes from a file as they are."""
    wanted = [attribute for attribute in DocBin(_ATTRIBUTES).attrs if attribute in packed.attrs]
    columns = [packed.attrs.index(attribute) for attribute in wanted]
    packed.attrs = wanted
    packed.tokens = [tokens[:, columns] for tokens in packed.tokens]
    packed.span_groups = [b"" for _ in packed.tokens]
    return packed


def _row(doc: Doc) -> Row:
    given = doc._.sample
    kept = _Kept.model_validate(given if given is not None else {"gaps": _white(doc)})
    words = sorted(set(range(len(doc))) - set(kept.gaps))
    entities = None
    if doc.has_annotation("ENT_IOB"):
        entities = tuple(_entity(mention, words) for mention in doc.ents)
    tokens = tuple(doc[index].text for index in words)
    sample = Sample(
        task=kept.task,
        text=" ".join(tokens) if doc.has_unknown_spaces else doc.text,
        tokens=tokens,
        image=kept.image,
        entities=entities,
        relation=kept.relation,
    )
    return Row(sample, kept.caption, kept.knowledge)


def _white(doc: Doc) -> list[int]:
    return [token.i for token in doc if token.text.isspace()]


def _entity(mention: Span, words: list[int]) -> Entity:
    inside = [place for place, index in enumerate(words) if mention.start <= index < mention.end]
    return Entity(start=min(inside, default=0), end=max(inside, default=-1) + 1, type=mention.label_)


def _doc(row: Row, number: int, vocab: Vocab) -> Doc:
    sample = row.sample
    words, spaces, places = _with_gaps(sample)
    if any(not word for word in words):
        raise Unfit(number, sample, "has an empty word; write jsonl")
    doc = Doc(vocab, words=words, spaces=spaces)
    if sample.entities is not None:
        mentions = [Span(doc, places[each.start], places[each.end - 1] + 1, each.type) for each in sample.entities]
        doc.set_ents(mentions, default="outside")
    kept = _Kept(
        task=sample.task,
        image=sample.image,
        caption=row.caption,
        knowledge=row.knowledge,
        relation=sample.relation,
        gaps=tuple(sorted(set(range(len(words))) - set(places))),
    )
    doc._.sample = kept.model_dump(mode="json")
    return doc


def _with_gaps(sample: Sample) -> tuple[list[str], list[bool], list[int]]:
    """The words and what stands between them as spaCy's tokens; whether a space follows each; where the words are."""
    words: list[str] = []
    spaces: list[bool] = []
    places: list[int] = []
    position = 0
    for start, end in [*sample.offsets, (len(sample.text), len(sample.text))]:
        gap = sample.text[position:start]
        if words and gap.startswith(" "):
            spaces[-1] = True
            gap = gap[1:]
        if gap:
            words.append(gap)
            spaces.append(False)
        if start < end:
            places.append(len(words))
            words.append(sample.text[start:end])
            spaces.append(False)
        position = end
    return words, spaces, places
