"""The queue: every filter, every order, a walk from card to card, and the student's opinions."""

import shutil
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from core import review
from core.domain import Augmentation, Caption, Knowledge, Maker, Relation, Sample, Span
from core.errors import BadInput
from core.identity import local
from core.models import Models
from core.prediction import Predictor
from core.review import opinions
from core.review.walk import Walk
from core.settings import Settings
from core.store import Store
from core.store.filters import ORDERS, Filter, Order
from core.store.queue import Item, Queue
from core.student import files
from core.students import student_mark
from core.workbench import Workbench
from tests.variants import FIRST, fill, variant

ALL = Filter(states=())


def found(store: Store, wanted: Filter, order: Order = "oldest", **more: object) -> list[str]:
    return [place.augmentation_id for place in store.queue.places(wanted, order, limit=1000, **more)]


def items(store: Store) -> list[Item]:
    return store.queue.page(store.queue.places(ALL, limit=1000))


@pytest.mark.parametrize("kind", ["style", "entity", "image"])
def test_variants_are_found_by_kind(store: Store, kind: str) -> None:
    ids = fill(store, 9)
    expected = [made for number, made in enumerate(ids) if variant(number)[1].kind == kind]
    assert found(store, Filter(kinds=(kind,))) == expected


def test_variants_are_found_by_model_score_words_and_state(store: Store) -> None:
    ids = fill(store, 30)
    kept = {each.augmentation.id: each for each in items(store)}
    review.decide_all(store, ids[:10], "rejected", by=local("Ada"))
    assert found(store, Filter(models=("gpt-4",))) == ids[10::2]
    assert found(store, Filter(states=("rejected",))) == ids[:10]
    assert found(store, Filter(states=("rejected", "pending"))) == ids
    scores = {one: item.augmentation.verdict.margin for one, item in kept.items() if item.augmentation.verdict}
    high = [one for one in ids if scores.get(one, -9) >= 1.0]
    assert found(store, Filter(states=(), score=(1.0, None))) == high
    low = [one for one in ids if one in scores and scores[one] <= 1.0]
    assert found(store, Filter(states=(), score=(None, 1.0))) == low
    assert found(store, Filter(text="WITH 17 friends", states=())) == [ids[17]]
    assert found(store, Filter(text="😍", states=())) == ids[::3]


@pytest.mark.parametrize("text", ["100%", "a_b", "back\\slash", "'; DROP TABLE queue; --"])
def test_signs_that_mean_something_to_a_database_are_words_like_any_other(store: Store, text: str) -> None:
    fill(store, 3)
    parent = Sample.from_text("plain 100x aXb")
    made = Augmentation(
        parent_id=parent.id,
        kind="style",
        answer="",
        variant=Sample.from_text(f"so {text} it is"),
        maker=Maker(model="pen", created=FIRST),
    )
    store.add(parent, made)
    assert found(store, Filter(text=text)) == [made.id]
    assert store.queue.count(Filter(text=text)) == 1


def test_variants_are_found_by_entity_type_and_relation(store: Store) -> None:
    fill(store, 2)
    words = ("Ada", "works", "at", "Acme")
    relation = Relation(head=Span(start=0, end=1), tail=Span(start=3, end=4), label="/per/org/member_of")
    parent = Sample.from_tokens(words, task="mre", relation=relation)
    made = Augmentation(
        parent_id=parent.id,
        kind="image",
        answer="",
        caption="an office",
        variant=parent,
        maker=Maker(model="pen", created=FIRST),
    )
    store.add(parent, made)
    assert found(store, Filter(labels=("/per/org/member_of",))) == [made.id]
    assert made.id not in found(store, Filter(types=("PER",)))
    assert len(found(store, Filter(types=("PER", "LOC")))) == 2
    assert store.queue.known("label") == ["/per/org/member_of"]
    assert store.queue.known("type") == ["LOC", "PER"]


def test_what_the_teacher_dropped_is_found_only_where_it_is_asked_for(store: Store) -> None:
    (one,) = fill(store, 1)
    parent, made = variant(1)
    implausible = made.model_copy(update={"dropped": "implausible"})
    store.add(parent, implausible)
    assert found(store, Filter()) == [one]
    assert found(store, Filter(dropped=True)) == [one, implausible.id]
    assert store.queue.tally()["pending"] == 1


