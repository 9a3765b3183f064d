"""What goes into the store comes out of it: once, whole, by its question, and after a restart."""

import hashlib
import sqlite3
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.domain import (
    Augmentation,
    Caption,
    Decision,
    Entity,
    Knowledge,
    Maker,
    Prediction,
    Relation,
    Sample,
    ScoredEntity,
    Span,
)
from core.errors import BadInput, StoreError
from core.store import Size, Store

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
SAMPLE = Sample.from_tokens(("Ada", "in", "London"), entities=(Entity(start=0, end=1, type="PER"),))


def maker(minutes: int = 0, **changes: Any) -> Maker:
    return Maker.model_validate({"model": "pen", "created": NOON + timedelta(minutes=minutes), **changes})


def caption(text: str = "a bridge", sample: Sample = SAMPLE, **made: Any) -> Caption:
    return Caption(sample_id=sample.id, text=text, maker=maker(**made))


def thought(text: str = "Ada is a first name.", **made: Any) -> Knowledge:
    return Knowledge(sample_id=SAMPLE.id, grain=made.pop("grain", "noun"), text=text, maker=maker(**made))


def variant(text: str = "@Ada in #London", **made: Any) -> Augmentation:
    kind = made.pop("kind", "style")
    sample = Sample.from_text(text)
    return Augmentation(parent_id=SAMPLE.id, kind=kind, answer=text, variant=sample, maker=maker(**made))


def prediction(view: str = "with_knowledge", **made: Any) -> Prediction:
    entities = (ScoredEntity(start=0, end=1, type="PER", score=0.1 + 0.2),)
    values = {"sample_id": SAMPLE.id, "view": view, "entities": entities, "maker": maker(**made)}
    return Prediction.model_validate(values)


def decision(about: Augmentation, choice: str = "approved", minutes: int = 0, reviewer: str = "Eve") -> Decision:
    at = NOON + timedelta(minutes=minutes)
    return Decision.model_validate({"augmentation_id": about.id, "choice": choice, "reviewer": reviewer, "at": at})


def test_every_kind_of_record_comes_back_as_it_went_in(store: Store) -> None:
    made = caption(), thought(), variant(), prediction()
    decided = decision(made[2])
    store.add(SAMPLE, *made, decided)
    case = store.case(SAMPLE.id)
    assert case is not None
    assert case.sample == SAMPLE
    assert (*case.captions, *case.knowledge, *case.augmentations, *case.predictions) == made
    assert case.decisions == (decided,)
    assert [record.id for record in case.predictions] == [made[3].id]


def test_what_is_not_there_is_none_or_empty(store: Store) -> None:
    assert store.sample("0" * 32) is None
    assert store.case("0" * 32) is None
    assert store.captions("0" * 32) == []
    assert store.samples("no", "split") == []


def test_an_equal_record_is_kept_once_and_the_first_one_stays(store: Store) -> None:
    store.add(SAMPLE, caption(minutes=0))
    store.add(SAMPLE, caption(minutes=5, seconds=3))
    assert store.captions(SAMPLE.id) == [caption(minutes=0)]


def test_what_models_made_comes_newest_first(store: Store) -> None:
    store.add(SAMPLE, caption("second", minutes=2), caption("third", minutes=3), caption("first", minutes=1))
    assert [made.text for made in store.captions(SAMPLE.id)] == ["third", "second", "first"]


def test_times_are_compared_in_utc_whatever_their_zone(store: Store) -> None:
    noon_in_kolkata = datetime.fromisoformat("2026-05-01T12:00:00+05:30")
    store.add(SAMPLE, caption("later"), caption("earlier", created=noon_in_kolkata))
    assert [made.text for made in store.captions(SAMPLE.id)] == ["later", "earlier"]


def test_an_answer_is_found_by_what_was_asked_so_that_nothing_is_asked_twice(store: Store) -> None:
    asked = {"model": "gpt", "prompt_version": "paper-1", "parameters": {"b": 2, "a": [1.5, None]}}
    answer = thought("from gpt", **asked)
    store.add(SAMPLE, answer, thought("from pen"), thought("whole", grain="sentence", **asked))
    same_question = {"model": "gpt", "prompt_version": "paper-1", "parameters": {"a": [1.5, None], "b": 2}}
    assert store.knowledge(SAMPLE.id, grain="noun", **same_question) == [answer]
    assert store.knowledge(SAMPLE.id, grain="noun", **{**same_question, "parameters": {"b": 2}}) == []
    assert store.knowledge(SAMPLE.id, model="gpt", prompt_version=None) == []
    assert [made.text for made in store.knowledge(SAMPLE.id, prompt_version=None)] == ["from pen"]
    assert len(store.knowledge(SAMPLE.id)) == 3


def test_augmentations_and_predictions_are_found_by_kind_and_view(store: Store) -> None:
    image = variant(kind="image")
    blind = prediction("without_knowledge", model="student")
    store.add(SAMPLE, variant(), image, prediction(model="student"), blind)
    assert store.augmentations(SAMPLE.id, kind="image", model="pen") == [image]
    assert store.predictions(SAMPLE.id, view="without_knowledge", model="student", parameters={}) == [blind]


