"""What is taken out of the workspace: approved alone or a split, whole, and with where each sample came from."""

import json
import re
import zipfile
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from datasets import load_dataset

from core import corpora
from core.corpora import Row
from core.domain import Augmentation, Caption, Entity, Knowledge, Maker, Sample
from core.errors import BadInput, Forbidden
from core.exporting import archived, export_approved, export_split
from core.identity import Person, Role, local
from core.importing import import_corpus
from core.review import decide, rules
from core.store import Store
from core.store.queue import Rules

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
MAKER = Maker(model="gpt-4", prompt_version="style-1", parameters={"seed": 7}, created=NOON)
PARENT = Sample.from_tokens(("Ada", "sings"), image="a_1", entities=(Entity(start=0, end=1, type="PER"),))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "workspace")
    store.add(PARENT)
    return store


def variant(store: Store, text: str, **more: Any) -> Augmentation:
    """A kept variant of the parent, whose first word is a person."""
    bare = Sample.from_text(text, image=more.pop("image", None))
    sample = bare.model_copy(update={"entities": (Entity(start=0, end=1, type="PER"),)})
    made = Augmentation(
        parent_id=PARENT.id, kind=more.pop("kind", "style"), answer=text, variant=sample, maker=MAKER, **more
    )
    store.add(made)
    return made


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_only_what_stands_approved_is_written_with_where_it_came_from(store: Store, tmp_path: Path) -> None:
    first, second, third, _ = (variant(store, f"Ada sings {word}!!") for word in ("loud", "long", "low", "never"))
    decide(store, second.id, "approved", by=local("Bo"), reason="funny 👍")
    decide(store, first.id, "approved", by=local("Eve"))
    decide(store, third.id, "approved", by=local("Eve"))
    decide(store, third.id, "rejected", by=local("Eve"))
    file = tmp_path / "approved.jsonl"
    done = export_approved(store, file, format="jsonl", by=local())
    assert (done.samples, done.respaced, done.provenance) == (2, 0, tmp_path / "approved-jsonl.provenance")
    assert [row.sample for row in corpora.find("jsonl").read(file)] == [second.variant, first.variant]
    origins = lines(done.provenance)
    at = [store.decisions(made.id)[-1].at.isoformat() for made in (second, first)]
    assert origins[0] == {
        "number": 1,
        "sample": second.variant.id,
        "augmentation": second.id,
        "parent": PARENT.id,
        "kind": "style",
        "model": "gpt-4",
        "prompt_version": "style-1",
        "parameters": {"seed": 7},
        "created": "2026-05-01T12:00:00Z",
        "approved_by": "Bo",
        "approved_at": at[0],
        "reason": "funny 👍",
        "votes": {"Bo": "approved"},
    }
    assert [(each["number"], each["approved_by"], each["approved_at"]) for each in origins] == [
        (1, "Bo", at[0]),
        (2, "Eve", at[1]),
    ]


def test_where_it_came_from_names_all_who_voted(store: Store, tmp_path: Path) -> None:
    rules.change(store, Rules(votes=2), by=local("Cleo"))
    made = variant(store, "Ada sings loud!!")
    for name, choice in (("Ada", "approved"), ("Eve", "skipped"), ("Bo", "approved")):
        decide(store, made.id, choice, by=local(name))
    (origin,) = lines(export_approved(store, tmp_path / "a.jsonl", format="jsonl", by=local()).provenance)
    assert (origin["approved_by"], origin["votes"]) == ("Bo", {"Ada": "approved", "Bo": "approved"})


def test_words_that_stood_without_a_space_are_counted_where_a_form_holds_only_words(
    store: Store, tmp_path: Path
) -> None:
    for text in ("Ada sings !", "Ada sings!!"):
        decide(store, variant(store, text).id, "approved", by=local("Bo"))
    assert export_approved(store, tmp_path / "a.txt", format="conll_bio", by=local()).respaced == 1
    assert export_approved(store, tmp_path / "a.json", format="label_studio", by=local()).respaced == 0
    assert (tmp_path / "a.txt").read_text() == "Ada\tB-PER\nsings\tO\n!\tO\n\nAda\tB-PER\nsings\tO\n!\tO\n!\tO\n\n"


def test_an_imagined_picture_is_refused_where_it_has_no_place_and_nothing_is_left_behind(
    store: Store, tmp_path: Path
) -> None:
    imagined = variant(store, "Ada sings", kind="image", caption="a stage", image="a_1")
    decide(store, imagined.id, "approved", by=local("Bo"))
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(BadInput, match=r"sample 1 .'Ada sings'. has a caption, for which this form has no place"):
        export_approved(store, out / "a.txt", format="twitter", by=local())
    assert list(out.iterdir()) == []
    export_approved(store, out / "a.txt", format="twitter", by=local(), without=["caption"])
    assert (out / "a.txt").read_text() == "IMGID:a_1\nAda\tB-PER\nsings\tO\n\n"
    export_approved(store, out / "a.txt", format="conll_bio", by=local(), without=["caption", "image"])
    assert (out / "a.txt").read_text() == "Ada\tB-PER\nsings\tO\n\n"


