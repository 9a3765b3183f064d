"""Hugging Face datasets: read by their own library, and read from others."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import load_dataset

from core import corpora
from core.corpora import Row
from core.domain import Entity, Sample
from core.errors import BadInput
from tests.ada import ADA

huggingface = corpora.find("huggingface")


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
        ({"tokens": [["Ada"]], "ner_tags": [[3]]}, ":1: ner_tags.0 = 3: Input should be a valid string"),
        ({"tokens": [["Ada"]], "ner_tags": [["X-PER"]]}, ":1: tag 'X-PER' at token 0"),
        ({"tokens": [["Ada"]], "relation": ["peer"]}, ":1: a relation needs both head and tail"),
    ],
)
def test_a_row_that_is_no_sample_is_named(file: Path, rows: dict[str, list[object]], what: str) -> None:
    from datasets import Dataset

    Dataset.from_dict(rows).to_parquet(file)
    with pytest.raises(BadInput, match=what):
        huggingface.read(file)


def test_a_small_file_that_unpacks_to_a_very_large_one_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.corpora.huggingface.MAX_BYTES", 1 << 20)
    rows = pa.table({"tokens": [["a"]] * 600, "caption": pa.array(["x" * 10_000] * 600).dictionary_encode()})
    pq.write_table(rows, file)
    assert file.stat().st_size < 10_000
    with pytest.raises(BadInput, match="unpacks to over 1 MiB"):
        corpora.find("huggingface").read(file)


def test_a_value_that_many_rows_share_is_refused_before_it_is_there_often(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.corpora.huggingface.MAX_BYTES", 1 << 20)
    taken: list[int] = []
    monkeypatch.setattr("core.corpora.huggingface._size", lambda record: taken.append(1) or len(record["caption"]))
    pq.write_table(pa.table({"tokens": [["a"]] * 90, "caption": ["x" * 400_000] * 90}), file)
    with pytest.raises(BadInput, match="unpacks to over 1 MiB"):
        corpora.find("huggingface").read(file)
    assert len(taken) <= 3


def test_columns_that_are_not_ours_are_not_read(file: Path) -> None:
    far = pa.array([2**31 - 1], pa.date32())  # no day that Python knows
    pq.write_table(pa.table({"tokens": [["a"]], "on": far}), file)
    (row,) = corpora.find("huggingface").read(file)
    assert row.sample.tokens == ("a",)


def test_a_summary_is_kept_like_any_other_knowledge(file: Path) -> None:
    row = Row(Sample.from_text("a b"), knowledge={"summary": "in short"})
    corpora.find("huggingface").write([row], file)
    assert corpora.find("huggingface").read(file)[0].knowledge == {"summary": "in short"}
