"""What a student answers: the same alone and in a batch, from any thread, with scores that are probabilities."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.domain import Caption, Knowledge, Maker, Sample
from core.errors import BadInput
from core.files import fingerprint
from core.prediction import BATCH_SIZE, Labelled, Predictor
from core.settings import Settings
from core.student import files
from core.student.config import StudentConfig
from core.student.folder import WEIGHTS

SAMPLE = Sample.from_text("ana goes to paris !")
MAKER = Maker(model="by hand", created=datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture(scope="module")
def predictor(student: Path) -> Predictor:
    return Predictor.load(Settings.read(student=str(student)))


def test_a_span_is_scored_by_the_geometric_mean_of_its_words() -> None:
    (entity,) = Labelled(["B-PER", "I-PER", "O"], [0.9, 0.4, 1.0]).entities()
    assert (entity.start, entity.end, entity.type) == (0, 2, "PER")
    assert entity.score == pytest.approx(0.6)


def test_both_views_find_what_the_student_learnt(predictor: Predictor, student: Path) -> None:
    caption = Caption(sample_id=SAMPLE.id, text="a person and a city", maker=MAKER)
    thought = Knowledge(sample_id=SAMPLE.id, grain="noun", text="ana person . paris place .", maker=MAKER)
    alone, helped = predictor.predict(SAMPLE), predictor.predict_with(SAMPLE, caption, [thought])
    assert [SAMPLE.mention(each) for each in alone.entities] == ["ana", "paris"]
    assert alone.bare() == helped.bare()
    assert [each.score for each in alone.entities] != [each.score for each in helped.entities]
    assert (alone.view, helped.view) == ("without_knowledge", "with_knowledge")
    weights = {"weights": fingerprint(student / WEIGHTS)}
    assert alone.maker.parameters == weights
    assert helped.maker.parameters == {**weights, "caption": caption.id, "knowledge": [thought.id]}


def test_a_tweet_is_labelled_alike_alone_and_among_many(predictor: Predictor) -> None:
    items = [
        (Sample.from_text(f"{'ana bob carla'.split()[n % 3]} goes to oslo{' !' * (n % 7)}"), ["a city"] * (n % 2))
        for n in range(BATCH_SIZE + 9)
    ]
    seen: list[tuple[int, int]] = []
    together = predictor.label(items, "with_knowledge", lambda done, total: seen.append((done, total)))
    assert seen == [(BATCH_SIZE, len(items)), (len(items), len(items))]
    for item, among in zip(items, together, strict=True):
        (alone,) = predictor.label([item], "with_knowledge")
        assert among.labels == alone.labels
        assert among.probabilities == pytest.approx(alone.probabilities, abs=1e-4)


def test_a_student_answers_in_bf16_where_it_is_to_and_the_processor_computes_in_it(
    student: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded, views = files.load(student)
    items: list[tuple[Sample, list[str]]] = [(SAMPLE, [])]

    def answer(precision: str, *, native: bool) -> Labelled:
        monkeypatch.setattr("core.bfloat16.is_native", lambda _: native)
        loaded.config = loaded.config.model_copy(update={"precision": precision})
        (labelled,) = Predictor(loaded, views, "tiny").label(items, "without_knowledge")
        return labelled

    exact, halved = answer("fp32", native=True), answer("bf16", native=True)
    assert halved.labels == exact.labels
    assert halved.probabilities != exact.probabilities
    assert halved.probabilities == pytest.approx(exact.probabilities, abs=0.05)
    assert answer("bf16", native=False) == exact


def test_threads_do_not_disturb_each_other(predictor: Predictor) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = {prediction.id for prediction in pool.map(lambda _: predictor.predict(SAMPLE), range(12))}
    assert len(found) == 1


def test_a_tweet_too_long_for_the_encoder_is_refused(predictor: Predictor) -> None:
    with pytest.raises(BadInput, match="sub-words; the student reads at most"):
        predictor.predict(Sample.from_text("! " * 200))


def test_a_student_that_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(BadInput, match="no student is called 'nobody'"):
        Predictor.load(Settings.read(student="nobody"))


def test_a_broken_student_is_refused_by_its_file(tmp_path: Path, student: Path) -> None:
    for file in student.glob("student.*"):
        (tmp_path / file.name).write_bytes(file.read_bytes()[:100])
    with pytest.raises(BadInput, match=r"student\.json is broken"):
        Predictor.load(Settings.read(student=str(tmp_path)))


def test_a_pair_has_its_likeliest_relations_best_first(relation_student: Path) -> None:
    predictor = Predictor.load(Settings.read(student=str(relation_student)))
    says = Sample.from_text("ana says the acme !")
    found = predictor.predict(says.of_pair("ana", "acme"))
    assert [each.label for each in found.relations] == ["/per/org/member_of", "None"]
    assert sum(each.score for each in found.relations) == pytest.approx(1)
    assert found.relations[0].score > found.relations[1].score
    assert found.answer.relation == found.relations[0]
    assert found.entities == ()
    to_paris = predictor.predict_with(Sample.from_text("bob says the paris !").of_pair("bob", "paris"), None, [])
    assert to_paris.relations[0].label == "None"


def test_of_many_relations_five_are_told(corpora: Path, tmp_path: Path) -> None:
    labels = tuple(f"r{number}" for number in range(9))
    config = StudentConfig(encoder=str(corpora / "encoder"), head="relation", labels=labels, max_length=64)
    files.save(files.new(config)[0], tmp_path)
    found = Predictor.load(Settings.read(student=str(tmp_path))).predict(SAMPLE.of_pair("ana", "paris"))
    scores = [each.score for each in found.relations]
    assert len(scores) == 5
    assert scores == sorted(scores, reverse=True)


def test_a_student_of_relations_needs_a_pair(relation_student: Path) -> None:
    with pytest.raises(BadInput, match="has no head and tail"):
        Predictor.load(Settings.read(student=str(relation_student))).predict(SAMPLE)