@pytest.mark.parametrize("name", corpora.names())
def test_a_workspace_where_nothing_is_approved_gives_an_empty_corpus(store: Store, tmp_path: Path, name: str) -> None:
    assert export_approved(store, tmp_path / "none", format=name, by=local()).samples == 0
    with pytest.raises(BadInput, match="holds no samples"):
        corpora.find(name).read(tmp_path / "none")


def captioned(store: Store) -> list[Row]:
    """A split with a sample twice, of which there are an older caption and newer ones, and thoughts of two grains."""
    other = Sample.from_text("no labels, yet")
    made = [
        Caption(sample_id=PARENT.id, text="old", maker=MAKER),
        Caption(sample_id=PARENT.id, text="new", maker=MAKER.model_copy(update={"created": NOON + timedelta(1)})),
        Knowledge(sample_id=PARENT.id, grain="noun", text="a name", maker=MAKER),
        Knowledge(sample_id=PARENT.id, grain="sentence", text="a song", maker=MAKER),
    ]
    store.add_corpus("own", "train", [PARENT, other, PARENT], made)
    whole = Row(PARENT, "new", {"noun": "a name", "sentence": "a song"})
    return [whole, Row(other), whole]


@pytest.mark.parametrize("name", ["huggingface", "jsonl", "label_studio", "spacy"])
def test_a_split_goes_out_comes_in_and_goes_out_the_same(store: Store, tmp_path: Path, name: str) -> None:
    expected = captioned(store)
    first, second = tmp_path / "first", tmp_path / "second"
    done = export_split(store, first, corpus="own", split="train", format=name, by=local())
    assert corpora.find(name).read(first) == expected
    assert [(each["position"], each["caption"]) for each in lines(done.provenance)] == [
        (0, "gpt-4"),
        (1, None),
        (2, "gpt-4"),
    ]
    other = Store(tmp_path / "other")
    import_corpus(other, first, format=name, corpus="own", split="train", by=local())
    export_split(other, second, corpus="own", split="train", format=name, by=local())
    assert second.read_bytes() == first.read_bytes()


def test_an_export_for_a_browser_is_one_file_with_the_provenance_in_it(store: Store) -> None:
    decide(store, variant(store, "Ada sings loud").id, "approved", by=local("Bo"))
    content, done = archived(lambda path: export_approved(store, path, format="twitter", by=local()), "approved.txt")
    assert done.samples == 1
    with zipfile.ZipFile(BytesIO(content)) as archive:
        assert archive.namelist() == ["approved.txt", "approved-twitter.provenance"]
        assert archive.read("approved.txt") == b"IMGID:\nAda\tB-PER\nsings\tO\nloud\tO\n\n"


@pytest.mark.parametrize("split", ["{outside}", "../../x", "..", "a\\b", "a\nb", ".ssh"])
def test_an_export_for_a_browser_stays_in_its_folder_whatever_the_split_is_called(
    store: Store, tmp_path: Path, split: str
) -> None:
    split = split.format(outside=tmp_path / "requirements")
    store.add_corpus("own", split, [PARENT], [])
    content, _ = archived(
        lambda path: export_split(store, path, corpus="own", split=split, format="twitter", by=local()), f"{split}.txt"
    )
    with zipfile.ZipFile(BytesIO(content)) as archive:
        assert all(re.fullmatch(r"\w[\w.-]+", name) for name in archive.namelist())
        assert len(archive.namelist()) == 2
    assert [each.name for each in tmp_path.iterdir()] == ["workspace"]


def test_forms_in_one_folder_keep_their_origins_beside_a_dataset_that_still_opens(store: Store, tmp_path: Path) -> None:
    store.add_corpus("own", "train", [PARENT], [])
    for name in ("huggingface", "conll_bio", "conll_bioes"):
        path = tmp_path / "out" / f"train{corpora.find(name).SUFFIX}"
        export_split(store, path, corpus="own", split="train", format=name, by=local())
    assert [file.name for file in sorted((tmp_path / "out").glob("*.provenance"))] == [
        "train-conll_bio.provenance",
        "train-conll_bioes.provenance",
        "train-huggingface.provenance",
    ]
    dataset = load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    assert [row["tokens"] for row in dataset["train"]] == [["Ada", "sings"]]


def test_a_split_that_is_not_there_is_named_with_those_that_are(store: Store, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no corpus own/test; there are: none yet"):
        export_split(store, tmp_path / "a", corpus="own", split="test", format="jsonl", by=local())
    captioned(store)
    with pytest.raises(BadInput, match="no corpus own/test; there are: own/train"):
        export_split(store, tmp_path / "a", corpus="own", split="test", format="jsonl", by=local())


@pytest.mark.parametrize("role", ["viewer", "reviewer"])
def test_only_a_curator_exports(store: Store, tmp_path: Path, role: Role) -> None:
    captioned(store)
    by = Person("Eve", role)
    with pytest.raises(Forbidden, match=f"a {role} may not export corpora"):
        export_approved(store, tmp_path / "a", format="jsonl", by=by)
    with pytest.raises(Forbidden, match=f"a {role} may not export corpora"):
        export_split(store, tmp_path / "a", corpus="own", split="train", format="jsonl", by=by)
    assert not (tmp_path / "a").exists()
