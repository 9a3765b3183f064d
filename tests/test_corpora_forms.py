"""The forms of other tools: what each holds comes back unchanged, and what it does not hold is refused."""

import json
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import srsly
from datasets import load_dataset
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab

from core import corpora
from core.corpora import CorpusFile, Row
from core.domain import Entity, Relation, Sample
from core.domain import Span as Words
from core.errors import BadInput

FORMS = [name for name in corpora.names() if name != "jsonl"]
conll, bioes, huggingface, label_studio, spacy = map(
    corpora.find, ("conll_bio", "conll_bioes", "huggingface", "label_studio", "spacy")
)

ADA = Sample.from_tokens(
    ("👩🏽‍🚀", "Ada", "Lovelace", "in", "Pa\u0301ris", "\u00a0", "!"),
    image="a_1",
    entities=(Entity(start=1, end=3, type="PER"), Entity(start=4, end=5, type="LOC")),
)
BORN = Sample.from_tokens(
    ("Ada", "Lovelace", "of", "London"),
    task="mre",
    image="b.jpg",
    relation=Relation(head=Words(start=0, end=2), tail=Words(start=1, end=4), label="/per/loc/place_of_birth"),
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "corpus.x"


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


# CoNLL


def test_bioes_marks_the_last_word_and_the_single_one(file: Path) -> None:
    bioes.write([Row(ADA)], file)
    tags = [line.partition("\t")[2] for line in file.read_text().splitlines() if "\t" in line]
    assert tags == ["O", "B-PER", "E-PER", "O", "S-LOC", "O", "O"]


def test_a_conll_2003_file_is_read_with_its_columns_and_document_starts(file: Path) -> None:
    file.write_text(
        "-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG \nrejects VBZ B-VP O\n\n# id 7\n# NN O O\n1 CD O I-MISC\n"
    )
    samples = [row.sample for row in conll.read(file)]
    assert [sample.tokens for sample in samples] == [("EU", "rejects"), ("#", "1")]
    assert [entity.type for sample in samples for entity in sample.entities] == ["ORG", "MISC"]


@pytest.mark.parametrize(
    ("tags", "what"),
    [
        ("O B-PER O", "from token 1 has no end before token 2"),
        ("B-PER I-PER", "no end before token 2"),
        ("O E-PER", "goes on with no mention"),
        ("B-PER E-LOC", "no B-LOC is open"),
        ("B-PER B-PER E-PER", "no end before token 1"),
    ],
)
def test_a_broken_chain_of_bioes_is_named(file: Path, tags: str, what: str) -> None:
    file.write_text("a\tO\n\n" + "".join(f"w\t{tag}\n" for tag in tags.split()))
    with pytest.raises(BadInput, match=rf"corpus\.x:3: in the sentence from here, .*{what}.*; 1 samples read before"):
        bioes.read(file)


@pytest.mark.parametrize("line", ["word", "word\t", "\tO", "word X-PER", "word\tB-"])
def test_a_broken_conll_line_is_named(file: Path, line: str) -> None:
    file.write_text(f"a\tO\nb\tO\n{line}\n")
    with pytest.raises(BadInput, match=r"corpus\.x:3: "):
        conll.read(file)


# Hugging Face


def test_a_folder_of_splits_is_a_dataset_to_its_users(tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    folder.mkdir()
    for split in ("train", "test"):
        huggingface.write([Row(ADA, "a portrait", {"noun": "Ada is a name"})], folder / f"{split}.parquet")
    dataset = load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))
    assert set(dataset) == {"train", "test"}
    tags = dataset["train"].features["ner_tags"].feature
    [first] = dataset["train"]
    assert [tags.int2str(tag) for tag in first["ner_tags"]] == ["O", "B-PER", "I-PER", "O", "B-LOC", "O", "O"]
    assert (first["tokens"], first["id"]) == (list(ADA.tokens), ADA.id)


def test_splits_of_one_folder_share_the_numbers_of_their_labels(tmp_path: Path) -> None:
    fewer = ADA.model_copy(update={"entities": ADA.entities[1:]})
    huggingface.write([Row(ADA)], tmp_path / "train.parquet")
    huggingface.write([Row(fewer)], tmp_path / "test.parquet")
    assert huggingface.read(tmp_path / "test.parquet") == [Row(fewer)]
    other = ADA.model_copy(update={"entities": (Entity(start=0, end=1, type="EMOJI"),)})
    with pytest.raises(BadInput, match=r"test\.parquet: is a split of the same dataset and lacks ner_tags 'B-EMOJI'"):
        huggingface.write([Row(other)], tmp_path / "valid.parquet")
    huggingface.write([Row(other)], tmp_path / "elsewhere.parquet")


