"""Variants of a whole corpus, by a teacher behind a real endpoint on this machine."""

import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from string import ascii_uppercase
from typing import Any

import pytest

from core import corpora
from core.asking import Engine, Job, Limits, Tally
from core.augmentation import EntityPool, files
from core.augmentation.naming import TYPES, NameList
from core.augmentation.report import report
from core.augmenting import Augmenting, Wish, read_quotas, variants_of
from core.corpora import Row
from core.domain import Augmentation, Choice, Entity, Sample
from core.errors import BadInput
from core.identity import local
from core.review import decide, edit, undo
from core.store import Store
from core.store.queue import Rules
from core.teachers._chat import ChatTeacher
from core.training.config import Split, Variants
from core.training.data import read_examples
from core.training.variants import variant_rows
from tests.loopback import Fault, Loopback, serving

ROOT = Path(__file__).parent.parent
KINDS = ("style", "entity", "image")
NAMES = ("Ana", "Bo", "Cy", "Di", "Ed", "Flo")
SAMPLES = tuple(
    Sample.from_tokens(
        (name, "went", "to", "Oslo", "today"),
        entities=(Entity(start=0, end=1, type="PER"), Entity(start=3, end=4, type="LOC")),
    )
    for name in NAMES
)
POOL = EntityPool("a test", {"PER": ("Zubin Mehta", "Adele", "Zaha Hadid"), "LOC": ("Tel Aviv", "Rome")})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "workspace") as store:
        store.add_corpus("names", "train", SAMPLES)
        yield store


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    with serving(obliging) as loopback:
        yield loopback


def kind_of(body: dict[str, Any]) -> str:
    """Which of the paper's prompts is asked."""
    question = body["messages"][-1]["content"]
    return next(
        kind for kind, words in (("style", "Transform"), ("entity", "Whether"), ("image", "image")) if words in question
    )


def obliging(body: dict[str, Any]) -> str:
    """A usable answer to any question; what is drawn differs by its seed."""
    tweet = body["messages"][-1]["content"].splitlines()[-1]
    match kind_of(body):
        case "style":
            return f"OMG! {tweet}, lucky one! {'#' * bool(body.get('seed'))}{'x' * (body.get('seed', 0) % 10)}"
        case "entity":
            return "Yes"
        case _:
            return f"A photo of a station, number {body.get('seed', 0)}."


def teacher_at(loopback: Loopback) -> ChatTeacher:
    return ChatTeacher(model="m", served_as="m", base_url=loopback.url, key="no key", prompts="paper", timeout=5)


def planned(loopback: Loopback, store: Store, **wish: Any) -> Augmenting:
    labelled = [(sample, sample.entities) for sample in SAMPLES]
    return Augmenting(store, teacher_at(loopback), labelled, Wish(**{"kinds": KINDS, **wish}), POOL)


def run(
    loopback: Loopback, store: Store, *, stop_after: int | None = None, **wish: Any
) -> tuple[Tally, list[Augmentation]]:
    """Make the variants, or stop in the middle; gives what became of it, and all variants that are kept then."""
    work = planned(loopback, store, **wish)
    job = Job(Engine(teacher_at(loopback), store, Limits(4), None, planned=work.missing), work.conversations())
    job.start()
    if stop_after is not None:
        while not job.wait(0.005) and len(loopback.requests) < stop_after:
            pass
        job.stop()
    tally = job.result()
    kept = planned(loopback, store, **wish).kept
    return tally, store.bulk.records(Augmentation, kept)


def test_all_kinds_are_made_of_all_samples_and_a_second_run_asks_nothing(loopback: Loopback, store: Store) -> None:
    tally, made = run(loopback, store, times=2)
    assert (tally.answered + tally.found, tally.failures) == (36, [])  # two tweets with one name in them are one ask
    assert Counter(each.kind for each in made) == {"style": 12, "entity": 12, "image": 12}
    assert {each.parent_id for each in made} == {sample.id for sample in SAMPLES}
    loopback.requests.clear()
    again = run(loopback, store, times=2)
    assert loopback.requests == []
    assert again[1] == made