def test_a_variant_that_comes_twice_waits_once(store: Store) -> None:
    ids = fill(store, 3)
    assert fill(store, 3) == ids
    assert found(store, Filter()) == ids
    assert store.queue.tally()["pending"] == 3


@pytest.mark.parametrize("order", ORDERS)
def test_pages_of_an_order_are_the_whole_of_it_without_gaps_or_repeats(store: Store, order: Order) -> None:
    fill(store, 40)
    for item in items(store)[::3]:
        store.queue.keep_opinion(item, "s", [], uncertainty=item.number % 5 / 5, changes=item.number % 3)
    review.decide_all(store, found(store, ALL)[5:9], "approved", by=local("Ada"))
    review.decide_all(store, found(store, ALL)[7:20], "rejected", by=local("Bo"))
    whole = store.queue.places(ALL, order, seed=4, limit=1000)
    pages = []
    after = None
    while page := store.queue.places(ALL, order, seed=4, after=after, limit=7):
        pages += page
        after = page[-1]
    assert pages == whole
    assert len({place.augmentation_id for place in whole}) == 40
    assert all((a.key, -a.number) > (b.key, -b.number) for a, b in pairwise(whole))


def test_a_random_order_is_its_seeds_and_no_other(store: Store) -> None:
    fill(store, 50)
    first = found(store, ALL, "random", seed=1)
    assert first == found(store, ALL, "random", seed=1)
    assert first != found(store, ALL, "random", seed=2)
    assert first != found(store, ALL)
    assert sorted(first) == sorted(found(store, ALL))


def test_the_least_sure_and_the_disputed_come_first(store: Store) -> None:
    ids = fill(store, 5)
    for item, doubt in zip(items(store), (0.1, 0.9, 0.5), strict=False):
        store.queue.keep_opinion(item, "s", [], uncertainty=doubt, changes=None)
    assert found(store, ALL, "uncertainty") == [ids[1], ids[2], ids[0], ids[3], ids[4]]
    review.decide(store, ids[3], "approved", by=local("Ada"))
    review.decide(store, ids[3], "rejected", by=local("Bo"))
    assert found(store, ALL, "reviewers disagree")[0] == ids[3]
    assert found(store, Filter(states=(), disputed=True)) == [ids[3]]


def walk(queue: Queue, **changes: object) -> Walk:
    return Walk(queue, Filter(), reviewer="Ada", **changes)


def at(way: Walk) -> str | None:
    return way.item.augmentation.id if way.item else None


def test_a_walk_steps_on_and_back_and_ends(store: Store) -> None:
    ids = fill(store, 3)
    way = walk(store.queue)
    seen = []
    while way.item:
        seen.append(at(way))
        review.decide(store, way.item.augmentation.id, "approved", by=local("Ada"))
        way.advance()
    assert seen == ids
    way.back()
    way.back()
    assert at(way) == ids[1]
    way.advance()
    assert at(way) is None  # the third is decided: it waits no more


def test_a_walk_passes_over_what_somebody_else_decided_meanwhile(store: Store) -> None:
    ids = fill(store, 4)
    way = walk(store.queue)
    review.decide_all(store, ids[1:3], "rejected", by=local("Bo"))
    way.advance()
    assert at(way) == ids[3]


def test_a_walk_comes_back_to_what_was_put_back_behind_it(store: Store) -> None:
    ids = fill(store, 2)
    way = walk(store.queue)
    for each in ids:
        review.decide(store, each, "approved", by=local("Ada"))
        way.advance()
    review.undo(store, by=local("Ada"))
    review.undo(store, by=local("Ada"))
    way.advance()
    assert at(way) == ids[0]


def test_a_walk_steps_aside_to_a_card_and_goes_on_where_it_was(store: Store) -> None:
    ids = fill(store, 5)
    way = walk(store.queue)
    way.advance()
    way.show(ids[4])
    assert at(way) == ids[4]
    way.advance()
    assert at(way) == ids[1]


def test_a_long_walk_remembers_little(store: Store) -> None:
    fill(store, 30)
    way = walk(store.queue)
    for _ in range(2000):
        way.advance()
        way.back()
    assert len(way._ahead) <= 30
    assert len(way._trail) <= 1


