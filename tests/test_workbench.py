"""The steps of a sample's way: each is kept the moment it is done, and never asked for twice."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
import torch

from core import images
from core.demo import FOLDER
from core.domain import Maker, Prediction
from core.errors import BadInput
from core.models import Models
from core.settings import Settings
from core.store import Store
from core.student import files
from core.workbench import Workbench
from tests.loopback import Loopback

TWEET = "ana goes to paris !"


@pytest.fixture
def bench(tmp_path: Path, models: Models, student: Path, loopback: Loopback) -> Workbench:
    settings = Settings.read(
        workspace=tmp_path, student=str(student), teacher_url=loopback.url, teacher_model="m", teacher_prompts="local"
    )
    return Workbench(settings, models=models)


def test_each_task_has_its_student(bench: Workbench, student: Path, relation_student: Path) -> None:
    with_both = Workbench(bench.settings.model_copy(update={"relation_student": str(relation_student)}), bench.store)
    assert with_both.student("mner").task == "mner"
    assert with_both.student("mre").task == "mre"
    with pytest.raises(BadInput, match="the student relation_student finds relations, not entities"):
        with_both.student("mner", str(relation_student))
    with pytest.raises(BadInput, match="the student student finds entities, not relations"):
        with_both.student("mre", str(student))


def test_a_picture_is_found_again_by_its_sample(bench: Workbench) -> None:
    given = images.read(FOLDER / "cat.jpg")
    kept = bench.picture(bench.sample(TWEET, given))
    assert kept is not None
    assert kept.tobytes() == given.tobytes()
    assert bench.picture(bench.sample(TWEET, None)) is None


def test_a_caption_is_made_once(bench: Workbench, tmp_path: Path) -> None:
    picture = images.read(FOLDER / "cat.jpg")
    sample = bench.sample(TWEET, picture)
    first = bench.caption(sample, picture)
    again = bench.caption(sample, picture)
    assert (again.id, again.maker.created) == (first.id, first.maker.created)
    with Store(tmp_path) as other:
        assert other.captions(sample.id) == [first]


def test_a_thought_is_asked_for_once(bench: Workbench, loopback: Loopback) -> None:
    sample = bench.sample(TWEET, None)
    for _ in range(2):
        for dialogue in bench.dialogues(sample):
            bench.think(dialogue, dialogue.grains[0])
    assert len(loopback.requests) == 2


def test_what_was_asked_of_an_endpoint_that_refuses_a_temperature_is_not_asked_again_by_another_process(
    bench: Workbench, loopback: Loopback
) -> None:
    loopback.fault, loopback.refused = "refuse", "temperature"
    sample = bench.sample(TWEET, None)
    asked = []
    for _ in range(2):
        fresh = Workbench(bench.settings, models=Models())
        for dialogue in fresh.dialogues(sample):
            fresh.think(dialogue, dialogue.grains[0])
        fresh.augment("image", sample, fresh.entities(sample))
        asked.append(len(loopback.requests))
    assert asked[0] == asked[1] > 3


def test_a_variant_keeps_the_sample_it_was_made_of(bench: Workbench, loopback: Loopback) -> None:
    loopback.answer = lambda request: "OMG ana just went to paris !!!"
    sample = bench.sample(TWEET, None)
    made = bench.augment("style", sample, bench.entities(sample))
    assert made.parent_id == sample.id
    assert made.variant is not None
    assert [made.variant.mention(each) for each in made.variant.entities or ()] == ["ana", "paris"]
    asked = len(loopback.requests)
    assert bench.augment("style", sample, bench.entities(sample)) == made
    assert len(loopback.requests) == asked
    bench.augment("style", sample, bench.entities(sample)[:1])  # other labels make another variant
    assert len(loopback.requests) > asked


def test_the_mentions_of_a_variant_are_the_same_whatever_is_known_by_then(bench: Workbench) -> None:
    sample = bench.sample(TWEET, None)
    found = bench.entities(sample)
    thoughts = [bench.think(dialogue, dialogue.grains[0]) for dialogue in bench.dialogues(sample)]
    another = Maker(model="another student", created=datetime(2030, 1, 1, tzinfo=UTC))
    bench.predict_with(sample, None, thoughts)
    for view in ("with_knowledge", "without_knowledge"):
        bench.store.add(Prediction(sample_id=sample.id, view=view, entities=(), maker=another))
    assert bench.entities(sample) == found


def test_a_student_that_was_trained_anew_is_asked_anew(bench: Workbench, student: Path, tmp_path: Path) -> None:
    mine = tmp_path / "students" / "mine"
    shutil.copytree(student, mine)
    bench = Workbench(bench.settings.model_copy(update={"student": "mine"}), bench.store, bench.models)
    before = bench.predict(bench.sample(TWEET, None))
    trained, _ = files.load(mine)
    with torch.no_grad():
        next(trained.head.parameters()).zero_()
    files.save(trained, mine)
    after = bench.predict(bench.sample(TWEET, None))
    assert before.entities != after.entities
