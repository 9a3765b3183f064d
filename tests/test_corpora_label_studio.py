"""Label Studio's JSON: offsets in characters, regions, relations, and tasks that are none."""

import json
from pathlib import Path

import pytest

from core import corpora
from core.corpora import Row
from core.domain import Entity
from core.errors import BadInput
from tests.ada import ADA

label_studio = corpora.find("label_studio")


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