def test_a_draw_that_failed_is_told_beside_its_siblings_that_came(loopback: Loopback, store: Store) -> None:
    def second_draws(body: dict[str, Any]) -> Fault | None:
        return "status" if body.get("seed") else None

    loopback.fault, loopback.status = second_draws, 400
    tally, made = run(loopback, store, kinds=("image",), times=2)
    assert len(made) == len(tally.failures) == 6
    assert [each.failure for each in store.attempts.failures("names", "train")] == ["request refused"] * 6
    loopback.fault = None
    run(loopback, store, kinds=("image",), times=2)
    assert store.attempts.failures("names", "train") == []


def test_another_seed_draws_other_names_and_asks_for_no_first_rewrite_again(loopback: Loopback, store: Store) -> None:
    _, first = run(loopback, store)
    loopback.requests.clear()
    _, second = run(loopback, store, seed=1)
    assert {kind_of(body) for body in loopback.requests} <= {"entity"}
    names = [[each.replacements for each in made if each.kind == "entity"] for made in (first, second)]
    assert names[0] != names[1]


def test_a_run_that_is_stopped_loses_and_doubles_nothing(loopback: Loopback, store: Store) -> None:
    loopback.pause = 0.01
    chance = random.Random(5)  # noqa: S311 - where to stop
    for _ in range(3):
        run(loopback, store, times=2, stop_after=len(loopback.requests) + chance.randrange(1, 8))
    _, made = run(loopback, store, times=2)
    assert len(made) == len({each.id for each in made}) == 36
    asked = Counter(str(body["messages"]) + str(body.get("seed")) for body in loopback.requests)
    most = 3 * Limits(4).conversations  # what was on its way, or its answer being kept, at each stop
    assert asked.total() - len(asked) <= most


def command(loopback: Loopback, workspace: Path, out: Path, *options: str) -> "subprocess.Popen[str]":
    """The batch command, in a process of its own."""
    settings = {"WORKSPACE": str(workspace), "TEACHER_URL": loopback.url, "TEACHER_MODEL": "m"}
    settings["TEACHER_PROMPTS"] = "paper"
    asked = ["augment", "--corpus", "names", "--split", "train", "--json", "--out", str(out), *options]
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "core", *asked],
        cwd=ROOT,
        env={**os.environ, **{f"COTPD_{name}": value for name, value in settings.items()}},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(running: "subprocess.Popen[str]") -> dict[str, Any]:
    """What a command says that ends well."""
    stdout, stderr = running.communicate(timeout=240)
    assert running.returncode == 0, stderr
    found: dict[str, Any] = json.loads(stdout)
    return found


def said(out: Path) -> list[dict[str, Any]]:
    """The variants in a file, without when they came and what they took."""
    variants = [each.augmentation.model_dump(mode="json") for each in files.read(out)]
    for each in variants:
        each["maker"] = {"parameters": each["maker"]["parameters"], "prompt": each["maker"]["prompt_version"]}
    return variants


@pytest.mark.timeout(900)
def test_a_process_that_is_killed_loses_and_doubles_nothing(loopback: Loopback, store: Store, tmp_path: Path) -> None:
    options = ("--times", "2", "--concurrency", "4")
    unbroken = tmp_path / "unbroken"
    with Store(unbroken) as other:
        other.add_corpus("names", "train", SAMPLES)
    finished(command(loopback, unbroken, tmp_path / "unbroken.jsonl", *options))
    loopback.requests.clear()
    loopback.pause = 0.1
    for number in (1, 2):
        running = command(loopback, tmp_path / "workspace", tmp_path / "killed.jsonl", *options)
        deadline = time.monotonic() + 120
        while len(loopback.requests) < 9 * number:
            assert running.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.005)
        running.send_signal(signal.SIGKILL)
        running.communicate()
        time.sleep(2 * loopback.pause)
    finished(command(loopback, tmp_path / "workspace", tmp_path / "killed.jsonl", *options))
    assert said(tmp_path / "killed.jsonl") == said(tmp_path / "unbroken.jsonl")
    asked = Counter(str(body["messages"]) + str(body.get("seed")) for body in loopback.requests)
    most = 2 * Limits(4).conversations  # what was on its way, or its answer being kept, at each kill
    assert asked.total() - len(asked) <= most
    with sqlite3.connect(tmp_path / "workspace/workspace.db") as db:
        assert db.execute("SELECT count(*) FROM augmentations").fetchone() == (36,)
        answers = "SELECT count(*), count(DISTINCT key) FROM attempts WHERE failure IS NULL"
        assert db.execute(answers).fetchone() == (len(asked), len(asked))
    loopback.requests.clear()
    finished(command(loopback, tmp_path / "workspace", tmp_path / "again.jsonl", *options))
    assert loopback.requests == []
    assert (tmp_path / "again.jsonl").read_bytes() == (tmp_path / "killed.jsonl").read_bytes()


