"""What holds for every form of a corpus: what it takes comes back the same, what it has no place for is refused."""

import zlib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from core import corpora
from core.corpora import CorpusFile, Row
from core.domain import Entity, Relation, Sample
from core.domain import Span as Words
from core.errors import BadInput
from tests.ada import ADA

FORMS = [name for name in corpora.names() if name != "jsonl"]
BORN = Sample.from_tokens(
    ("Ada", "Lovelace", "of", "London"),
    task="mre",
    image="b.jpg",
    relation=Relation(head=Words(start=0, end=2), tail=Words(start=1, end=4), label="/per/loc/place_of_birth"),
)
WORD = st.one_of(
    st.sampled_from("a Ada # @ -DOCSTART- 👩🏽‍🚀 🇬🇧 e\u0301 محمد \u05e9\u05b8 \u202eabc ʼ ' \" \\ [ { % _".split()),
    st.sampled_from(
        ["\u00a0", "\ufe0f", "\u200b", "\u200d", "\ufffd", "\x92", "\x85", "\u2028", "\ufeff", "a b", "\x00"]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\t\r\n"), min_size=1, max_size=4),
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
IMAGE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\t\r\n"), min_size=1, max_size=20)
LABEL = st.one_of(
    st.sampled_from(["PER", "LOC", "a-b"]), st.text(st.characters(categories=["L", "N", "S"]), min_size=1)
)


@st.composite
def spans(draw: st.DrawFn, length: int) -> Words:
    start = draw(st.integers(0, length - 1))
    return Words(start=start, end=draw(st.integers(start + 1, length)))


@st.composite
def entities(draw: st.DrawFn, length: int) -> tuple[Entity, ...]:
    edges = sorted(draw(st.sets(st.integers(0, length), max_size=6)))
    pairs = zip(edges[::2], edges[1::2], strict=False)
    return tuple(Entity(start=start, end=end, type=draw(LABEL)) for start, end in pairs)


@st.composite
def rows(draw: st.DrawFn) -> Row:
    """A row as some form may hold it: labelled for entities or as a relation, from tokens or from raw text."""
    words = draw(st.lists(WORD, min_size=1, max_size=8))
    gaps = draw(st.lists(st.sampled_from([" ", "", "  ", "\n", " \u00a0"]), min_size=len(words), max_size=len(words)))
    text = "".join(map("".join, zip(gaps, words, strict=True))) if draw(st.booleans()) else " ".join(words)
    sample = Sample(text=text, tokens=tuple(words), image=draw(st.none() | IMAGE))
    if draw(st.booleans()):
        labels = {"entities": draw(st.none() | entities(len(words)))}
    else:
        head, tail = draw(spans(len(words))), draw(spans(len(words)))
        relation = Relation(head=head, tail=tail, label=draw(st.none() | TEXT))
        labels = {"task": "mre", "relation": relation, "entities": draw(st.none() | entities(len(words)))}
    knowledge = draw(st.just({}) | st.dictionaries(st.sampled_from(["mixed", "noun", "sentence"]), TEXT, max_size=2))
    return Row(sample.model_copy(update=labels), draw(st.none() | TEXT), knowledge)


def suited(row: Row, form: CorpusFile) -> Row:
    """A row as the form says that it holds it: without other parts, and labelled for the form's one task."""
    holds, sample = form.HOLDS, row.sample
    if "spaces" not in holds:
        sample = sample.model_copy(update={"text": " ".join(sample.tokens)})
    if "relation" not in holds:
        sample = sample.model_copy(update={"task": "mner", "relation": None, "entities": sample.entities or ()})
    if "entities" not in holds:
        whole = Words(start=0, end=len(sample.tokens))
        relation = sample.relation if sample.relation and sample.relation.label else Relation(head=whole, tail=whole)
        relation = relation.model_copy(update={"label": relation.label or "None"})
        sample = sample.model_copy(update={"task": "mre", "relation": relation, "entities": None})
    return Row(
        sample,
        row.caption if "caption" in holds else None,
        row.knowledge if "knowledge" in holds else {},
    )


@pytest.mark.parametrize("name", FORMS)
@given(drawn=st.lists(rows(), min_size=1, max_size=3))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
def test_what_a_form_takes_comes_back_the_same_and_is_written_the_same(file: Path, name: str, drawn: list[Row]) -> None:
    form = corpora.find(name)
    given_rows = [suited(row, form) for row in drawn]
    try:
        form.write(given_rows, file)
    except BadInput:
        reject()  # a form that refuses much makes the test fail
    first = file.read_bytes()
    assert form.read(file) == given_rows
    form.write(form.read(file), file)
    assert file.read_bytes() == first


@pytest.mark.parametrize("name", FORMS)
def test_each_form_takes_a_sample_of_its_kind(file: Path, name: str) -> None:
    form = corpora.find(name)
    for sample, part, called in ((ADA, "entities", "labels of entities"), (BORN, "relation", "a relation")):
        if part in form.HOLDS:
            form.write([Row(sample)], file)
            assert form.read(file) == [Row(sample)]
        else:
            with pytest.raises(BadInput, match=rf"sample 1 .* has {called}, for which this form has no place"):
                form.write([Row(sample)], file)


@pytest.mark.parametrize("name", [name for name in FORMS if "caption" not in corpora.find(name).HOLDS])
@pytest.mark.parametrize(
    ("caption", "knowledge", "part"), [("a portrait", {}, "a caption"), (None, {"noun": "x"}, "knowledge")]
)
def test_a_caption_or_a_thought_without_a_place_is_refused_not_dropped(
    file: Path, name: str, caption: str | None, knowledge: dict[str, str], part: str
) -> None:
    sample = BORN if name == "mnre" else ADA
    with pytest.raises(BadInput, match=f"sample 2 .* has {part}, for which"):
        corpora.find(name).write([Row(sample), Row(sample, caption, knowledge)], file)
    assert not file.exists()


def test_the_page_on_forms_says_what_each_holds() -> None:
    page = (Path(__file__).parent.parent / "docs/formats.md").read_text(encoding="utf-8")
    for name in corpora.names():
        assert f"| `{name}` | {', '.join(sorted(corpora.find(name).HOLDS))} |" in page


@pytest.mark.parametrize("name", ["spacy", "huggingface"])
@given(cut=st.integers(0, 10_000), flips=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
def test_a_damaged_file_is_refused_or_read_but_never_breaks_out(
    file: Path, name: str, cut: int, flips: list[tuple[int, int]]
) -> None:
    form = corpora.find(name)
    form.write([Row(ADA, "a portrait"), Row(ADA)], file)
    content = bytearray(file.read_bytes())
    content = bytearray(zlib.decompress(content)) if name == "spacy" else content
    for place, value in flips:
        content[place % len(content)] = value
    content = content[: cut % len(content) + 1] if cut % 3 == 0 else content
    file.write_bytes(zlib.compress(content) if name == "spacy" else content)
    with suppress(BadInput):  # any other exception fails the test
        form.read(file)
