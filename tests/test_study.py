"""A case study: what waits for what, what a failure takes with it, and what is kept."""

import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core import captioners, images
from core.demo import FOLDER
from core.domain import GRAINS, Augmentation, Knowledge, Prediction
from core.errors import Forbidden, StoreError
from core.identity import Person, local
from core.models import Models
from core.settings import Settings
from core.store import connection
from core.study import STAGES, VARIANTS, Stage, StageName, Study, stages_of
from core.workbench import Workbench
from tests.loopback import Loopback

TWEET = "ana goes to paris !"
CAT = FOLDER / "cat.jpg"


@pytest.fixture
def bench(tmp_path: Path, models: Models, student: Path, loopback: Loopback) -> Workbench:
    return workbench(tmp_path, models, student, loopback)


def workbench(tmp_path: Path, models: Models, student: Path, loopback: Loopback, **changes: Any) -> Workbench:
    values = {
        "workspace": tmp_path / "workspace",
        "student": str(student),
        "teacher_url": loopback.url,
        "teacher_model": "gpt-test",
        "teacher_prompts": "local",
        **changes,
    }
    return Workbench(Settings.read(**values), models=models)


def study_of(bench: Workbench, text: str = TWEET, picture: Path | None = CAT) -> Study:
    shown = images.read(picture) if picture else None
    return Study(bench, bench.sample(text, shown), shown)


def run(study: Study, variants: Any = VARIANTS) -> dict[StageName, Stage]:
    study.start(by=local(), variants=variants)
    study.follow(lambda name, stage: None)
    return study.stages()


def until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline, "it did not happen within a minute"
        time.sleep(0.01)


def states(stages: dict[StageName, Stage]) -> dict[StageName, str]:
    return {name: stage.state for name, stage in stages.items()}


def questions(loopback: Loopback) -> list[str]:
    return [request["messages"][-1]["content"] for request in loopback.requests]


def test_a_tweet_with_a_picture_gets_everything(bench: Workbench, loopback: Loopback) -> None:
    stages = run(study_of(bench))
    assert tuple(stages) == STAGES
    assert set(states(stages).values()) == {"done"}
    without = stages["without_knowledge"].record
    assert isinstance(without, Prediction)
    assert [(each.start, each.end, each.type) for each in without.entities] == [(0, 1, "PER"), (3, 4, "LOC")]


def test_stages_begin_when_what_they_need_is_done(bench: Workbench) -> None:
    stages = run(study_of(bench))

    def begins_after(name: StageName, *needed: StageName) -> None:
        for each in needed:
            record = stages[each].record
            assert record is not None
            assert stages[name].begun >= stages[each].begun + record.maker.seconds

    begins_after("multimodality", "caption")
    begins_after("with_knowledge", "caption", *GRAINS)
    for variant in VARIANTS:
        begins_after(variant, "with_knowledge")


def test_predictions_on_the_text_alone_do_not_wait_for_a_stalled_teacher(bench: Workbench, loopback: Loopback) -> None:
    release = threading.Event()

    def answer(request: dict[str, Any]) -> str:
        release.wait(60)
        return "A person goes to a city."

    loopback.answer = answer
    study = study_of(bench)
    study.start(by=local())
    until(lambda: study.stages()["without_knowledge"].state == study.stages()["caption"].state == "done")
    until(lambda: study.stages()["noun"].state == "working")
    now = states(study.stages())
    assert study.running
    assert {now[name] for name in ("with_knowledge", *VARIANTS)} == {"waiting"}
    assert study.changes() == []
    release.set()
    study.follow(lambda name, stage: None)
    assert set(states(study.stages()).values()) == {"done"}
    assert not study.running


def test_the_words_of_a_thought_are_shown_as_they_come(bench: Workbench, loopback: Loopback) -> None:
    loopback.answer = lambda request: "A person goes to a city."
    loopback.pause = 0.02
    shown: dict[StageName, list[str]] = {name: [] for name in STAGES}
    study = study_of(bench)
    study.start(by=local())
    study.follow(lambda name, stage: shown[name].append(stage.text))
    for grain in GRAINS:
        assert shown[grain] == sorted(shown[grain], key=len)
        assert len(set(shown[grain])) > 2
        assert shown[grain][-1] == "A person goes to a city."


def test_the_multimodality_thought_is_asked_with_the_caption(bench: Workbench, loopback: Loopback) -> None:
    stages = run(study_of(bench), variants=())
    caption = stages["caption"].record
    assert caption is not None
    (asked,) = [each for each in questions(loopback) if "Image:" in each]
    assert caption.text in asked
    assert stages["multimodality"].record.maker.parameters["caption"] == caption.id