def test_samples_are_drawn_as_a_training_draws_them(loopback: Loopback, store: Store, tmp_path: Path) -> None:
    tags = dict(enumerate(("B-PER", "O", "O", "B-LOC", "O")))
    blocks = ("".join(f"{word}\t{tags[at]}\n" for at, word in enumerate(each.tokens)) + "\n" for each in SAMPLES)
    (tmp_path / "train.txt").write_text("".join(f"IMGID:1\n{block}" for block in blocks))
    rows = corpora.find("twitter").read(tmp_path / "train.txt")
    store.add_corpus("names", "train", [row.sample for row in rows], replace=True)
    draws = [
        {each.sample.id for each in read_examples(Split(path=Path("train.txt"), limit=2, draw=draw), tmp_path, "mner")}
        for draw in (1, 3)
    ]
    options = ("--kind", "image", "--limit", "2", "--draw", "1", "--draw", "3")
    finished(command(loopback, tmp_path / "workspace", tmp_path / "drawn.jsonl", *options))
    parents = {each.augmentation.parent_id for each in files.read(tmp_path / "drawn.jsonl")}
    assert draws[0] != draws[1]
    assert parents == draws[0] | draws[1]


def test_a_variant_that_says_the_same_as_an_earlier_one_is_dropped(loopback: Loopback, store: Store) -> None:
    loopback.answer = lambda body: "Yes" if kind_of(body) == "entity" else "A photo of Ana's station, again and again."
    _, made = run(loopback, store, kinds=("image",), times=3)
    assert Counter(each.dropped for each in made) == {None: 6, "duplicate": 12}
    assert all(each.variant is None for each in made if each.dropped)


def test_a_variant_that_failed_first_and_says_the_same_as_a_later_one_is_dropped(
    loopback: Loopback, store: Store
) -> None:
    loopback.answer = lambda _: "A photo of Ana's station, again and again."
    loopback.fault = lambda body: None if "seed" in body else "filter"
    _, (first, *_) = run(loopback, store, kinds=("image",), times=2)
    assert (first.maker.parameters["nth"], first.dropped) == (1, None)
    loopback.fault = None
    _, made = run(loopback, store, kinds=("image",), times=2)
    assert Counter((each.maker.parameters["nth"], each.dropped) for each in made) == {(0, "duplicate"): 6, (1, None): 6}


