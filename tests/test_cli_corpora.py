"""Whole corpora by command: imported, captioned, explained, varied, exported."""

import json
import time
from pathlib import Path

import pytest
from PIL import Image

from core.domain import Augmentation
from core.identity import local
from core.review import decide
from core.store import Store
from tests.commands import TWEET, core, document, finished, process, refused
from tests.loopback import Loopback

pytestmark = pytest.mark.usefixtures("workspace")


def test_the_demo_is_captioned_explained_and_varied_once(loopback: Loopback) -> None:
    assert document(core("import", "--demo", "--json"))["samples"] >= 8
    assert document(core("import", "--demo", "--json"))["samples"] >= 8
    for verb, made, count in (("caption", "captions", 2), ("think", "thoughts", 6), ("augment", "variants", 6)):
        first = document(core(verb, "--corpus", "demo", "--limit", "2", "--json"))
        assert (len(first[made]), first["problems"]) == (count, [])
        asked = len(loopback.requests)
        assert document(core(verb, "--corpus", "demo", "--limit", "2", "--json"))[made] == first[made]
        assert len(loopback.requests) == asked


def test_samples_that_fail_are_told_and_the_others_kept(loopback: Loopback, workspace: Path) -> None:
    core("import", "--demo")
    loopback.answer = lambda request: (
        "I'm sorry, I can't." if len(loopback.requests) < 2 else f"Answer {len(loopback.requests)}."
    )
    result = core("think", "--corpus", "demo", "--limit", "2", "--json")
    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert len(answer["problems"]) == 1
    assert "refused to explain" in answer["problems"][0]["problem"]
    assert "refused to explain" in result.stderr
    assert len(answer["thoughts"]) == 5


def test_captions_go_on_where_a_kill_left_them(
    loopback: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    lines = []
    for number in range(24):
        Image.new("RGB", (20 + number, 10), "navy").save(pictures / f"{number}.jpg")
        lines.append(f"IMGID:{number}\nana\tB-PER\ngoes\tO\n{number}\tO\n")
    (pictures / "3.jpg").write_bytes(b"no picture")
    (tmp_path / "tiny.txt").write_text("\n".join(lines))
    core("import", "--path", tmp_path / "tiny.txt", "--corpus", "tiny", "--split", "all")
    loopback.answer, loopback.pause = (lambda request: "A square."), 0.05
    monkeypatch.setenv("COTPD_VISION_URL", loopback.url)
    monkeypatch.setenv("COTPD_VISION_MODEL", "gpt-sees")
    command = ["caption", "--corpus", "tiny", "--images", pictures, "--captioner", "vision", "--json"]
    running = process(*command)
    while running.poll() is None and len(loopback.requests) < 10:
        time.sleep(0.01)
    running.kill()
    running.communicate()
    asked = len(loopback.requests)
    result = core(*command)
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert len(found["captions"]) == 23
    assert "is not a picture" in found["problems"][0]["problem"]
    assert asked >= 10
    assert len(loopback.requests) <= 23 + 8  # a kill costs the batch that was on its way


def test_a_teacher_that_sees_gets_the_pictures_and_the_store_keeps_their_hashes(
    workspace: Path, loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COTPD_TEACHER_SEES", "1")
    core("import", "--demo")
    first = document(core("think", "--corpus", "demo", "--limit", "2", "--json"))
    shown = [request for request in loopback.requests if isinstance(request["messages"][-1]["content"], list)]
    assert len(shown) == 2
    assert [len(first["thoughts"]), first["problems"]] == [6, []]
    related = [thought for thought in first["thoughts"] if thought["grain"] == "multimodality"]
    assert all(len(thought["maker"]["parameters"]["image"]) == 64 for thought in related)
    with Store(workspace) as store:
        kept = store.attempts.latest(related[0]["maker"]["ask"])
        assert kept is not None
        assert "sha256:" in str(kept.request)
        assert "base64" not in str(kept.request)
        assert store.captions(related[0]["sample_id"]) == []  # nobody needed its picture in words
    asked = len(loopback.requests)
    assert document(core("think", "--corpus", "demo", "--limit", "2", "--json"))["thoughts"] == first["thoughts"]
    assert len(loopback.requests) == asked


def test_a_corpus_is_imported_with_its_captions_and_knowledge(corpora: Path) -> None:
    arguments = ["import", "--path", corpora / "dev.txt", "--captions", corpora / "captions.txt"]
    arguments += ["--knowledge", corpora / "dev.knowledge.txt", "--corpus", "tiny", "--json"]
    expected = {"corpus": "tiny", "split": "dev", "samples": 9, "captions": 9, "knowledge": 9}
    assert document(core(*arguments)) == expected
    assert document(core(*arguments)) == expected
    refused(core("think", "--corpus", "tiny"), "tiny/dev")


def test_the_corpora_of_the_workspace_are_listed_with_their_sizes(corpora: Path, workspace: Path) -> None:
    assert core("corpora").stdout == f"No corpus is in {workspace}; 'import' takes one in.\n"
    published = ("--captions", corpora / "captions.txt", "--knowledge", corpora / "dev.knowledge.txt")
    core("import", "--path", corpora / "dev.txt", *published, "--corpus", "tiny")
    assert core("corpora").stdout == (
        "tiny/dev: 9 samples; with labels 9, pictures 9, captions 9, thoughts 9, variants 0, mixed 9\n"
    )
    size = {"corpus": "tiny", "split": "dev", "samples": 9, "labels": 9, "pictures": 9, "captions": 9}
    size |= {"thoughts": 9, "variants": 0, "covered": {"caption": 9, "mixed": 9}}
    assert document(core("corpora", "--json")) == {"corpora": [size]}


def test_a_broken_line_is_named_and_nothing_imported(corpora: Path, tmp_path: Path, workspace: Path) -> None:
    lines = (corpora / "dev.txt").read_text().splitlines()
    (tmp_path / "broken.txt").write_text("\n".join([*lines[:12], "no-tab-and-no-tag", *lines[12:]]))
    status, stdout, stderr = finished("import", "--path", tmp_path / "broken.txt", "--corpus", "tiny")
    assert (status, stdout) == (2, "")
    assert f"{tmp_path / 'broken.txt'}:13" in stderr
    assert len(stderr.splitlines()) == 1
    with Store(workspace) as store:
        assert store.corpora() == []


def test_approved_variants_are_exported(workspace: Path, loopback: Loopback, tmp_path: Path) -> None:
    loopback.answer = lambda request: "OMG ana just went to paris !!!"
    got = document(core("augment", "--text", TWEET, "--kind", "style", "--json"))
    (variant,) = got["variants"]
    assert variant["variant"]["text"] == "OMG ana just went to paris !!!"
    with Store(workspace) as store:
        (kept,) = store.augmentations(variant["parent_id"])
        assert isinstance(kept, Augmentation)
        decide(store, kept.id, "approved", by=local("Ada"))
    file = tmp_path / "approved.jsonl"
    assert document(core("export", "--path", file, "--json")) == {
        "path": str(file),
        "format": "jsonl",
        "samples": 1,
        "respaced": 0,
        "provenance": str(tmp_path / "approved-jsonl.provenance"),
    }
    scores = document(core("evaluate", "--format", "jsonl", "--path", file, "--json"))
    assert scores["samples"] == 1