def test_without_a_picture_nothing_is_said_about_one(bench: Workbench, loopback: Loopback) -> None:
    stages = run(study_of(bench, picture=None), variants=())
    assert states(stages) == {
        "without_knowledge": "done",
        "caption": "skipped",
        "noun": "done",
        "sentence": "done",
        "multimodality": "skipped",
        "with_knowledge": "done",
    }
    assert "no picture" in stages["caption"].note
    assert "no picture" in stages["multimodality"].note
    assert len(loopback.requests) == 2


def test_variants_that_are_not_wanted_are_left_out(bench: Workbench) -> None:
    assert "entity" not in run(study_of(bench, picture=None), variants=("style",))


@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        ("status", 401, "refused the key"),
        ("status", 429, "overloaded"),
        ("status", 500, "failed (500)"),
        ("reset", 200, "hung up"),
        ("stall", 200, "said nothing for 0.2 seconds"),
        ("nonsense", 200, "not a chat completion"),
        ("page", 200, "not a chat completion"),
    ],
)
def test_a_failing_teacher_takes_only_its_own_stages_with_it(
    tmp_path: Path, models: Models, student: Path, loopback: Loopback, fault: Any, status: int, words: str
) -> None:
    loopback.fault, loopback.status = fault, status
    loopback.pause = 1.0 if fault == "stall" else 0.0
    stages = run(study_of(workbench(tmp_path, models, student, loopback, teacher_timeout=0.2)))
    for name in (*GRAINS, *VARIANTS):
        assert stages[name].state == "failed"
        assert words in stages[name].note
        assert "Traceback" not in stages[name].note
    caption, prediction = stages["caption"].record, stages["with_knowledge"].record
    assert stages["without_knowledge"].state == "done"
    assert caption is not None
    assert prediction is not None
    assert prediction.maker.parameters["caption"] == caption.id
    assert prediction.maker.parameters["knowledge"] == []


def test_knowledge_is_used_as_far_as_it_came(bench: Workbench, loopback: Loopback) -> None:
    def answer(request: dict[str, Any]) -> str:
        return TWEET if "special words" in request["messages"][-1]["content"] else "A person goes to a city."

    loopback.answer = answer
    stages = run(study_of(bench, picture=None), variants=())
    assert stages["noun"].state == "failed"
    assert "the question itself" in stages["noun"].note
    assert stages["with_knowledge"].record.maker.parameters["knowledge"] == [stages["sentence"].record.id]


def test_a_teacher_that_does_not_exist_fails_its_stages_alone(
    tmp_path: Path, models: Models, student: Path, loopback: Loopback
) -> None:
    bench = workbench(tmp_path, models, student, loopback, teacher="oracle")
    stages = run(study_of(bench, picture=None))
    assert {stages[name].note for name in ("noun", "sentence", *VARIANTS)} == {
        "no teacher is called 'oracle'; there are: embedded, endpoint"
    }
    assert stages["without_knowledge"].state == "done"
    assert stages["with_knowledge"].state == "skipped"


def test_a_study_that_is_stopped_ends_soon_and_keeps_what_was_made(bench: Workbench, loopback: Loopback) -> None:
    loopback.answer = lambda request: "word " * 5000
    loopback.pause = 0.02
    study = study_of(bench)
    study.start(by=local())
    until(lambda: study.stages()["caption"].state == study.stages()["without_knowledge"].state == "done")
    until(lambda: len(study.stages()["noun"].text) > 10)
    with pytest.raises(Forbidden, match="a viewer may not study tweets"):
        study.stop(by=Person("Vi", "viewer"))
    assert not study.stopping
    study.stop(by=local())
    study.follow(lambda name, stage: None)
    stages = study.stages()
    assert {stages[name].state for name in (*GRAINS, "with_knowledge", *VARIANTS)} == {"stopped"}
    assert loopback.hung_up.wait(30)
    case = bench.store.case(study.sample.id)
    assert case is not None
    assert (len(case.captions), len(case.knowledge), len(case.predictions)) == (1, 0, 1)


def test_a_second_study_asks_the_teacher_nothing(bench: Workbench, loopback: Loopback) -> None:
    first = run(study_of(bench))
    asked = len(loopback.requests)
    assert asked >= len(GRAINS) + len(VARIANTS)
    second = run(study_of(bench))
    assert len(loopback.requests) == asked
    assert {name: stage.record.id for name, stage in second.items()} == {
        name: stage.record.id for name, stage in first.items()
    }


