"""A corpus comes into the workspace with all that was published with it, or not at all."""

import json
import os
import re
from pathlib import Path

import pytest

from core.errors import BadInput, Forbidden
from core.identity import Person, Role, local
from core.importing import Imported, import_corpus, import_demos, import_upload
from core.store import Store

TWITTER = "IMGID:a_1\nAda\tB-PER\n\nIMGID:b_2\nhello\tO\n\nIMGID:a_1\nAda\tB-PER\n\n"
KNOWLEDGE = "Ada\tB-PER\n<EOS>\tX\nA\tX\nname.\tX\n\nhello\tO\n<EOS>\tX\nA\tX\ngreeting.\tX\n\n"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "train.txt").write_text(TWITTER)
    (folder / "captions.txt").write_text("a_1.jpg :a portrait\nb_2.jpg :\n")
    (folder / "knowledge.txt").write_text(KNOWLEDGE)
    return folder


def test_a_corpus_is_kept_with_its_captions_and_knowledge_and_where_they_came_from(store: Store, corpus: Path) -> None:
    imported = import_corpus(
        store,
        corpus / "train.txt",
        format="twitter",
        corpus="own",
        split="train",
        by=local(),
        captions=corpus / "captions.txt",
        knowledge=corpus / "knowledge.txt",
    )
    assert imported == Imported(samples=3, captions=2, knowledge=2)
    first, second, third = store.samples("own", "train")
    assert first == third
    [caption] = store.captions(first.id)
    assert (caption.text, caption.maker.model) == ("a portrait", "file own/captions.txt")
    [thought] = store.knowledge(second.id)
    assert (thought.grain, thought.text, thought.maker.model) == ("mixed", "A greeting.", "file own/knowledge.txt")
    assert store.recent() == []


def test_captions_can_follow_later(store: Store, corpus: Path) -> None:
    place = {"format": "twitter", "corpus": "own", "split": "train", "by": local()}
    import_corpus(store, corpus / "train.txt", **place)
    import_corpus(store, corpus / "train.txt", captions=corpus / "captions.txt", **place)
    samples = store.samples("own", "train")
    assert len(samples) == 3
    assert [caption.text for caption in store.captions(samples[0].id)] == ["a portrait"]


@pytest.mark.parametrize("part", ["text", "caption", "knowledge"])
def test_a_text_that_no_page_could_show_is_refused_and_nothing_kept(store: Store, tmp_path: Path, part: str) -> None:
    def written(size: int) -> Path:
        texts = {"text": "Ada", "caption": "a portrait", "knowledge": "A name."} | {part: "x" * size}
        text = texts.pop("text")
        short, long = ({"sample": {"text": each, "tokens": [each]}} for each in ("hello", text))
        rows = [short, {**long, **texts}]
        path = tmp_path / "long.jsonl"
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        return path

    place = {"format": "jsonl", "corpus": "own", "split": "train", "by": local()}
    with pytest.raises(BadInput, match=rf"long\.jsonl: sample 2 has {part} of 10,001 characters"):
        import_corpus(store, written(10_001), **place)
    assert store.corpora() == []
    assert import_corpus(store, written(10_000), **place).samples == 2


def test_a_summary_is_no_thought_to_import(store: Store, tmp_path: Path) -> None:
    (tmp_path / "fit.jsonl").write_text(
        '{"sample": {"text": "Ada", "tokens": ["Ada"]}, "knowledge": {"summary": "A name."}}\n'
    )
    with pytest.raises(BadInput, match="sample 1 has a summary"):
        import_corpus(store, tmp_path / "fit.jsonl", format="jsonl", corpus="own", split="train", by=local())
    assert store.corpora() == []


@pytest.mark.parametrize("split", ["all", "pairs"])
def test_no_split_takes_the_place_of_the_projects_own_samples(store: Store, corpus: Path, split: str) -> None:
    with pytest.raises(BadInput, match="the project's own samples"):
        import_corpus(store, corpus / "train.txt", format="twitter", corpus="demo", split=split, by=local())


def test_the_projects_own_samples_are_kept_by_task_and_each_split_can_be_scored(store: Store) -> None:
    import_demos(store)
    assert store.corpora() == [("demo", "all"), ("demo", "pairs")]
    assert all(sample.entities for sample in store.samples("demo", "all"))
    assert all(sample.relation and sample.relation.label for sample in store.samples("demo", "pairs"))


def test_nothing_is_kept_of_a_corpus_with_a_broken_line(store: Store, corpus: Path) -> None:
    (corpus / "train.txt").write_text(TWITTER + "IMGID:c_3\nno tag\n")
    with pytest.raises(BadInput, match=r"train\.txt:11: .*; 3 samples read before it, none kept"):
        import_corpus(store, corpus / "train.txt", format="twitter", corpus="own", split="train", by=local())
    assert store.samples("own", "train") == []


@pytest.mark.parametrize("name", ["../../train.txt", "..", "", "a\x00b", "/etc/passwd", "x" * 500, "训练.txt"])
def test_an_upload_is_kept_whatever_its_file_is_called(store: Store, name: str) -> None:
    place = {"format": "twitter", "split": "train", "by": local()}
    assert import_upload(store, TWITTER.encode(), name, corpus="own", **place).samples == 3
    with pytest.raises(BadInput, match=r"^[^/]*:1: a sentence begins with IMGID"):
        import_upload(store, b"no corpus\n", name, corpus="other", **place)
    with pytest.raises(BadInput, match="the corpus has no name"):
        import_upload(store, TWITTER.encode(), name, corpus=" ", **place)
    assert store.corpora() == [("own", "train")]


@pytest.mark.parametrize("name", ["/srv/x/requirements", "..", ".git", "a\\b", "a\x00b", "a\nb", "a\u202eb", "", " "])
@pytest.mark.parametrize("which", ["corpus", "split"])
def test_a_name_that_could_lead_out_of_a_folder_is_refused(store: Store, corpus: Path, which: str, name: str) -> None:
    names = {"corpus": "own", "split": "train", which: name}
    expected = re.escape(repr(name)) if name.strip() else f"the {which} has no name"
    with pytest.raises(BadInput, match=expected):
        import_corpus(store, corpus / "train.txt", format="twitter", by=local(), **names)
    assert store.corpora() == []


@pytest.mark.parametrize("role", ["viewer", "reviewer"])
def test_only_a_curator_imports(store: Store, corpus: Path, role: Role) -> None:
    with pytest.raises(Forbidden, match=f"a {role} may not import corpora; .* make you a curator"):
        import_corpus(
            store, corpus / "train.txt", format="twitter", corpus="own", split="train", by=Person("Eve", role)
        )
    assert store.corpora() == []


@pytest.mark.skipif("COTPD_DATA" not in os.environ, reason="COTPD_DATA names no folder of corpora")
def test_the_published_test_split_is_kept_whole(store: Store) -> None:
    data = Path(os.environ["COTPD_DATA"])
    imported = import_corpus(
        store,
        data / "twitter2017" / "test.txt",
        format="twitter",
        corpus="twitter2017",
        split="test",
        by=local(),
        captions=data / "captions" / "twitter2017_blip2.txt",
        knowledge=data / "knowledge" / "twitter2017" / "test.txt",
    )
    assert imported == Imported(samples=723, captions=723, knowledge=723)
    assert len(store.samples("twitter2017", "test")) == 723