def test_who_made_what_at_what_cost_can_be_asked_of_the_database_itself(store: Store, tmp_path: Path) -> None:
    store.add(SAMPLE, thought(model="gpt", prompt_version="paper-1", seconds=1.5, prompt_tokens=7, completion_tokens=9))
    sql = "SELECT model, prompt_version, seconds, prompt_tokens + completion_tokens FROM knowledge WHERE grain = 'noun'"
    with sqlite3.connect(tmp_path / "workspace" / "workspace.db") as db:
        assert db.execute(sql).fetchall() == [("gpt", "paper-1", 1.5, 16)]


def test_a_variant_is_a_sample_of_its_own_that_can_be_captioned(store: Store) -> None:
    made = variant()
    assert made.variant is not None
    store.add(SAMPLE, made)
    store.add(caption(sample=made.variant))
    assert store.sample(made.variant.id) == made.variant


def test_a_dropped_variant_is_kept_with_its_reason(store: Store) -> None:
    dropped = Augmentation(parent_id=SAMPLE.id, kind="entity", answer="?", dropped="unparsable", maker=maker())
    store.add(SAMPLE, dropped)
    assert store.augmentations(SAMPLE.id) == [dropped]


def test_the_latest_decision_counts_and_the_history_stays(store: Store) -> None:
    first, second = variant(), variant("ADA in LONDON")
    history = [decision(first), decision(first, "rejected", reviewer="Bob"), decision(first, "withdrawn", minutes=-9)]
    store.add(SAMPLE, first, second, *history, decision(second))
    assert store.decisions(first.id) == history
    assert [(approval.augmentation, approval.decision) for approval in store.approved()] == [(second, decision(second))]
    assert store.queue.word(first.id) == history[1]  # the word of who withdrew nothing
    assert store.queue.word("0" * 32) is None


def test_an_approval_survives_a_restart(tmp_path: Path) -> None:
    made = variant()
    with Store(tmp_path) as store:
        store.add(SAMPLE, made, decision(made))
    with Store(tmp_path) as store:
        [approval] = store.approved()
        assert (approval.augmentation, approval.decision.reviewer, approval.decision.at) == (made, "Eve", NOON)


def test_recent_cases_are_those_that_were_studied_the_last_one_first(store: Store) -> None:
    first, second = Sample.from_text("first"), Sample.from_text("second")
    before = datetime.now(UTC)
    store.add_corpus("t17", "train", [SAMPLE])
    for sample in (first, second, first):
        store.study(sample)
    assert [studied.sample for studied in store.recent()] == [first, second]
    assert before <= store.recent()[1].at <= store.recent()[0].at <= datetime.now(UTC)
    assert [studied.sample for studied in store.recent(limit=1, offset=1)] == [second]
    assert [studied.sample for studied in store.recent(text=second.text[:5].upper())] == [second]
    assert store.recent(text="100%_") == []


def test_a_corpus_keeps_its_order_and_its_duplicates(store: Store) -> None:
    samples = [Sample.from_text(text) for text in ("b", "a", "b")]
    store.add_corpus("own", "train", samples)
    store.add_corpus("own", "test", samples[:1])
    assert store.samples("own", "train") == samples
    assert store.samples("own", "test") == samples[:1]
    assert store.corpora() == [("own", "test"), ("own", "train")]


def test_a_corpus_that_is_imported_again_only_gains_what_is_new(store: Store) -> None:
    store.add_corpus("own", "train", [SAMPLE])
    store.add_corpus("own", "train", [SAMPLE], [caption()])
    assert store.samples("own", "train") == [SAMPLE]
    assert store.captions(SAMPLE.id) == [caption()]


def test_another_corpus_under_a_name_that_is_taken_is_refused(store: Store) -> None:
    store.add_corpus("own", "train", [SAMPLE])
    other = Sample.from_text("other")
    with pytest.raises(BadInput, match="other samples as own/train"):
        store.add_corpus("own", "train", [SAMPLE, other])
    assert store.samples("own", "train") == [SAMPLE]
    assert store.sample(other.id) is None


def test_a_corpus_may_be_replaced_and_its_old_samples_stay(store: Store) -> None:
    old, new = Sample.from_text("old"), Sample.from_text("new")
    store.add_corpus("own", "train", [old])
    store.add_corpus("own", "train", [new, old, new], replace=True)
    assert store.samples("own", "train") == [new, old, new]
    store.add_corpus("own", "train", [new], replace=True)
    assert store.samples("own", "train") == [new]
    assert store.sample(old.id) == old


def test_nothing_is_kept_of_a_call_that_fails_half_way(store: Store) -> None:
    stranger = Sample.from_text("never added")
    with pytest.raises(StoreError, match="lacks what a record refers to: nothing was stored"):
        store.add(SAMPLE, caption(), caption(sample=stranger))
    with pytest.raises(StoreError, match="lacks what a record refers to"):
        store.add_corpus("own", "train", [SAMPLE], [caption(sample=stranger)])
    assert store.sample(SAMPLE.id) is None
    assert store.samples("own", "train") == []
    store.add(SAMPLE)
    assert store.sample(SAMPLE.id) == SAMPLE