def test_the_variants_of_a_study_are_those_that_the_batch_door_would_make(bench: Workbench, loopback: Loopback) -> None:
    study = study_of(bench)
    stages = run(study)
    asked = len(loopback.requests)
    for kind in VARIANTS:
        made = bench.augment(kind, study.sample, bench.entities(study.sample))
        assert made == stages[kind].record
    assert len(loopback.requests) == asked


def test_a_study_goes_on_where_a_failed_one_ended(bench: Workbench, loopback: Loopback) -> None:
    loopback.fault, loopback.status = "status", 500
    failed = run(study_of(bench))
    loopback.fault = None
    mended = run(study_of(bench))
    assert set(states(mended).values()) == {"done"}
    assert mended["caption"].record == failed["caption"].record


def test_a_stored_case_is_shown_as_its_study_was(bench: Workbench) -> None:
    study = study_of(bench)
    shown = run(study)
    case = bench.store.case(study.sample.id)
    assert case is not None
    stored = stages_of(case)
    assert {name: (stage.state, stage.record) for name, stage in stored.items()} == {
        name: (stage.state, stage.record) for name, stage in shown.items()
    }


def test_of_several_records_a_stored_case_shows_the_newest(
    tmp_path: Path, models: Models, student: Path, loopback: Loopback
) -> None:
    run(study_of(workbench(tmp_path, models, student, loopback)), variants=())
    again = workbench(tmp_path, models, student, loopback, teacher_model="gpt-newer")
    study = study_of(again)
    shown = run(study, variants=())
    case = again.store.case(study.sample.id)
    assert case is not None
    assert len(case.knowledge) == 6
    stored = stages_of(case)
    assert {grain: stored[grain].record for grain in GRAINS} == {grain: shown[grain].record for grain in GRAINS}
    assert stored["with_knowledge"].record == shown["with_knowledge"].record


def test_what_a_study_failed_at_stands_as_it_was_stored_before(
    tmp_path: Path, models: Models, student: Path, loopback: Loopback
) -> None:
    run(study_of(workbench(tmp_path, models, student, loopback)), variants=())
    loopback.fault, loopback.status = "status", 401
    study = study_of(workbench(tmp_path, models, student, loopback, teacher_model="gpt-newer"))
    shown = run(study, variants=())
    case = study._workbench.store.case(study.sample.id)
    assert case is not None
    assert shown["noun"].state == "failed"
    stage = stages_of(case, study)["noun"]
    assert (stage.state, stage.record) == ("done", stages_of(case)["noun"].record)
    assert stage.note.startswith("of before; the last study failed here: ")


def test_a_stored_case_shows_what_was_shown_last_though_it_was_made_before(
    tmp_path: Path, models: Models, student: Path, loopback: Loopback
) -> None:
    first = workbench(tmp_path, models, student, loopback)
    run(study_of(first), variants=())
    run(study_of(workbench(tmp_path, models, student, loopback, teacher_model="gpt-newer")), variants=())
    study = study_of(first)
    shown = run(study, variants=())
    case = first.store.case(study.sample.id)
    assert case is not None
    assert {name: stage.record.id for name, stage in stages_of(case).items()} == {
        name: stage.record.id for name, stage in shown.items()
    }


def test_hosted_models_think_in_one_dialogue(tmp_path: Path, models: Models, student: Path, loopback: Loopback) -> None:
    bench = workbench(tmp_path, models, student, loopback, teacher_prompts="paper")
    stages = run(study_of(bench), variants=())
    assert [len(request["messages"]) for request in loopback.requests] == [1, 3, 5]
    said = [message["content"] for message in loopback.requests[2]["messages"] if message["role"] == "assistant"]
    assert said == [stages[grain].record.text for grain in ("noun", "sentence")]


def test_a_recalled_thought_is_part_of_the_dialogue_that_goes_on(
    tmp_path: Path, models: Models, student: Path, loopback: Loopback
) -> None:
    bench = workbench(tmp_path, models, student, loopback, teacher_prompts="paper")
    (dialogue,) = bench.dialogues(study_of(bench, picture=None).sample)
    noun = bench.think(dialogue, "noun")
    run(study_of(bench, picture=None), variants=())
    assert len(loopback.requests) == 2
    assert {"role": "assistant", "content": noun.text} in loopback.requests[1]["messages"]


