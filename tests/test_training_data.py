"""What a training reads: batches, renamed types, sections left out, and what cannot be read."""

from pathlib import Path

import pytest

from core.errors import BadInput
from core.training import trainer
from core.training.config import Split
from core.training.data import Batches, read_examples
from tests import tiny
from tests.tiny import config


@pytest.fixture
def root(corpora: Path) -> Path:
    """A folder with a tiny encoder and a tiny corpus."""
    return corpora


def test_an_epoch_has_every_sample_once_and_the_same_order_again(root, tmp_path):
    training = trainer.Trainer(config(root), root, tmp_path)

    def epoch(number: int, seed: int = 1) -> list[list[int]]:
        return [
            row
            for batch, _ in training.batches.epoch(number, seed=seed, section_dropout=0.5)
            for row in batch.text.tolist()
        ]

    assert epoch(0) == epoch(0)
    assert epoch(0) != epoch(1) != epoch(1, seed=2)
    rows = sorted(tuple(token for token in row if token) for row in epoch(3))
    assert rows == sorted(tuple(training.views.encode(example.sample, []).text) for example in training.examples)
    assert len(Batches(training.examples, training.views, training.student.config.labels, 5)) == 5


def test_sections_are_left_out_at_random_but_never_the_tweet(root, tmp_path):
    batches = trainer.Trainer(config(root), root, tmp_path / "run").batches

    def lengths(chance: float) -> list[int]:
        return [
            sum(row.tolist()) - sum(text.tolist())
            for batch, _ in batches.epoch(0, seed=1, section_dropout=chance)
            for row, text in zip(batch.knowledge_mask, batch.text_mask, strict=True)
        ]

    whole, half = lengths(0.0), lengths(0.5)
    assert min(whole) > 0
    assert 0 < sum(half) < sum(whole)
    assert min(half) == 0  # both sections gone


@pytest.mark.parametrize("where", ["train", "dev", "test"])
def test_a_tweet_that_is_too_long_is_refused_before_anything_is_trained(root, tmp_path, where):
    (root / "long.txt").write_text("IMGID:1\n" + "ana\tB-PER\n" * 70 + "\n")
    split = {"path": "long.txt"}
    changes = {"test": {"x": split}} if where == "test" else {where: split}
    with pytest.raises(BadInput, match="70 sub-words; the student reads at most 58"):
        trainer.Trainer(config(root, **changes), root, tmp_path / "run")


def test_a_dev_label_that_training_does_not_know_is_refused(root, tmp_path):
    dev = {"path": "dev.txt", "rename": {"LOC": "PLACE"}}
    with pytest.raises(BadInput, match=r"dev has 'PLACE', which training doesn't: `rename`"):
        trainer.Trainer(config(root, dev=dev), root, tmp_path / "run")


def test_few_samples_that_lack_a_label_of_dev_can_be_trained_on(root, tmp_path):
    (root / "few.txt").write_text("IMGID:1\nana\tB-PER\ngoes\tO\n\n" * 4)
    training = trainer.Trainer(config(root, train={"path": "few.txt"}), root, tmp_path / "run")
    assert training.student.config.labels == ("O", "B-LOC", "I-LOC", "B-PER", "I-PER")


def test_types_are_renamed_as_they_are_read_and_others_are_refused(root, tmp_path):
    with pytest.raises(BadInput, match=r"'B-PLACE' is none of the student's.*rename"):
        Batches(
            read_examples(Split(path="train.txt", rename={"LOC": "PLACE"}), root, "mner"),
            trainer.Trainer(config(root), root, tmp_path / "run").views,
            ("O", "B-PER", "I-PER", "B-LOC", "I-LOC"),
            4,
        )


def test_the_parts_of_a_batch_that_processes_take_make_the_whole(root, tmp_path):
    training = trainer.Trainer(config(root), root, tmp_path / "run")
    whole = Batches(training.examples, training.views, training.student.config.labels, 5)
    shared = Batches(training.examples, training.views, training.student.config.labels, 5, processes=2)
    epochs = [list(shared.epoch(1, seed=1, section_dropout=0.3, process=process)) for process in (0, 1)]
    for (batch, size), *parts in zip(whole.epoch(1, seed=1, section_dropout=0.3), *epochs, strict=True):
        rows = sorted(tuple(filter(None, row)) for part, _ in parts for row in part.knowledge.tolist())
        assert rows == sorted(tuple(filter(None, row)) for row in batch.knowledge.tolist())
        assert [size for _, size in parts] == [size, size]
        assert abs(len(parts[0][0].text) - len(parts[1][0].text)) <= 1
    with pytest.raises(BadInput, match="too small for 9 processes"):
        Batches(training.examples, training.views, training.student.config.labels, 4, processes=9)


def test_relations_are_renamed_too(root):
    tiny.relations(root)
    split = Split(format="mnre", path=Path("relations.txt"), rename={"None": "none"})
    labels = {example.labels[0] for example in read_examples(split, root, "mre")}
    assert labels == {"none", "/per/org/member_of"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rename": {"PRE": "PER"}}, r"train\.txt: rename names 'PRE', which no sample there has; there are: LOC, PER"),
        ({"without": ["noun"]}, r"train\.txt: without names 'noun', .* there are: caption, reasoning"),
    ],
)
def test_names_that_nothing_in_the_file_has_are_refused(root, changes, words):
    split = Split(path=Path("train.txt"), captions="captions.txt", knowledge="train.knowledge.txt", **changes)
    with pytest.raises(BadInput, match=words):
        read_examples(split, root, "mner")


def test_a_part_of_a_type_that_training_lacks_is_no_type_of_another_name(root, tmp_path):
    (root / "few.txt").write_text("IMGID:1\nana\tB-PER\ngoes\tO\nto\tO\nrome\tB-LOC\n\n" * 4)
    (root / "long.txt").write_text("IMGID:1\nana\tB-PER\nin\tO\nnew\tB-LOC\nyork\tI-LOC\n\n")
    changes = {"train": {"path": "few.txt"}, "dev": {"path": "few.txt"}, "test": {"x": {"path": "long.txt"}}}
    assert trainer.Trainer(config(root, **changes), root, tmp_path / "run").tests["x"]


def test_a_relation_that_is_spelt_otherwise_is_refused(root, tmp_path):
    tiny.relations(root)
    split = {"format": "mnre", "path": "relations.txt"}
    test = {**split, "rename": {"None": "none"}}
    changes = {"train": split, "dev": split, "test": {"x": test}, "student": {"head": "relation"}}
    with pytest.raises(BadInput, match=r"test\.x has 'none', which training has as 'None': `rename` it"):
        trainer.Trainer(config(root, **changes), root, tmp_path / "run")


def test_a_test_set_whose_types_have_other_names_is_refused(root, tmp_path):
    test = {"path": "dev.txt", "rename": {"LOC": "CITY"}}
    with pytest.raises(BadInput, match=r"test\.x has 'CITY', which training doesn't: `rename` it"):
        trainer.Trainer(config(root, test={"x": test}), root, tmp_path / "run")