def test_the_student_is_asked_once_about_each_variant_in_both_views(
    tmp_path: Path, models: Models, student: Path
) -> None:
    bench = Workbench(Settings.read(workspace=tmp_path, student=str(student)), models=models)
    parent = Sample.from_text("ana goes to paris !")
    made = [
        Augmentation(
            parent_id=parent.id,
            kind="style",
            answer="",
            variant=Sample.from_text(text),
            maker=Maker(model="pen", created=FIRST),
        )
        for text in ("bob goes to rome !", "carla goes to oslo", "ana " * 200)
    ]
    thought = Knowledge(sample_id=parent.id, grain="noun", text="paris place", maker=Maker(model="pen", created=FIRST))
    bench.store.add(parent, thought, *made)
    heard: list[tuple[int, int]] = []
    assert opinions.ask_all(bench, lambda done, total: heard.append((done, total))) == 3
    assert heard[-1] == (3, 3)
    first, _, too_long = items(bench.store)
    kept = opinions.kept_opinion(bench.store, first, student_mark(bench.settings))
    assert kept is not None
    assert {first.variant.mention(each) for each in kept.without_knowledge.entities} == {"bob", "rome"}
    assert kept.with_knowledge is not None
    assert kept.with_knowledge.maker.parameters["knowledge"] == [thought.id]
    assert first.uncertainty == 1 - min(each.score for each in kept.without_knowledge.entities)
    assert (too_long.student, too_long.uncertainty) == (student_mark(bench.settings), None)
    assert opinions.ask_all(bench, lambda done, total: None) == 0
    mine = tmp_path / "students" / "mine"
    shutil.copytree(student, mine)
    again = Workbench(Settings.read(workspace=tmp_path, student="mine"), bench.store, models)
    assert opinions.ask_all(again, lambda done, total: None) == 3
    trained, _ = files.load(mine)
    with torch.no_grad():
        next(trained.head.parameters()).mul_(0.5)
    files.save(trained, mine)
    assert opinions.ask_all(again, lambda done, total: None) == 3  # it was trained anew


def test_the_student_is_told_of_a_variant_what_still_holds_for_it(
    tmp_path: Path, models: Models, student: Path
) -> None:
    bench = Workbench(Settings.read(workspace=tmp_path, student=str(student)), models=models)
    parent, pen = Sample.from_text("ana goes to paris !"), Maker(model="pen", created=FIRST)
    caption = Caption(sample_id=parent.id, text="a city .", maker=pen)
    thought = Knowledge(sample_id=parent.id, grain="noun", text="paris place", maker=pen)
    other = Sample.from_text("bob goes to rome !")
    made = Augmentation(parent_id=parent.id, kind="entity", answer="", variant=other, maker=pen)
    bench.store.add(parent, caption, thought, made)
    opinions.ask_all(bench, lambda done, total: None)
    (item,) = items(bench.store)
    kept = opinions.kept_opinion(bench.store, item, student_mark(bench.settings))
    assert kept is not None
    assert kept.with_knowledge is not None
    assert kept.with_knowledge.maker.parameters["knowledge"] == []
    assert kept.with_knowledge.maker.parameters["caption"] == caption.id


def test_a_variant_of_a_pair_is_one_for_the_student_of_relations(
    tmp_path: Path, models: Models, student: Path, relation_student: Path
) -> None:
    settings = Settings.read(workspace=tmp_path, student=str(student), relation_student=str(relation_student))
    bench = Workbench(settings, models=models)
    tweet = Sample.from_text("ana says the acme !").of_pair("ana", "acme")
    variant = Sample.from_text("bob says the acme !").of_pair("bob", "acme")
    made = Augmentation(
        parent_id=tweet.id, kind="style", answer="", variant=variant, maker=Maker(model="pen", created=FIRST)
    )
    bench.store.add(tweet, made)
    fill(bench.store, 1)
    assert opinions.ask_all(bench, lambda done, total: None) == 2
    assert opinions.ask_all(bench, lambda done, total: None) == 0
    pair, tweet_alone = sorted(items(bench.store), key=lambda item: item.variant.task, reverse=True)
    kept = opinions.kept_opinion(bench.store, pair, student_mark(settings.of_task("mre")))
    assert kept is not None
    (best, _) = kept.without_knowledge.relations
    assert (best.label, pair.uncertainty) == ("/per/org/member_of", pytest.approx(1 - best.score))
    assert tweet_alone.student == student_mark(settings)
    without = Workbench(settings.model_copy(update={"relation_student": "nobody"}), bench.store, models)
    bench.store.add(made.model_copy(update={"answer": "another"}))
    with pytest.raises(BadInput, match="no student is called 'nobody'"):
        opinions.ask_all(without, lambda done, total: None)
    assert opinions.ask_all(bench, lambda done, total: None) == 1