def test_what_came_is_seen_without_planning_anew_even_where_the_endpoint_refuses_a_temperature(
    loopback: Loopback, store: Store
) -> None:
    loopback.fault, loopback.refused = "refuse", "temperature"
    teacher = teacher_at(loopback)
    labelled = [(sample, sample.entities) for sample in SAMPLES]
    work = Augmenting(store, teacher, labelled, Wish(KINDS), POOL)
    assert work.kept == []
    job = Job(Engine(teacher, store, Limits(4), None, planned=work.missing), work.conversations())
    job.start()
    job.result()
    assert teacher.parameters["temperature"] is None
    work.refresh()
    assert (len(work.kept), work.missing) == (18, 0)
    for known in (teacher, teacher_at(loopback)):  # one that knows it by now, and one that has yet to learn it
        again = Augmenting(store, known, labelled, Wish(KINDS), POOL)
        assert (again.kept, again.missing) == (work.kept, 0)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("I'm sorry, but I can't help with that.", "refused"),
        ("Transform the sentence in Twitter style without changing the meaning.", "echo"),
        ("Sie ist heute mit der Bahn nach Norwegen gefahren und freut sich sehr", "other language"),
        ("What a day that was", "span lost"),
    ],
)
def test_what_is_no_variant_is_kept_with_its_reason_and_never_written(
    loopback: Loopback, store: Store, tmp_path: Path, answer: str, reason: str
) -> None:
    loopback.answer = lambda _: answer
    tally, made = run(loopback, store, kinds=("style",))
    assert {each.dropped for each in made} == {reason}
    assert tally.answered == len(made) == len(SAMPLES)
    assert variants_of(store, [each.id for each in made], tmp_path / "variants.jsonl") == 0


def test_an_answer_that_did_not_come_is_a_failure_and_the_other_kinds_go_on(loopback: Loopback, store: Store) -> None:
    def fault(body: dict[str, Any]) -> Fault | None:
        return "filter" if kind_of(body) == "style" else None

    loopback.fault = fault
    tally, made = run(loopback, store)
    assert Counter(failure.reason for failure in tally.failures) == {"filtered": 6}
    assert Counter(each.kind for each in made) == {"entity": 6, "image": 6}


def test_a_quota_leaves_the_mentions_of_a_type_alone_when_it_is_used_up(loopback: Loopback, store: Store) -> None:
    _, made = run(loopback, store, kinds=("entity",), times=2, quotas={"PER": 2})
    types = Counter(each.replacements[0].type for each in made if each.replacements)
    assert types["PER"] == 2
    assert types["LOC"] > 6
    assert report(made)["entity"].types == types


def test_a_quota_of_a_type_that_no_mention_has_is_refused(loopback: Loopback, store: Store) -> None:
    with pytest.raises(BadInput, match="'PERSON': no mention of these samples has that type; they have: LOC, PER"):
        run(loopback, store, kinds=("entity",), quotas={"PERSON": 2})
    assert not loopback.requests


@pytest.mark.parametrize("written", ["PER", "=2", "PER=", "PER=-1", "PER=²", "PER=1.5"])
def test_what_is_no_quota_is_refused(written: str) -> None:
    assert read_quotas(["PER=200", "LOC=0"]) == {"PER": 200, "LOC": 0}
    with pytest.raises(BadInput, match=re.escape(repr(written))):
        read_quotas(["LOC=1", written])


def test_the_report_counts_what_was_kept_and_why_the_rest_was_dropped(loopback: Loopback, store: Store) -> None:
    def answer(body: dict[str, Any]) -> str:
        return "No" if "Ana" in body["messages"][-1]["content"] else obliging(body)

    loopback.answer = answer
    _, made = run(loopback, store, kinds=("entity", "image"))
    counts = report(made)
    entities = counts["entity"]
    assert (entities.made, entities.kept + sum(entities.dropped.values())) == (6, 6)
    assert counts["image"].kept == 6


def test_variants_are_written_with_the_decisions_about_them(loopback: Loopback, store: Store, tmp_path: Path) -> None:
    _, made = run(loopback, store, kinds=("style",))
    decide(store, made[0].id, "approved", by=local("Ann"))
    assert variants_of(store, [each.id for each in made], tmp_path / "variants.jsonl") == 6
    read = files.read(tmp_path / "variants.jsonl")
    assert [each.augmentation for each in read] == made
    assert [each.approved for each in read] == [True] + [False] * 5
    assert all(each.usable for each in read)


def decided(store: Store, ids: list[str], path: Path) -> list[Choice | None]:
    """What the written variants of these ids say was decided about them."""
    variants_of(store, ids, path)
    return [each.choice for each in files.read(path)]