def test_threads_that_write_at_once_lose_nothing(store: Store) -> None:
    samples = [[Sample.from_text(f"tweet {thread} {number}") for number in range(20)] for thread in range(8)]
    failures: list[Exception] = []

    def write(mine: list[Sample]) -> None:
        try:
            for sample in mine:
                store.study(sample)
                store.add(caption(sample=sample))
        except StoreError as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(mine,)) for mine in samples]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert {studied.sample.id for studied in store.recent(limit=1000)} == {s.id for mine in samples for s in mine}
    assert all(len(store.captions(sample.id)) == 1 for mine in samples for sample in mine)


def test_threads_that_end_leave_no_connections_behind(store: Store) -> None:
    def open_files_after(threads: int) -> int:
        for _ in range(threads):
            thread = threading.Thread(target=store.sample, args=(SAMPLE.id,))
            thread.start()
            thread.join()
        return len(list(Path("/proc/self/fd").iterdir()))

    assert open_files_after(10) == open_files_after(2)


def test_a_closed_store_opens_again_when_it_is_asked(store: Store) -> None:
    store.add(SAMPLE)
    store.close()
    assert store.sample(SAMPLE.id) == SAMPLE


def test_sizes_are_of_one_moment_though_somebody_imports(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.add_corpus("a", "train", [SAMPLE])
    rows = store.bulk._rows

    def importing(sql: str, *values: Any) -> Any:
        found = rows(sql, *values)
        store.add_corpus("b", "train", [Sample.from_tokens(("Ada",), entities=())])
        return found

    monkeypatch.setattr(store.bulk, "_rows", importing)
    assert [size.corpus for size in store.bulk.sizes()] == ["a"]
    assert [size.corpus for size in store.bulk.sizes()] == ["a", "b"]


def test_each_split_is_counted_with_what_its_samples_have(store: Store) -> None:
    span = Span(start=0, end=1)
    bare = Sample.from_text("nothing is known of it", image="7")
    unsure, sure = (
        Sample.from_tokens(("Ada", label), task="mre", relation=Relation(head=span, tail=span, label=known))
        for label, known in (("unsure", None), ("sure", "/per/per/peer"))
    )
    empty = Sample.from_tokens(("nobody",), entities=())
    store.add_corpus("b", "train", [SAMPLE, bare, SAMPLE], [caption(), caption("another"), thought(), thought("more")])
    store.add_corpus("a", "test", [unsure, sure, empty])
    dropped = variant("lost").model_copy(update={"parent_id": sure.id, "variant": None, "dropped": "refused"})
    summary = Knowledge(sample_id=empty.id, grain="summary", text="short", maker=maker())
    store.add(variant(), variant("again"), dropped, summary)
    assert store.bulk.sizes() == [
        Size("a", "test", samples=3, labels=2, pictures=0, captions=0, thoughts=0, variants=0),
        Size("b", "train", samples=3, labels=2, pictures=1, captions=2, thoughts=2, variants=2),
    ]


UNICODE = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)


@given(tweet=UNICODE.filter(lambda text: text.strip()), text=UNICODE, label=UNICODE)
@settings(deadline=None)
def test_any_text_comes_back_as_it_went_in(
    tmp_path_factory: pytest.TempPathFactory, tweet: str, text: str, label: str
) -> None:
    sample = Sample.from_text(tweet, image=text)
    made = caption(text, sample, parameters={label: text})
    with Store(tmp_path_factory.getbasetemp() / "any-text") as store:
        store.add(sample, made)
        assert store.sample(sample.id) == sample
        assert store.captions(sample.id, parameters={label: text}) == [made]


def test_a_picture_is_kept_once_under_the_hash_of_its_file(store: Store, tmp_path: Path) -> None:
    picture = Image.effect_noise((40, 30), 50).convert("RGB")
    name = store.save_image(picture)
    file = store.image(name)
    assert file is not None
    assert hashlib.sha256(file.read_bytes()).hexdigest() == name
    assert Image.open(file).tobytes() == picture.tobytes()
    assert store.save_image(picture) == name
    assert store.save_image(Image.new("RGB", (40, 30))) != name
    assert len(list((tmp_path / "workspace" / "images").iterdir())) == 2


def test_only_the_pixels_of_a_picture_are_kept(store: Store) -> None:
    plain = Image.new("RGB", (8, 8), "teal")
    tagged = plain.copy()
    tagged.info = {"exif": b"Exif\0\0secret", "comment": b"secret", "icc_profile": b"secret"}
    assert store.save_image(tagged) == store.save_image(plain)


@pytest.mark.parametrize("name", ["17_06_1", "", "../workspace", "a" * 64, "/etc/passwd", "A" * 63 + "\n", "\0"])
def test_a_name_that_is_no_picture_of_ours_finds_none(store: Store, name: str) -> None:
    assert store.image(name) is None