def test_a_dataset_of_somebody_else_is_read_by_its_tokens_and_tags(file: Path) -> None:
    from datasets import ClassLabel, Dataset, Features, List, Value

    features = Features(
        {
            "id": Value("string"),
            "tokens": List(Value("string")),
            "pos_tags": List(Value("int64")),
            "ner_tags": List(ClassLabel(names=["O", "B-PER", "I-PER"])),
        }
    )
    rows = {"id": ["0"], "tokens": [["Ada", "sings"]], "pos_tags": [[1, 2]], "ner_tags": [[1, 0]]}
    Dataset.from_dict(rows, features=features).to_parquet(file)
    entities = (Entity(start=0, end=1, type="PER"),)
    assert huggingface.read(file) == [Row(Sample.from_tokens(("Ada", "sings"), entities=entities))]


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        ({"words": [["Ada"]]}, ":1: tokens: Field required"),
        ({"tokens": [["Ada"], ["Bo"]], "ner_tags": [["O"], ["O", "O"]]}, ":2: 1 tokens have 2 ner_tags"),
        ({"tokens": [["Ada"]], "ner_tags": [[3]]}, ":1: ner_tags.0: Input should be a valid string"),
        ({"tokens": [["Ada"]], "ner_tags": [["X-PER"]]}, ":1: tag 'X-PER' at token 0"),
        ({"tokens": [["Ada"]], "relation": ["peer"]}, ":1: a relation needs both head and tail"),
    ],
)
def test_a_row_that_is_no_sample_is_named(file: Path, rows: dict[str, list[object]], what: str) -> None:
    from datasets import Dataset

    Dataset.from_dict(rows).to_parquet(file)
    with pytest.raises(BadInput, match=what):
        huggingface.read(file)


# Label Studio


def task(text: str, *regions: tuple[int, int, str, str], **more: object) -> dict[str, object]:
    result = [
        {
            "id": f"r{number}",
            "from_name": "label",
            "to_name": "text",
            "type": "labels",
            "value": {"start": start, "end": end, "text": words, "labels": [label]},
            "origin": "manual",
        }
        for number, (start, end, words, label) in enumerate(regions)
    ]
    return {"id": 7, "data": {"text": text, "other": 1}, "annotations": [{"id": 9, "result": result, **more}]}


def test_label_studio_gets_offsets_in_code_points(file: Path) -> None:
    label_studio.write([Row(ADA)], file)
    [written] = json.loads(file.read_text())
    [first, second] = [each["value"] for each in written["annotations"][0]["result"]]
    assert (first["start"], first["end"], first["text"], first["labels"]) == (5, 17, "Ada Lovelace", ["PER"])
    assert written["data"]["text"][second["start"] : second["end"]] == "Pa\u0301ris"


@pytest.mark.parametrize("shift", [0, 1], ids=["code points", "UTF-16 code units of old versions"])
def test_label_studio_offsets_behind_an_emoji_are_right_in_both_units(file: Path, shift: int) -> None:
    file.write_text(json.dumps([task("💩This is an annotation.", (12 + shift, 22 + shift, "annotation", "X"))]))
    [row] = label_studio.read(file)
    [entity] = row.sample.entities
    assert row.sample.mention(entity) == "annotation"


def test_a_region_that_ends_inside_a_word_cuts_it_and_one_with_a_space_too_many_does_not(file: Path) -> None:
    file.write_text(json.dumps([task("Ada_Lovelace sings", (0, 3, "Ada", "PER"), (4, 13, "Lovelace ", "PER"))]))
    [row] = label_studio.read(file)
    assert row.sample.tokens == ("Ada", "_", "Lovelace", "sings")
    assert [row.sample.mention(entity) for entity in row.sample.entities] == ["Ada", "Lovelace"]


def test_a_skipped_task_is_unlabelled_and_the_ground_truth_counts(file: Path) -> None:
    two = task("Ada", (0, 3, "Ada", "PER"))
    two["annotations"] += task("Ada", (0, 3, "Ada", "ORG"), ground_truth=True)["annotations"]
    file.write_text(json.dumps([task("Ada", was_cancelled=True), {"data": {"text": "Ada"}}, task("Ada"), two]))
    labels = [row.sample.entities for row in label_studio.read(file)]
    assert labels == [None, None, (), (Entity(start=0, end=3 - 2, type="ORG"),)]


