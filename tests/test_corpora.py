"""Corpora in, corpora out: small ones of our own, and every way in which a file can be broken."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import corpora
from core.corpora import Row
from core.domain import Entity, Relation, Sample, Span
from core.errors import BadInput

TWITTER = "IMGID:a_1\nAda\tB-PER\nLovelace\tI-PER\nin\tO\nLondon\tB-LOC\n\nIMGID:b_2\nhello\tO\n\n"
KNOWLEDGE = "Ada\tB-PER\r\nLovelace\tI-PER\r\nin\tO\r\nLondon\tB-LOC\r\n<EOS>\tX\r\nA\tX\r\nmathematician.\tX\r\n\r\n"
MNRE = (
    "{'token': ['Ada', 'Lovelace', 'of', 'London'], 'h': {'name': 'Ada Lovelace', 'pos': [0, 2]}, "
    "'t': {'name': 'London', 'pos': [3, 4]}, 'img_id': 'a.jpg', 'relation': '/per/loc/place_of_birth'}\n"
)
twitter, mnre, jsonl = (corpora.find(name) for name in ("twitter", "mnre", "jsonl"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "corpus.txt"


def test_every_form_is_found_by_its_name() -> None:
    forms = ["conll_bio", "conll_bioes", "huggingface", "jsonl", "label_studio", "mnre", "spacy", "twitter"]
    assert corpora.names() == forms
    with pytest.raises(BadInput, match=r"xml.*there are: conll_bio, conll_bioes, huggingface, jsonl"):
        corpora.find("xml")


def test_a_twitter_corpus_is_read_with_its_labels(file: Path) -> None:
    file.write_text(TWITTER)
    first, second = (row.sample for row in twitter.read(file))
    assert first == Sample.from_tokens(
        ("Ada", "Lovelace", "in", "London"),
        image="a_1",
        entities=(Entity(start=0, end=2, type="PER"), Entity(start=3, end=4, type="LOC")),
    )
    assert (second.image, second.entities) == ("b_2", ())


def test_captions_join_by_image_and_knowledge_by_position(tmp_path: Path, file: Path) -> None:
    captions, knowledge = tmp_path / "captions.txt", tmp_path / "knowledge.txt"
    file.write_text(TWITTER)
    captions.write_text("other.jpg :a dog\nb_2.jpg :\na_1.jpg :a portrait : oil on wood\n")
    knowledge.write_bytes(KNOWLEDGE.encode())
    rows = twitter.read(file, captions=captions, knowledge=knowledge)
    assert [(row.caption, row.knowledge) for row in rows] == [
        ("a portrait : oil on wood", {"mixed": "A mathematician."}),
        (None, {}),
    ]


def test_a_byte_order_mark_windows_line_ends_and_a_missing_last_line_end_are_survived(file: Path) -> None:
    file.write_text(TWITTER)
    expected = twitter.read(file)
    file.write_bytes(b"\xef\xbb\xbf" + TWITTER.strip().replace("\n", "\r\n").encode())
    assert twitter.read(file) == expected


@pytest.mark.parametrize("token", ["\u00a0", "\ufe0f", "\u200b", "\u200d", "\ufffd", "\x92", "\x85", "\u2028", "a b"])
def test_words_that_look_like_nothing_or_like_line_ends_are_kept(file: Path, token: str) -> None:
    file.write_text(f"IMGID:x\n{token}\tO\nend\tO\n\n", encoding="utf-8", newline="\n")
    rows = twitter.read(file)
    assert rows[0].sample.tokens == (token, "end")
    twitter.write(rows, file)
    assert twitter.read(file) == rows


def test_a_sample_that_stands_twice_is_read_twice(file: Path) -> None:
    file.write_text(TWITTER + TWITTER)
    assert len(twitter.read(file)) == 4


@pytest.mark.parametrize(("name", "text"), [("twitter", TWITTER), ("mnre", MNRE)])
def test_what_was_read_is_written_back_byte_for_byte(file: Path, name: str, text: str) -> None:
    file.write_text(text)
    copy = file.with_name("copy.txt")
    corpora.find(name).write(corpora.find(name).read(file), copy)
    assert copy.read_text() == text


def test_an_orphan_inside_tag_is_written_as_a_beginning(file: Path) -> None:
    file.write_text("IMGID:x\nof\tO\nYork\tI-LOC\n\n")
    twitter.write(twitter.read(file), file)
    assert file.read_text() == "IMGID:x\nof\tO\nYork\tB-LOC\n\n"


def test_an_mnre_corpus_is_read_with_its_relation_and_captions(tmp_path: Path, file: Path) -> None:
    captions = tmp_path / "captions.txt"
    file.write_text(MNRE)
    captions.write_text("{'img_id': 'inf.png', 'text': 'noise'}\n{'img_id': 'a.jpg', 'text': ' a portrait'}\r\n")
    [row] = mnre.read(file, captions=captions)
    assert row.caption == "a portrait"
    assert row.sample == Sample.from_tokens(
        ("Ada", "Lovelace", "of", "London"),
        task="mre",
        image="a.jpg",
        relation=Relation(head=Span(start=0, end=2), tail=Span(start=3, end=4), label="/per/loc/place_of_birth"),
    )


BROKEN = [
    ("twitter", TWITTER + "no header\n", 10, "begins with IMGID"),
    ("twitter", TWITTER + "IMGID:c\nword\n", 11, "a tab and its tag"),
    ("twitter", TWITTER + "IMGID:c\nword\tO\tO\n", 11, "a tab and its tag"),
    ("twitter", TWITTER + "IMGID:c\n\tO\n", 11, "a tab and its tag"),
    ("twitter", TWITTER + "IMGID:c\nword\tE-PER\n", 11, "'E-PER'"),
    ("twitter", TWITTER + "IMGID:c\n\n", 10, "no words"),
    ("twitter", TWITTER + "IMGID:c\nword\tO\nIMGID:d\n", 12, "blank line before"),
    ("twitter", TWITTER + "IMGID:c\nw\udcffrd\tO\n", 11, "byte 2 of the line .0xff. is not UTF-8"),
    ("twitter", TWITTER + "IMGID:c\n" + "w" * 1_000_001 + "\tO\n", 11, "longer than 1,000,000 bytes"),
    ("mnre", MNRE + MNRE + "{'token': ['a'\n", 3, "one Python dict literal"),
    ("mnre", MNRE + MNRE + "__import__('os').getcwd()\n", 3, "one Python dict literal"),
    ("mnre", MNRE + MNRE + "[" * 100_000 + "\n", 3, "one Python dict literal"),
    ("mnre", MNRE + MNRE + "{[]: 1}\n", 3, "one Python dict literal"),
    ("mnre", MNRE + MNRE + "['a']\n", 3, "keys: token, h, t, img_id, relation"),
    ("mnre", MNRE + MNRE + MNRE.replace("'pos': [3, 4]", "'pos': [2, 4]"), 3, "'of London', not 'London'"),
    ("mnre", MNRE + MNRE + MNRE.replace("'pos': [3, 4]", "'pos': [3, 9]"), 3, "beyond the 4 tokens"),
    ("mnre", MNRE + MNRE + MNRE.replace("'pos': [3, 4]", "'pos': [3, 3]"), 3, "is empty"),
    (
        "jsonl",
        '{"sample":{"text":"a","tokens":["a"]}}\n' * 2 + '{"sample":{"text":"a"}}',
        3,
        "sample.tokens: Field req",
    ),
    ("jsonl", '{"sample":{"text":"a","tokens":["a"]}}\n' * 2 + "nonsense", 3, "Invalid JSON"),
    ("jsonl", '{"sample":{"text":"a","tokens":["a"]}}\n' * 2 + '{"simple":1}', 3, "simple = 1: Unexpected keyword"),
    (
        "jsonl",
        '{"sample":{"text":"a","tokens":["a"]}}\n' * 2 + '{"sample":{"text":"a","tokens":["b"]}}',
        3,
        "token 'b'",
    ),
]


@pytest.mark.parametrize(("name", "text", "line", "what"), BROKEN)
def test_a_broken_line_is_named_and_so_is_what_was_read_before(
    file: Path, name: str, text: str, line: int, what: str
) -> None:
    file.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(
        BadInput, match=rf"corpus\.txt:{line}: .*{what}.*; 2 samples read before it, none kept"
    ) as error:
        corpora.find(name).read(file)
    assert len(str(error.value)) < 400


BROKEN_JOINS = [
    ("captions", "a_1.jpg a portrait\n", r"joined\.txt:1: a line is"),
    ("captions", "a_1.jpg :x\na_1.jpg :y\n", r"joined\.txt:2: image 'a_1' has a caption already"),
    ("captions", "c_3.jpg :x\n", "no caption for any of the 2 samples"),
    ("captions", "", "holds no samples"),
    ("knowledge", KNOWLEDGE.replace("London", "Paris"), r"joined\.txt:1: the tweet is not sentence 1"),
    ("knowledge", KNOWLEDGE.replace("<EOS>", "EOS"), r"joined\.txt:1: no line '<EOS>' ends"),
    ("knowledge", KNOWLEDGE + "hello\tO\n<EOS>\tX\n\n" * 2, r"joined\.txt:12: .* has no sentence left for this block"),
]


@pytest.mark.parametrize(("kind", "text", "what"), BROKEN_JOINS)
def test_a_file_that_does_not_join_is_refused(tmp_path: Path, file: Path, kind: str, text: str, what: str) -> None:
    file.write_text(TWITTER)
    joined = tmp_path / "joined.txt"
    joined.write_bytes(text.encode())
    with pytest.raises(BadInput, match=what):
        twitter.read(file, **{kind: joined})


def test_knowledge_that_ends_early_is_refused(tmp_path: Path, file: Path) -> None:
    knowledge = tmp_path / "knowledge.txt"
    file.write_text(TWITTER + TWITTER)
    knowledge.write_bytes(KNOWLEDGE.encode())
    with pytest.raises(BadInput, match=r"1 blocks for the 4 sentences"):
        twitter.read(file, knowledge=knowledge)


@pytest.mark.parametrize("name", corpora.names())
def test_an_empty_file_a_folder_and_a_missing_file_are_refused_by_name(name: str, tmp_path: Path, file: Path) -> None:
    form = corpora.find(name)
    with pytest.raises(BadInput, match=r"corpus\.txt: cannot be read \(No such file"):
        form.read(file)
    with pytest.raises(BadInput, match="is a folder"):
        form.read(tmp_path)
    for nothing in (b"", b"\n\r\n\n", b"\xef\xbb\xbf"):
        file.write_bytes(nothing)
        with pytest.raises(BadInput, match=r"corpus\.txt: holds no samples"):
            form.read(file)


def test_a_form_without_knowledge_files_says_so(file: Path) -> None:
    file.write_text(MNRE)
    with pytest.raises(BadInput, match="no knowledge files"):
        mnre.read(file, knowledge=file)
    with pytest.raises(BadInput, match="takes no file of captions or knowledge"):
        jsonl.read(file, captions=file)


UNWRITABLE = [
    ("twitter", Sample.from_text("no labels"), "not labelled for entities"),
    ("twitter", Sample.from_tokens(("a\tb",), entities=()), "a tab or a line end"),
    ("twitter", Sample.from_tokens(("a",), image="x\ny", entities=()), "a tab or a line end"),
    ("mnre", Sample.from_text("no relation"), "is no pair with a relation"),
]


@pytest.mark.parametrize(("name", "sample", "what"), UNWRITABLE)
def test_a_row_without_a_place_in_a_form_is_refused_and_the_old_file_stays(
    file: Path, name: str, sample: Sample, what: str
) -> None:
    file.write_text("precious")
    good = Sample.from_tokens(("a", "b"), entities=()) if name == "twitter" else _related()
    with pytest.raises(BadInput, match=f"sample 2.*{what}"):
        corpora.find(name).write([Row(good), Row(sample)], file)
    assert file.read_text() == "precious"
    assert list(file.parent.iterdir()) == [file]


def _related() -> Sample:
    relation = Relation(head=Span(start=0, end=1), tail=Span(start=1, end=2), label="None")
    return Sample.from_tokens(("a", "b"), task="mre", relation=relation)


def test_a_folder_is_made_on_writing_and_one_that_cannot_be_is_named(tmp_path: Path) -> None:
    row = Row(Sample.from_text("a"))
    jsonl.write([row], tmp_path / "new" / "folder" / "out.txt")
    assert jsonl.read(tmp_path / "new" / "folder" / "out.txt") == [row]
    (tmp_path / "taken").write_text("")
    with pytest.raises(BadInput, match=r"taken/out\.txt: cannot be written"):
        jsonl.write([row], tmp_path / "taken" / "out.txt")


def test_only_a_file_is_ever_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (tmp_path, pipe):
        with pytest.raises(BadInput, match="is a folder or a device"):
            jsonl.write([Row(Sample.from_text("a"))], path)
    assert pipe.is_fifo()


def test_knowledge_that_came_as_one_text_is_of_mixed_grain(file: Path) -> None:
    jsonl.write([Row(Sample.from_text("a"), None, {"mixed": "a letter"})], file)
    file.write_text(file.read_text().replace('{"mixed":"a letter"}', '"a letter"'))
    assert [row.knowledge for row in jsonl.read(file)] == [{"mixed": "a letter"}]


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@st.composite
def rows(draw: st.DrawFn) -> Row:
    text = draw(TEXT.filter(lambda text: text.strip()))
    sample = Sample.from_text(text, image=draw(st.none() | TEXT))
    length = len(sample.tokens)
    span = Span(start=draw(st.integers(0, length - 1)), end=length)
    labels = {
        "entities": draw(st.sampled_from([None, (), (Entity(start=span.start, end=span.end, type="PER"),)])),
        "relation": draw(st.sampled_from([None, Relation(head=span, tail=span, label=draw(st.none() | TEXT))])),
    }
    knowledge = draw(st.dictionaries(st.sampled_from(["mixed", "noun", "sentence", "multimodality"]), TEXT))
    return Row(sample.model_copy(update=labels), draw(st.none() | TEXT), knowledge)


@given(rows=st.lists(rows(), min_size=1, max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_our_own_form_keeps_everything(file: Path, rows: list[Row]) -> None:
    jsonl.write(rows, file)
    assert jsonl.read(file) == rows