def test_a_pair_gets_its_relation_in_both_views_and_new_samples_of_it(
    tmp_path: Path, models: Models, student: Path, relation_student: Path, loopback: Loopback
) -> None:
    bench = workbench(tmp_path, models, student, loopback, relation_student=str(relation_student))
    loopback.answer = lambda request: "ana works at acme , says bob"
    sample = bench.sample("ana says the acme !", None).of_pair("ana", "acme")
    study = Study(bench, sample, None)
    stages = run(study, variants=("style",))
    for view in ("without_knowledge", "with_knowledge"):
        record = stages[view].record
        assert isinstance(record, Prediction)
        assert record.maker.model == "relation_student"
        assert record.relations[0].label == "/per/org/member_of"
    assert study.changes() == []
    rewrite = stages["style"].record
    assert isinstance(rewrite, Augmentation)
    assert rewrite.variant is not None
    assert rewrite.variant.relation is not None
    assert rewrite.variant.mention(rewrite.variant.relation.tail) == "acme"


def test_a_pair_whose_student_is_missing_is_explained_all_the_same(bench: Workbench) -> None:
    sample = bench.sample(TWEET, None).of_pair("ana", "paris")
    bench = Workbench(bench.settings.model_copy(update={"relation_student": "nobody"}), bench.store, bench.models)
    stages = run(Study(bench, sample, None), variants=())
    assert {stages[grain].state for grain in ("noun", "sentence")} == {"done"}
    for view in ("without_knowledge", "with_knowledge"):
        assert stages[view].state == "failed"
        assert "no student is called 'nobody'" in stages[view].note


def test_knowledge_that_changes_an_answer_is_compared(bench: Workbench, loopback: Loopback) -> None:
    study = study_of(bench)
    stages = run(study, variants=())
    before, after = stages["without_knowledge"].record, stages["with_knowledge"].record
    assert isinstance(before, Prediction)
    assert isinstance(after, Prediction)
    assert (study.changes() == []) == (before.bare() == after.bare())


@pytest.fixture
def _broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A captioner of one's own with a fault in it, put into the folder."""
    folder = tmp_path / "captioners"
    folder.mkdir()
    (folder / "broken.py").write_text(
        "class Broken:\n"
        "    model, parameters, batch = 'broken', {}, 1\n"
        "    def describe_all(self, images):\n"
        "        return 1 / 0\n"
        "def unusable(settings): return None\n"
        "def load(settings): return Broken()\n"
    )
    monkeypatch.setattr(captioners, "__path__", [*captioners.__path__, str(folder)])
    yield
    sys.modules.pop("core.captioners.broken", None)
    vars(captioners).pop("broken", None)


@pytest.mark.usefixtures("_broken")
def test_an_unforeseen_fault_is_said_in_short_and_logged_whole(
    tmp_path: Path, models: Models, student: Path, loopback: Loopback, caplog: pytest.LogCaptureFixture
) -> None:
    bench = workbench(tmp_path, models, student, loopback, captioner="broken")
    stages = run(study_of(bench), variants=())
    assert stages["caption"].state == "failed"
    assert stages["caption"].note == "something unforeseen went wrong (ZeroDivisionError); the server's log says more"
    assert "return 1 / 0" in caplog.text
    assert stages["multimodality"].state == "skipped"
    assert "no caption" in stages["multimodality"].note
    assert stages["with_knowledge"].state == "done"


def test_a_locked_workspace_is_said_in_words_and_mended_by_another_study(
    bench: Workbench, loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "BUSY_SECONDS", 0.1)
    release = threading.Event()

    def answer(request: dict[str, Any]) -> str:
        release.wait(60)
        return "A person goes to a city."

    loopback.answer = answer
    study = study_of(bench)
    study.start(by=local(), variants=())
    until(lambda: study.stages()["without_knowledge"].state == study.stages()["caption"].state == "done")
    other = sqlite3.connect(bench.settings.workspace / "workspace.db")
    other.execute("BEGIN IMMEDIATE")
    release.set()
    study.follow(lambda name, stage: None)
    for grain in GRAINS:
        assert study.stages()[grain].state == "failed"
        assert "has been locked" in study.stages()[grain].note
    other.rollback()
    other.close()
    assert set(states(run(study_of(bench), variants=())).values()) == {"done"}


def test_a_study_that_cannot_be_noted_does_not_begin(
    bench: Workbench, loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "BUSY_SECONDS", 0.1)
    bench.store.close()
    other = sqlite3.connect(bench.settings.workspace / "workspace.db")
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="has been locked"):
        run(study_of(bench, picture=None))
    other.rollback()
    other.close()
    assert loopback.requests == []


@pytest.mark.parametrize("text", ["🚀🚀🚀", "مرحبا بكم في دبي", "<b>ana</b> & **bob** $x$", "a" * 1000])
def test_unusual_tweets_are_studied_like_any_other(bench: Workbench, text: str) -> None:
    stages = run(study_of(bench, text, picture=None), variants=())
    assert stages["with_knowledge"].state == "done"
    assert isinstance(stages["noun"].record, Knowledge)