def test_what_the_student_finds_with_an_imagined_picture_is_not_its_answer_to_the_tweet(
    tmp_path: Path, models: Models, student: Path
) -> None:
    bench = Workbench(Settings.read(workspace=tmp_path, student=str(student)), models=models)
    tweet = Sample.from_text("ana goes to paris !")
    maker = Maker(model="pen", created=FIRST)
    pictures = [
        Augmentation(parent_id=tweet.id, kind="image", answer=text, caption=text, variant=tweet, maker=maker)
        for text in ("a place", "a person")
    ]
    bench.store.add(tweet, *pictures)
    opinions.ask_all(bench, lambda done, total: None)
    assert bench.store.predictions(tweet.id) == []
    case = bench.store.case(tweet.id)
    assert case is not None
    assert case.predictions == ()
    for item in items(bench.store):
        kept = opinions.kept_opinion(bench.store, item, student_mark(bench.settings))
        assert kept is not None
        assert kept.with_knowledge is not None
        assert kept.with_knowledge.maker.parameters["augmentation"] == item.augmentation.id


def test_a_fault_with_one_variant_keeps_no_other_waiting(
    tmp_path: Path, models: Models, student: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Workbench(Settings.read(workspace=tmp_path, student=str(student)), models=models)
    first, second = fill(bench.store, 2)
    ask = opinions.ask

    def faulty(bench: Workbench, item: Item, student: Predictor) -> None:
        if item.augmentation.id == first:
            raise ZeroDivisionError
        ask(bench, item, student)

    monkeypatch.setattr(opinions, "ask", faulty)
    asked = opinions.Opinions(bench)
    asked.want([first])
    until(lambda: asked.problem("mner") is not None)
    assert asked.problem("mner") == "something unforeseen went wrong (ZeroDivisionError); the server's log says more"
    asked.want([second])
    until(lambda: asked.problem("mner") is None)
    found = bench.store.queue.find(second)
    assert found is not None
    assert found.student == student_mark(bench.settings)


def test_a_student_that_is_missing_is_said_and_not_taken_for_one_that_was_asked(tmp_path: Path, models: Models) -> None:
    bench = Workbench(Settings.read(workspace=tmp_path, student="nobody"), models=models)
    (only,) = fill(bench.store, 1)
    asked = opinions.Opinions(bench)
    asked.want([only])
    until(lambda: asked.problem("mner") is not None)
    assert "no student is called 'nobody'" in str(asked.problem("mner"))
    (item,) = items(bench.store)
    assert opinions.kept_opinion(bench.store, item, asked.mark("mner")) is None


def test_a_student_that_is_missing_keeps_none_of_the_other_task_waiting(
    tmp_path: Path, models: Models, student: Path
) -> None:
    bench = Workbench(Settings.read(workspace=tmp_path, student=str(student), relation_student="nobody"), models=models)
    pair = Sample.from_text("ana says the acme !").of_pair("ana", "acme")
    made = Augmentation(
        parent_id=pair.id, kind="style", answer="", variant=pair, maker=Maker(model="pen", created=FIRST)
    )
    bench.store.add(pair, made)
    (tweet,) = fill(bench.store, 1)
    asked = opinions.Opinions(bench)
    asked.want([made.id, tweet])
    until(lambda: any(item.augmentation.id == tweet and item.student for item in items(bench.store)))
    assert asked.problem("mner") is None
    assert "no student is called 'nobody'" in str(asked.problem("mre"))


def until(holds: Callable[[], bool]) -> None:
    """Wait for another thread, for a minute at most."""
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)