def test_a_task_with_two_relations_is_two_samples(file: Path) -> None:
    given = task("Ada met Bo in Rome", (0, 3, "Ada", "PER"), (8, 10, "Bo", "PER"), (14, 18, "Rome", "LOC"))
    for end, label in (("r1", "peer"), ("r2", "place")):
        arc = {"type": "relation", "from_id": "r0", "to_id": end, "labels": [label], "direction": "right"}
        given["annotations"][0]["result"].append(arc)
    file.write_text(json.dumps([given]))
    found = [row.sample for row in label_studio.read(file)]
    assert [(sample.relation.label, sample.mention(sample.relation.tail)) for sample in found] == [
        ("peer", "Bo"),
        ("place", "Rome"),
    ]
    assert all(len(sample.entities) == 3 for sample in found)


BROKEN_TASKS = [
    (task("Ada", (0, 3, "Bob", "PER")), "is 'Ada' in the text, not 'Bob'"),
    (task("Ada ", (3, 4, " ", "PER")), "no word of the text"),
    (task("Ada", (0, 9, None, "PER")), "does not lie in the text of 3 characters"),
    (task("Ada B", (0, 3, "Ada", "PER"), (0, 5, "Ada B", "PER")), "overlaps another"),
    ({"data": {}}, r"data\.text: Field required"),
    ({"data": {"text": "a"}, "annotations": [{"result": [{"type": "choices"}]}]}, "'choices' found using 'type'"),
    ({"data": {"text": "a"}, "annotations": [{"result": []}, {"result": []}]}, "2 annotations; mark one"),
    (
        {"data": {"text": "a"}, "annotations": [{"result": [{"type": "relation", "from_id": "x", "to_id": "y"}]}]},
        "an end 'x', which is no region",
    ),
    ({"data": {"text": "   "}}, "tokens"),
]


@pytest.mark.parametrize(("broken", "what"), BROKEN_TASKS)
def test_a_broken_task_is_named(file: Path, broken: dict[str, object], what: str) -> None:
    file.write_text(json.dumps([task("a"), broken]))
    with pytest.raises(BadInput, match=rf"corpus\.x:2: .*{what}.*; 1 samples read before it, none kept"):
        label_studio.read(file)


@pytest.mark.parametrize("text", ["[", "{}", '[{"data":{"text":"\\ud83d"}}]', "[" * 100_000, "\xff"])
def test_what_is_no_list_of_tasks_is_refused(file: Path, text: str) -> None:
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(BadInput, match=r"corpus\.x: is n"):
        label_studio.read(file)


# spaCy


def packed(*docs: Doc) -> bytes:
    return DocBin(store_user_data=True, docs=docs).to_bytes()


def test_a_docbin_of_somebody_else_loses_its_white_space_and_keeps_its_mentions(file: Path) -> None:
    doc = Doc(Vocab(), words=["Ada", "\n\n", "Lovelace", "sings"], spaces=[True, False, True, False])
    doc.ents = [Span(doc, 0, 3, label="PER")]
    plain = Doc(Vocab(), words=["no", "labels"])
    file.write_bytes(packed(doc, plain))
    first, second = (row.sample for row in spacy.read(file))
    assert (first.text, first.tokens) == ("Ada \n\nLovelace sings", ("Ada", "Lovelace", "sings"))
    assert first.entities == (Entity(start=0, end=2, type="PER"),)
    assert second.entities is None


def test_spacy_finds_the_mentions_where_it_expects_them(file: Path) -> None:
    spacy.write([Row(ADA, "a portrait")], file)
    [doc] = DocBin().from_disk(file).get_docs(Vocab())
    assert doc.text == ADA.text
    assert [(each.text, each.label_) for each in doc.ents] == [("Ada Lovelace", "PER"), ("Pa\u0301ris", "LOC")]
    assert doc._.sample["caption"] == "a portrait"


def test_a_docbin_that_unpacks_to_more_than_its_limit_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spacy, "MAX_BYTES", 1 << 20)
    file.write_bytes(zlib.compress(bytes(2 << 20)))
    with pytest.raises(BadInput, match="unpacks to over 1 MiB"):
        spacy.read(file)


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


def test_a_docbin_whose_heads_point_nowhere_is_read_without_them(file: Path) -> None:
    doc = Doc(Vocab(), words=["Ada", "sings"], heads=[1, 1], deps=["nsubj", "ROOT"])
    message = srsly.msgpack_loads(zlib.decompress(packed(doc)))
    tokens = np.frombuffer(message["tokens"], dtype="uint64").copy()
    from spacy.attrs import HEAD

    tokens[message["attrs"].index(HEAD) :: len(message["attrs"])] = 2**40
    message["tokens"] = tokens.tobytes()
    file.write_bytes(zlib.compress(srsly.msgpack_dumps(message)))
    assert [row.sample.tokens for row in spacy.read(file)] == [("Ada", "sings")]
