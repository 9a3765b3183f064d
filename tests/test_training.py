"""Training: a run learns, a killed run ends the same, and a bad configuration is refused by field and value."""

import json

import pytest
import torch

from core.domain.bio import entities_from_tags
from core.errors import BadInput
from core.evaluation.mner import span_scores
from core.prediction import LabelledWords
from core.student import files
from core.training import checkpoint, trainer
from core.training.config import TrainConfig
from core.training.data import Batches
from tests import tiny


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory):
    root = tmp_path_factory.mktemp("corpora")
    tiny.encoder(root / "encoder")
    tiny.corpus(root)
    return root


def config(root, **changes) -> TrainConfig:
    split = {"captions": "captions.txt"}
    values = {
        "train": {"path": "train.txt", "knowledge": "train.knowledge.txt", **split},
        "dev": {"path": "dev.txt", "knowledge": "dev.knowledge.txt", **split},
        "encoder": str(root / "encoder"),
        "max_length": 64,
        "prompt_length": 4,
        "epochs": 6,
        "batch_size": 4,
        "encoder_lr": 3e-3,
        "head_lr": 3e-3,
        "section_dropout": 0.2,
        "bf16": False,
        **changes,
    }
    return TrainConfig.model_validate(values)


def test_both_views_learn_though_only_one_sees_gold_labels(root, tmp_path):
    training = trainer.Trainer(config(root, epochs=12), root, tmp_path / "run")
    training.run(lambda _: None)
    lines = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    assert len(lines) == 12
    assert max(line["dev_f1"]["without_knowledge"] for line in lines) > 90
    assert max(line["dev_f1"]["with_knowledge"] for line in lines) > 90
    assert training.best_f1 == max(line["dev_f1"]["without_knowledge"] for line in lines)
    assert not (tmp_path / "run" / checkpoint.NAME).exists()
    files.load(tmp_path / "run")


def test_a_killed_run_ends_with_the_same_weights(root, tmp_path, monkeypatch):
    monkeypatch.setattr(trainer, "CHECKPOINT_EVERY", 4)
    whole = trainer.Trainer(config(root), root, tmp_path / "whole")
    whole.run(lambda _: None)

    def killed_at(step: int):
        def report(progress: trainer.Progress) -> None:
            if progress.step == step:
                raise RuntimeError("killed")

        return report

    for step in (9, 17):
        with pytest.raises(RuntimeError, match="killed"):
            trainer.Trainer(config(root), root, tmp_path / "killed").run(killed_at(step))
    resumed = trainer.Trainer(config(root), root, tmp_path / "killed")
    resumed.run(lambda _: None)

    expected, got = files.trained_weights(whole.student), files.trained_weights(resumed.student)
    assert all(torch.equal(expected[name], got[name]) for name in expected)
    assert whole.best_f1 == resumed.best_f1
    written = [(tmp_path / name / files.WEIGHTS).read_bytes() for name in ("whole", "killed")]
    assert written[0] == written[1]


def test_stopping_by_hand_keeps_what_was_reached(root, tmp_path):
    def stop(progress: trainer.Progress) -> None:
        if progress.step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trainer.Trainer(config(root), root, tmp_path / "run").run(stop)
    again = trainer.Trainer(config(root), root, tmp_path / "run")
    checkpoint.restore(again)
    assert again.step == 3


def test_stopping_while_an_epoch_is_scored_scores_it_later(root, tmp_path, monkeypatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(trainer, "score", interrupted)
        with pytest.raises(KeyboardInterrupt):
            trainer.Trainer(config(root, epochs=1), root, tmp_path / "run").run(lambda _: None)
    again = trainer.Trainer(config(root, epochs=1), root, tmp_path / "run")
    again.run(lambda _: None)
    assert again.best_f1 is not None
    files.load(tmp_path / "run")


def test_a_finished_student_is_not_trained_over(root, tmp_path):
    trainer.Trainer(config(root, epochs=1), root, tmp_path / "run").run(lambda _: None)
    with pytest.raises(BadInput, match="training is over; name another folder"):
        trainer.Trainer(config(root, epochs=1), root, tmp_path / "run").run(lambda _: None)


def test_a_checkpoint_of_another_configuration_is_refused(root, tmp_path):
    first = trainer.Trainer(config(root), root, tmp_path)
    checkpoint.save(first)
    with pytest.raises(BadInput, match="another configuration"):
        trainer.Trainer(config(root, seed=2), root, tmp_path).run(lambda _: None)


def test_an_epoch_has_every_sample_once_and_the_same_order_again(root, tmp_path):
    training = trainer.Trainer(config(root), root, tmp_path)

    def epoch(number: int, seed: int = 1) -> list[list[int]]:
        return [
            row
            for batch in training.batches.epoch(number, seed=seed, section_dropout=0.5)
            for row in batch.text.tolist()
        ]

    assert epoch(0) == epoch(0)
    assert epoch(0) != epoch(1) != epoch(1, seed=2)
    rows = sorted(tuple(token for token in row if token) for row in epoch(3))
    assert rows == sorted(tuple(training.views.encode(example.tokens, []).text) for example in training.train)
    assert len(Batches(training.train, training.views, training.student.config.labels, 5)) == 5


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("epochs", 0),
        ("encoder_lr", -1),
        ("max_length", 9999),
        ("section_dropout", 1.0),
        ("temperature", 0),
        ("epocs", 3),
    ],
)
def test_a_bad_configuration_is_refused_naming_field_and_value(tmp_path, field, value):
    file = tmp_path / "train.toml"
    file.write_text(f'{field} = {value}\n[train]\npath = "a"\n[dev]\npath = "b"\n')
    with pytest.raises(BadInput, match=rf"train\.toml: {field} = {value}"):
        TrainConfig.read(file)


def test_a_configuration_that_is_missing_or_no_toml_is_refused(tmp_path):
    with pytest.raises(BadInput, match="No such file"):
        TrainConfig.read(tmp_path / "none.toml")
    (tmp_path / "broken.toml").write_text("epochs = = 3")
    with pytest.raises(BadInput, match="is not TOML"):
        TrainConfig.read(tmp_path / "broken.toml")


def test_span_scores_count_exact_matches_of_span_and_type():
    gold = [["B-PER", "I-PER", "O", "B-LOC"], ["B-ORG", "O"]]
    predicted = [["B-PER", "I-PER", "O", "B-ORG"], ["B-ORG", "O"]]
    scores = span_scores(gold, predicted)
    assert (scores.precision, scores.recall, scores.f1, scores.support) == (66.67, 66.67, 66.67, 3)
    assert scores.by_type["PER"].f1 == 100
    assert scores.by_type["LOC"].recall == 0


def test_span_scores_of_nothing_found_are_zero_not_an_error():
    assert span_scores([["B-PER", "O"]], [["O", "O"]]).f1 == 0
    assert span_scores([["O"]], [["O"]]).support == 0


def test_orphan_inside_tags_are_read_as_seqeval_reads_them():
    gold = [["I-PER", "I-PER", "O", "I-LOC", "B-LOC"]]
    assert len(entities_from_tags(gold[0])) == span_scores(gold, gold).support == 3


def test_a_span_is_scored_by_the_geometric_mean_of_its_words():
    words = LabelledWords(tags=["B-PER", "I-PER", "O"], probabilities=[0.9, 0.4, 0.99])
    (entity,) = words.entities()
    assert entity.score == pytest.approx(0.6)