def test_a_variant_is_approved_by_as_many_as_the_rules_ask_for(
    loopback: Loopback, store: Store, tmp_path: Path
) -> None:
    _, (made, *_) = run(loopback, store, kinds=("style",))
    store.queue.set_rules(Rules(votes=2), reviewer="Ann")
    seen = []
    for name in ("Ann", "Bob"):
        decide(store, made.id, "approved", by=local(name))
        seen += decided(store, [made.id], tmp_path / "variants.jsonl")
    assert seen == [None, "approved"]


def test_a_decision_that_was_taken_back_is_written_no_more(loopback: Loopback, store: Store, tmp_path: Path) -> None:
    _, (made, *_) = run(loopback, store, kinds=("style",))
    seen = []
    decide(store, made.id, "approved", by=local("Ann"))
    decide(store, made.id, "rejected", by=local("Bob"))
    seen += decided(store, [made.id], tmp_path / "variants.jsonl")
    undo(store, by=local("Bob"))
    seen += decided(store, [made.id], tmp_path / "variants.jsonl")
    assert seen == ["rejected", "approved"]


def test_an_edit_is_trained_on_in_place_of_what_it_corrects(loopback: Loopback, store: Store, tmp_path: Path) -> None:
    _, made = run(loopback, store, kinds=("style",), times=2)
    first = next(each for each in made if each.parent_id == SAMPLES[0].id and each.maker.parameters["nth"] == 1)
    assert first.variant is not None
    once = edit(store, first, reworded(first.variant, "Ana"), by=local("Ann"))
    assert once.variant is not None
    edit(store, once, reworded(once.variant, "Ana herself"), by=local("Bob"))  # an edit of the edit
    other = next(each for each in made if each.parent_id == SAMPLES[1].id)
    assert other.variant is not None
    edit(store, other, reworded(other.variant, "Bo"), by=local("Ann"))
    undo(store, by=local("Ann"))  # as if it had never been
    flagged = next(each for each in made if each.parent_id == SAMPLES[2].id)
    decide(store, flagged.id, "flagged", by=local("Ann"))
    variants_of(store, [each.id for each in made], tmp_path / "variants.jsonl")

    def trained(which: str) -> list[list[str]]:
        variants = Variants.model_validate({"path": "variants.jsonl", "which": which, "times": 9})
        rows = variant_rows(variants, tmp_path, {sample.id: Row(sample=sample) for sample in SAMPLES[:3]})
        return [[row.sample.text for row in rows if name in row.sample.text] for name in NAMES[:3]]

    assert trained("approved") == [["Ana herself !"], [], []]
    ana, bo, cy = trained("all")
    assert (len(ana), ana[1]) == (2, "Ana herself !")  # in the turn of its draw
    assert (len(bo), len(cy)) == (2, 1)


def reworded(sample: Sample, words: str) -> Sample:
    """Another wording, all of it a person's name but for the mark at its end."""
    tokens = (*words.split(), "!")
    return Sample.from_tokens(tokens, entities=(Entity(start=0, end=len(tokens) - 1, type="PER"),))


def test_a_teachers_list_of_names_is_asked_for_once(loopback: Loopback, store: Store) -> None:
    def answer(body: dict[str, Any]) -> str:
        question = body["messages"][-1]["content"]
        letter = question.split("letter ")[1][0]
        kind = next(kind for kind, words in TYPES.items() if words in question)
        return f"{letter}ana\n{letter}ilbert {kind.title()}"  # the first is a name of all types, so of none

    loopback.answer = answer
    pools, open_ = [], []
    for _ in range(2):
        names = NameList(teacher_at(loopback))
        open_.append(names.open(store))
        job = Job(Engine(teacher_at(loopback), store, Limits(8), None, planned=names.missing), names.conversations())
        job.start()
        job.result()
        pools.append(names.pool(taken={"Ailbert Loc"}))
    assert len(loopback.requests) == 104
    assert open_ == [104, 0]
    assert pools[0] == pools[1]
    assert pools[0].mentions == {
        kind: tuple(f"{letter}ilbert {kind.title()}" for letter in ascii_uppercase if (kind, letter) != ("LOC", "A"))
        for kind in TYPES
    }
