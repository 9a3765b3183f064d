"""The published corpora, as they are: every count that their page gives. Needs the folder that COTPD_DATA names."""

import os
from collections import Counter
from pathlib import Path

import pytest

from core import corpora
from core.corpora import Row

pytestmark = pytest.mark.skipif("COTPD_DATA" not in os.environ, reason="COTPD_DATA names no folder of corpora")
DATA = Path(os.environ.get("COTPD_DATA", "."))
twitter, mnre, jsonl = (corpora.find(name) for name in ("twitter", "mnre", "jsonl"))


def read_twitter(corpus: str, split: str) -> list[Row]:
    return twitter.read(
        DATA / corpus / f"{split}.txt",
        captions=DATA / "captions" / f"{corpus}_blip2.txt",
        knowledge=DATA / "knowledge" / corpus / f"{split}.txt",
    )


SPLITS = [
    ("twitter2015", "train", 4000, 3999),
    ("twitter2015", "valid", 1000, 999),
    ("twitter2015", "test", 3257, 3256),
    ("twitter2017", "train", 3373, 3373),
    ("twitter2017", "valid", 723, 723),
    ("twitter2017", "test", 723, 723),
]


@pytest.mark.parametrize(("corpus", "split", "samples", "explained"), SPLITS)
def test_twitter_has_its_samples_and_its_knowledge(corpus: str, split: str, samples: int, explained: int) -> None:
    rows = read_twitter(corpus, split)
    assert len(rows) == samples
    assert sum(bool(row.knowledge) for row in rows) == explained
    assert all(row.knowledge for row in rows[:-1])
    types = {entity.type for row in rows for entity in row.sample.entities or ()}
    assert types == {"PER", "LOC", "ORG", "OTHER" if corpus == "twitter2015" else "MISC"}


def test_two_captions_of_twitter_2015_are_empty_and_none_of_2017() -> None:
    rows = {split[:2]: read_twitter(*split[:2]) for split in SPLITS}
    empty = Counter(corpus for (corpus, _), read in rows.items() for row in read if row.caption is None)
    assert empty == {"twitter2015": 2}


@pytest.mark.parametrize(
    ("corpus", "split", "orphans"),
    [("twitter2015", "train", 186), ("twitter2015", "valid", 53), ("twitter2015", "test", 135)]
    + [("twitter2017", split, 0) for split in ("train", "valid", "test")],
)
def test_written_back_only_the_orphan_tags_differ(corpus: str, split: str, orphans: int, tmp_path: Path) -> None:
    source, copy = DATA / corpus / f"{split}.txt", tmp_path / "copy.txt"
    rows = twitter.read(source)
    twitter.write(rows, copy)
    before, after = (file.read_bytes().strip().split(b"\n") for file in (source, copy))
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert len(changed) == orphans
    assert all(old.replace(b"\tI-", b"\tB-") == new for old, new in changed)
    assert twitter.read(copy) == rows
    if corpus == "twitter2017":
        assert copy.read_bytes() == source.read_bytes()


def test_twitter_2017_keeps_the_words_that_look_like_nothing() -> None:
    rows = [twitter.read(DATA / "twitter2017" / f"{split}.txt") for split in ("train", "valid", "test")]
    counts = [sum(row.sample.tokens.count("\ufe0f") for row in split) for split in rows]
    assert counts == [102, 15, 25]


@pytest.mark.parametrize(
    ("split", "samples", "relations", "unrelated", "overlapping"),
    [("train", 12247, 23, 7744, 59), ("val", 1624, 23, 1000, 3), ("test", 1614, 21, 974, 5)],
)
def test_mnre_has_its_samples_relations_and_captions(
    split: str, samples: int, relations: int, unrelated: int, overlapping: int
) -> None:
    rows = mnre.read(DATA / "mnre" / f"mnre_{split}.txt", captions=DATA / "captions" / f"mnre_llavanext_{split}.txt")
    found = [row.sample.relation for row in rows if row.sample.relation]
    assert len(rows) == len(found) == samples
    assert all(row.caption for row in rows)
    labels = Counter(relation.label for relation in found)
    assert (len(labels), labels["None"]) == (relations, unrelated)
    assert sum(r.head.start < r.tail.end and r.tail.start < r.head.end for r in found) == overlapping


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_mnre_is_written_back_byte_for_byte(split: str, tmp_path: Path) -> None:
    source, copy = DATA / "mnre" / f"mnre_{split}.txt", tmp_path / "copy.txt"
    mnre.write(mnre.read(source), copy)
    assert copy.read_bytes() == source.read_bytes()


def test_mnre_train_holds_27_pairs_twice() -> None:
    samples = [row.sample for row in mnre.read(DATA / "mnre" / "mnre_train.txt")]
    pairs = {(s.tokens, s.relation.head, s.relation.tail) for s in samples if s.relation}
    assert len(samples) - len(pairs) == 27


def test_our_own_form_keeps_a_published_corpus_whole(tmp_path: Path) -> None:
    rows = read_twitter("twitter2017", "valid")
    jsonl.write(rows, tmp_path / "copy.jsonl")
    assert jsonl.read(tmp_path / "copy.jsonl") == rows


@pytest.mark.parametrize("name", corpora.names())
def test_every_form_that_can_hold_a_published_split_writes_it_the_same_after_reading_it(
    name: str, tmp_path: Path
) -> None:
    form = corpora.find(name)
    related = mnre.read(DATA / "mnre" / "mnre_test.txt", captions=DATA / "captions" / "mnre_llavanext_test.txt")
    splits = {"entities": read_twitter("twitter2017", "test"), "relation": related}
    for part, rows in splits.items():
        if part in form.HOLDS:
            first, second = tmp_path / f"{part}.first", tmp_path / f"{part}.second"
            given = rows if "caption" in form.HOLDS else [Row(row.sample) for row in rows]
            form.write(given, first)
            read = form.read(first)
            form.write(read, second)
            assert read == given
            assert second.read_bytes() == first.read_bytes()
