"""Jobs on a whole corpus, with a teacher behind a real endpoint on this machine."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from app.resources import Jobs
from core.augmenting import Wish
from core.domain import Entity, Sample
from core.errors import BadInput, Forbidden
from core.identity import Person, local
from core.jobs import CorpusJob, Order, forecast, work_of
from core.settings import Settings
from core.store import Store
from core.workbench import Workbench
from tests.loopback import Loopback, serving

SAMPLES = tuple(
    Sample.from_tokens((name, "went", "to", "Oslo"), entities=(Entity(start=0, end=1, type="PER"),))
    for name in ("Ana", "Bo", "Cy", "Di", "Ed", "Flo", "Gus", "Hal")
)
THOUGHTS = Order("thoughts", "names", "train")
ANN = local("Ann")


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    with serving(lambda body: f"Something is known of it: {len(str(body)) % 97}.") as loopback:
        yield loopback


@pytest.fixture
def bench(tmp_path: Path, loopback: Loopback) -> Iterator[Workbench]:
    settings = Settings.read(workspace=tmp_path / "workspace", teacher_url=loopback.url, teacher_model="m")
    with Store(settings.workspace) as store:
        store.add_corpus("names", "train", SAMPLES)
        yield Workbench(settings, store)


def unseen(_done: int, _total: int) -> None:
    """Progress that nobody watches."""


def done(bench: Workbench, order: Order) -> CorpusJob:
    job = CorpusJob(bench, order)
    job.start(by=ANN)
    assert job.wait(60)
    return job


def test_a_job_thinks_about_a_corpus_and_a_second_one_asks_nothing(bench: Workbench, loopback: Loopback) -> None:
    assert forecast(bench, THOUGHTS, unseen, by=ANN)[0].calls == 16
    now = done(bench, THOUGHTS).standing()
    assert (now.planned, now.done, now.failed, now.stopped) == (16, 16, 0, None)
    assert bench.store.bulk.coverage("names", "train") == (8, {"noun": 8, "sentence": 8})
    asked = len(loopback.requests)
    again = done(bench, THOUGHTS).standing()
    assert (again.planned, again.kept_before, len(loopback.requests)) == (0, 16, asked)
    assert forecast(bench, THOUGHTS, unseen, by=ANN)[0].calls == 0


def test_a_job_that_is_stopped_goes_on_when_it_is_started_again(bench: Workbench, loopback: Loopback) -> None:
    loopback.pause = 0.1
    slow = Order("thoughts", "names", "train", concurrency=1)
    job = CorpusJob(bench, slow)
    job.start(by=ANN)
    while job.standing().done < 3:
        time.sleep(0.01)
    job.stop(by=ANN)
    assert job.wait(60)
    assert job.standing().stopped == "you stopped it"
    kept = job.standing().done
    assert 3 <= kept < 16
    loopback.pause = 0
    assert done(bench, slow).standing().planned == 16 - kept
    assert len(loopback.requests) == 16


@pytest.fixture
def pictured(bench: Workbench) -> list[Sample]:
    """Two samples with pictures, one of which is damaged, and one without."""
    names = [bench.store.save_image(Image.new("RGB", (size, 9), "navy")) for size in (20, 30)]
    samples = [Sample.from_text(f"look at {name}", image=name) for name in names]
    damaged = bench.store.image(names[1])
    assert damaged
    damaged.write_bytes(b"no picture")
    bench.store.add_corpus("pictured", "train", [*samples, Sample.from_text("just words")])
    return samples


def test_pictures_that_cannot_be_asked_about_are_counted(bench: Workbench, pictured: list[Sample]) -> None:
    order = Order("thoughts", "pictured", "train")
    assert (forecast(bench, order, unseen, by=ANN)[0].calls, forecast(bench, order, unseen, by=ANN)[1]) == (6, 2)
    assert done(bench, order).standing().uncaptioned == 2


def test_a_teacher_that_sees_is_shown_the_pictures(
    bench: Workbench, pictured: list[Sample], loopback: Loopback
) -> None:
    seeing = Workbench(bench.settings.model_copy(update={"teacher_sees": True}), bench.store)
    order = Order("thoughts", "pictured", "train")
    assert (forecast(seeing, order, unseen, by=ANN)[0].calls, forecast(seeing, order, unseen, by=ANN)[1]) == (8, 0)
    assert done(seeing, order).standing().uncaptioned == 0
    assert "data:image" in str(loopback.requests)
    assert bench.store.bulk.coverage("pictured", "train")[1]["multimodality"] == 1


def test_a_job_of_captions_counts_what_it_makes_and_groups_what_fails(
    bench: Workbench, pictured: list[Sample], loopback: Loopback
) -> None:
    names = {"captioner": "vision", "vision_url": loopback.url, "vision_model": "gpt-sees"}
    seeing = Workbench(bench.settings.model_copy(update=names), bench.store)
    order = Order("captions", "pictured", "train")
    now = done(seeing, order).standing()
    assert (now.planned, now.done, now.failed, now.kept_before) == (2, 2, 1, 0)
    assert now.failures == {"the picture is not a picture that can be read here": 1}
    again = done(seeing, order).standing()
    assert (again.planned, again.done, again.failed, again.kept_before) == (1, 1, 1, 1)


def test_a_job_makes_new_samples_and_its_limit_holds(bench: Workbench) -> None:
    wish = Wish(("image",), times=1)
    assert done(bench, Order("variants", "names", "train", limit=3, wish=wish)).standing().done == 3
    (outcome,) = bench.store.bulk.outcomes("names", "train", examples=5)
    assert (outcome.kind, outcome.dropped, outcome.number) == ("image", None, 3)
    assert {each.parent_id for each in outcome.examples} == {sample.id for sample in SAMPLES[:3]}


def test_no_name_of_a_corpus_other_splits_is_put_into_a_variant(bench: Workbench, loopback: Loopback) -> None:
    loopback.answer = lambda _: "Yes"
    bench.store.add_corpus("names", "test", SAMPLES[2:])  # all but Ana and Bo
    assert done(bench, Order("variants", "names", "train", wish=Wish(("entity",)))).standing().done == len(SAMPLES)
    (outcome,) = bench.store.bulk.outcomes("names", "train", examples=len(SAMPLES))
    assert {each.new for made in outcome.examples for each in made.replacements} == {"Ana", "Bo"}


def test_a_job_that_plans_says_how_far_it_has_looked_and_can_be_stopped(
    bench: Workbench, loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = CorpusJob(bench, Order("variants", "names", "train", wish=Wish(("image",))))
    seen = []

    def looking(sample: Sample) -> tuple[Entity, ...] | None:
        seen.append((job.standing().seen, job.standing().to_see))
        if sample == SAMPLES[4]:
            job.stop(by=ANN)
        return sample.entities

    monkeypatch.setattr(bench, "entities", looking)
    job.start(by=ANN)
    assert job.wait(60)
    assert seen == [(number, 8) for number in range(5)]
    assert (job.standing().stopped, job.standing().planned) == ("you stopped it", 0)
    assert loopback.requests == []


def test_a_forecast_says_how_far_it_has_looked_and_is_for_who_may_run_jobs(bench: Workbench) -> None:
    order, seen = Order("variants", "names", "train", wish=Wish(("image",))), []
    assert forecast(bench, order, lambda done, total: seen.append((done, total)), by=ANN)[0].calls == 8
    assert seen == [(number, 8) for number in range(9)]
    with pytest.raises(Forbidden, match="a viewer may not run jobs"):
        forecast(bench, order, unseen, by=Person("Eve", "viewer"))


def test_samples_are_labelled_and_planned_in_one_go(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.augmenting.AT_ONCE", 3)
    monkeypatch.setattr(bench, "entities", lambda sample: (Entity(start=0, end=1, type="PER"),))
    words = [Sample.from_text(f"{name} went to Oslo") for name in ("Ana", "Bo", "Cy", "Di", "Ed", "Flo", "Gus")]
    bench.store.add_corpus("words", "train", [*words, words[0]])
    seen: list[int] = []
    work = work_of(bench, Order("variants", "words", "train", wish=Wish(("image",))), lambda at, _: seen.append(at))
    assert seen == list(range(9))
    assert (work.kept, work.missing) == ([], 7)


def test_what_came_of_variants_is_counted_by_reason_with_the_newest_of_each(
    bench: Workbench, loopback: Loopback
) -> None:
    loopback.answer = lambda body: (
        "I'm sorry, but I can't help with that." if "Ana" in str(body) else f"A {len(str(body))}"
    )
    done(bench, Order("variants", "names", "train", wish=Wish(("image",), times=2), concurrency=1))
    kept, *dropped = bench.store.bulk.outcomes("names", "train", examples=3)
    assert kept.dropped is None
    assert [(each.dropped, each.number) for each in dropped if each.dropped == "refused"] == [("refused", 2)]
    assert sum(each.number for each in (kept, *dropped)) == 16
    assert len(kept.examples) == 3
    assert [each.maker.created for each in kept.examples] == sorted(
        (each.maker.created for each in kept.examples), reverse=True
    )
    assert bench.store.bulk.outcomes("names", "test", examples=3) == []


def test_what_an_endpoint_refuses_ends_the_job_with_its_reason(bench: Workbench, loopback: Loopback) -> None:
    loopback.fault, loopback.status = "status", 401
    now = done(bench, THOUGHTS).standing()
    assert now.stopped is not None
    assert "refused the key" in now.stopped
    assert now.failures == {"key refused": now.failed}


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (Order("thoughts", "nothing", "train"), "no corpus nothing/train"),
        (Order("captions", "names", "train"), "none of these samples has a picture"),
        (Order("thoughts", "names", "train", budget=1.0), "needs a price"),
    ],
)
def test_a_job_that_cannot_be_done_says_why(bench: Workbench, order: Order, words: str) -> None:
    job = done(bench, order)
    assert job.problem is not None
    assert words in job.problem


def test_a_job_that_breaks_in_an_unforeseen_way_says_so(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr("core.jobs.work_of", broken)
    assert "something unforeseen went wrong (MemoryError)" in (done(bench, THOUGHTS).problem or "")


def test_one_job_runs_at_a_time_whoever_starts_another(bench: Workbench, loopback: Loopback) -> None:
    loopback.pause = 0.1
    jobs, first = Jobs(), CorpusJob(bench, THOUGHTS)
    jobs.start(first, by=ANN)
    with pytest.raises(BadInput, match="a job is running, for thoughts of names/train"):
        jobs.start(CorpusJob(bench, Order("variants", "names", "train", wish=Wish(("image",)))), by=local("Bob"))
    assert jobs.last() is first
    assert not first.stopping
    first.stop(by=ANN)
    assert first.wait(60)
    jobs.start(second := CorpusJob(bench, Order("thoughts", "names", "train", limit=1)), by=ANN)
    assert jobs.last() is second
    assert second.wait(60)


@pytest.mark.parametrize("role", ["viewer", "reviewer"])
def test_only_a_curator_stops_a_job(bench: Workbench, role: str) -> None:
    job = CorpusJob(bench, THOUGHTS)
    with pytest.raises(Forbidden, match=f"a {role} may not run jobs"):
        job.stop(by=Person("Vi", role))  # type: ignore[arg-type]
    assert not job.stopping


@pytest.mark.parametrize("role", ["viewer", "reviewer"])
def test_only_a_curator_starts_a_job(bench: Workbench, loopback: Loopback, role: str) -> None:
    job = CorpusJob(bench, THOUGHTS)
    with pytest.raises(Forbidden, match=f"a {role} may not run jobs"):
        job.start(by=Person("Vi", role))  # type: ignore[arg-type]
    assert not job.running
    assert loopback.requests == []
