"""Training: a run learns in every way there is, and a killed one ends the same."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from core.errors import BadInput
from core.student import files
from core.student.folder import WEIGHTS
from core.student.views import IGNORED
from core.training import checkpoint, trainer
from core.training.folder import at_work
from core.training.progress import Progress, Told
from tests import tiny
from tests.tiny import config, metrics, trained


@pytest.fixture
def root(corpora: Path) -> Path:
    """A folder with a tiny encoder and a tiny corpus."""
    return corpora


def interrupt_at(step: int):
    def report(told: Told) -> None:
        if isinstance(told, Progress) and told.step == step:
            raise KeyboardInterrupt

    return report


def test_both_views_learn_though_only_one_sees_gold_labels(root, tmp_path):
    training = trainer.Trainer(config(root, epochs=12), root, tmp_path / "run")
    training.run(lambda _: None)
    dev = [line["dev"] for line in metrics(tmp_path / "run") if "dev" in line]
    assert len(dev) == 12
    assert max(scores["without_knowledge"] for scores in dev) > 90
    assert max(scores["with_knowledge"] for scores in dev) > 90
    assert training.state.best_f1 == max(scores["without_knowledge"] for scores in dev)
    assert not (tmp_path / "run" / checkpoint.NAME).exists()
    files.load(tmp_path / "run")


def test_a_killed_run_ends_with_the_same_weights(root, tmp_path, monkeypatch):
    monkeypatch.setattr(trainer, "CHECKPOINT_EVERY", 4)
    whole = trainer.Trainer(config(root), root, tmp_path / "whole")
    whole.run(lambda _: None)

    def killed_at(step: int):
        def report(progress: Progress) -> None:
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
    assert whole.state.best_f1 == resumed.state.best_f1
    written = [(tmp_path / name / WEIGHTS).read_bytes() for name in ("whole", "killed")]
    assert written[0] == written[1]


def test_stopping_by_hand_keeps_what_was_reached(root, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        trainer.Trainer(config(root), root, tmp_path / "run").run(interrupt_at(3))
    again = trainer.Trainer(config(root), root, tmp_path / "run")
    assert checkpoint.restore(again.folder, again._course, again.student, again._optimizer).step == 3


def test_stopping_while_an_epoch_is_scored_scores_it_later(root, tmp_path, monkeypatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(trainer, "score_view", interrupted)
        with pytest.raises(KeyboardInterrupt):
            trainer.Trainer(config(root, epochs=1), root, tmp_path / "run").run(lambda _: None)
    again = trainer.Trainer(config(root, epochs=1), root, tmp_path / "run")
    again.run(lambda _: None)
    assert again.state.best_f1 is not None
    files.load(tmp_path / "run")


def test_a_finished_student_is_not_trained_over(root, tmp_path):
    trainer.Trainer(config(root, epochs=1), root, tmp_path / "run").run(lambda _: None)
    with pytest.raises(BadInput, match="training is over; name another folder"):
        trainer.Trainer(config(root, epochs=1), root, tmp_path / "run")


def test_a_checkpoint_of_another_configuration_is_refused(root, tmp_path):
    first = trainer.Trainer(config(root), root, tmp_path)
    first._save()
    with pytest.raises(BadInput, match="another configuration, which differs in seed;"):
        trainer.Trainer(config(root, seed=2), root, tmp_path).run(lambda _: None)


def test_a_checkpoint_is_refused_where_what_it_was_begun_with_is_another(root, tmp_path):
    trained(root, tmp_path / "teacher", student={"generator": "bare"}, alpha=0, epochs=1)

    data = shutil.copytree(root, tmp_path / "data")

    def begun() -> trainer.Trainer:
        return trainer.Trainer(config(root, teacher=tmp_path / "teacher"), data, tmp_path / "run")

    with pytest.raises(KeyboardInterrupt):
        begun().run(interrupt_at(3))
    text = (data / "captions.txt").read_text()
    (data / "captions.txt").write_text(text.replace("person", "singer", 1))
    with pytest.raises(BadInput, match="was begun with other samples: put back what was there"):
        begun().run(lambda _: None)
    (data / "captions.txt").write_text(text)
    dev = (data / "dev.txt").read_text()
    (data / "dev.txt").write_text(dev.replace("\tO\n", "\tB-PER\n", 1))
    with pytest.raises(BadInput, match="was begun with other dev_samples: put back what was there"):
        begun().run(lambda _: None)
    (data / "dev.txt").write_text(dev)
    student, _ = files.load(tmp_path / "teacher")
    with torch.no_grad():
        next(student.head.parameters()).mul_(2)
    files.save(student, tmp_path / "teacher")
    with pytest.raises(BadInput, match="was begun with other teacher"):
        begun().run(lambda _: None)
    again = begun()
    again._course = again._course.model_copy(update={"processes": 2, "precision": "fp8"})
    with pytest.raises(BadInput, match="was begun with other teacher and processes and precision"):
        again.run(lambda _: None)


def test_gradients_are_clipped(root, tmp_path):
    training = trainer.Trainer(config(root, clip=1e-3), root, tmp_path / "run")
    norms = []
    step = training._optimizer.step

    def measured():
        grads = [weight.grad for weight in training.student.parameters() if weight.grad is not None]
        norms.append(torch.stack([grad.norm() for grad in grads]).norm().item())
        step()

    training._optimizer.step = measured
    batch, size = next(training.batches.epoch(0, seed=1, section_dropout=0))
    training._train_step(batch, size)
    assert norms == [pytest.approx(1e-3, rel=1e-3)]


def test_a_signal_in_the_middle_of_a_step_waits_for_its_end(root, tmp_path, monkeypatch):
    monkeypatch.setattr(trainer, "CHECKPOINT_EVERY", 10_000)
    whole = trained(root, tmp_path / "whole")
    stopped = trainer.Trainer(config(root), root, tmp_path / "stopped")
    step = stopped._optimizer.step

    def struck() -> None:
        step()
        if stopped.state.step == 7:
            signal.raise_signal(signal.SIGINT)

    stopped._optimizer.step = struck
    with pytest.raises(KeyboardInterrupt):
        stopped.run(lambda _: None)
    assert stopped.state.step == 8
    resumed = trained(root, tmp_path / "stopped")
    expected, got = files.trained_weights(whole.student), files.trained_weights(resumed.student)
    assert all(torch.equal(expected[name], got[name]) for name in expected)


def test_a_loss_that_is_no_number_ends_the_training_and_names_the_rates(root, tmp_path):
    with pytest.raises(BadInput, match=r"the loss is no number any more: lower encoder_lr \(1e\+30\)"):
        trained(root, tmp_path / "run", encoder_lr=1e30, warmup=0.0)


def test_a_folder_that_cannot_be_made_is_refused(root, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match="cannot be made"):
        trained(root, tmp_path / "file")


def test_a_checkpoint_goes_on_where_only_the_tests_have_changed(root, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        trainer.Trainer(config(root), root, tmp_path / "run").run(interrupt_at(3))
    trained(root, tmp_path / "run", test={"late": {"path": "dev.txt"}})
    assert json.loads((tmp_path / "run/result.json").read_text())["tests"].keys() == {"late"}


@pytest.mark.parametrize("generator", ["bare", "unconditional", "prefix", "conditional"])
@pytest.mark.parametrize("head", ["linear", "crf"])
def test_every_way_of_distilling_learns_with_every_head_of_words(root, tmp_path, generator, head):
    student = {"generator": generator, "head": head}
    training = trained(root, tmp_path / "run", student=student, epochs=12, nll_student_weight=0.5)
    assert training.state.best_f1 > 80
    labelled = files.load(tmp_path / "run")[0]
    assert labelled.config.head == head


def test_without_distillation_only_the_knowledge_view_is_trained_and_chooses(root, tmp_path):
    training = trained(root, tmp_path / "run", student={"generator": "bare"}, alpha=0, epochs=12)
    losses = [line for line in metrics(tmp_path / "run") if "loss" in line]
    assert all("cpd" not in line and line["loss"] == line["nll"] for line in losses)
    dev = [line["dev"]["with_knowledge"] for line in metrics(tmp_path / "run") if "dev" in line]
    assert training.state.best_f1 == max(dev) > 90


def test_the_loss_is_equation_5(root, tmp_path):
    trained(root, tmp_path / "run", epochs=3, alpha=0.5, alpha_warmup=0, nll_student_weight=0.25)
    lines = [line for line in metrics(tmp_path / "run") if "loss" in line]
    assert lines
    for line in lines:
        assert line["loss"] == pytest.approx(line["nll"] + 0.5 * line["cpd"] + 0.25 * line["nll_student"], abs=2e-3)


def test_a_teacher_that_stands_still_teaches_a_student_that_sees_no_gold_label(root, tmp_path):
    trained(root, tmp_path / "teacher", student={"generator": "bare"}, alpha=0, epochs=12)
    training = trained(root, tmp_path / "run", teacher=tmp_path / "teacher", epochs=12)
    assert training.state.best_f1 > 90
    losses = [line for line in metrics(tmp_path / "run") if "loss" in line]
    assert all("nll" not in line and line["alpha"] == 1 for line in losses)  # such a teacher need not warm up


def test_a_teacher_labels_more_tweets_whose_own_labels_are_not_read(root, tmp_path):
    trained(root, tmp_path / "teacher", student={"generator": "bare"}, alpha=0, epochs=12)
    few = {"path": "train.txt", "knowledge": "train.knowledge.txt", "captions": "captions.txt", "limit": 2}
    more = {"path": "train.txt", "knowledge": "train.knowledge.txt", "rename": {"PER": "NOBODY", "LOC": "NOWHERE"}}
    changes = {"train": few, "teacher": tmp_path / "teacher", "nll_student_weight": 1.0, "epochs": 12}
    taught = trained(root, tmp_path / "taught", **changes, transfer=[more])
    assert len(taught.batches) == 7  # 2 + 24 tweets, 4 a batch
    assert taught.state.best_f1 > 90
    batches = [batch for batch, _ in taught.batches.epoch(0, seed=1, section_dropout=0)]
    assert sum((batch.labels[:, 0] != IGNORED).sum().item() for batch in batches) == 2
    for batch in batches:
        p = batch.posteriors.float().exp().sum(-1)[batch.asked]
        torch.testing.assert_close(p, torch.ones_like(p), atol=1e-2, rtol=0)


def test_the_tweets_of_pairs_are_labelled_for_a_student_of_entities_each_once(root, tmp_path):
    trained(root, tmp_path / "teacher", student={"generator": "bare"}, alpha=0, epochs=1)
    tiny.relations(root)
    pairs = root / "relations.txt"
    pairs.write_text(pairs.read_text() * 2)
    changes = {"teacher": tmp_path / "teacher", "transfer": [{"format": "mnre", "path": "relations.txt"}]}
    taught = trained(root, tmp_path / "taught", epochs=1, **changes)
    batches = [batch for batch, _ in taught.batches.epoch(0, seed=1, section_dropout=0)]
    assert sum(len(batch.asked) for batch in batches) == 24 + 12


def test_a_teacher_of_relations_labels_more_pairs(root, tmp_path):
    tiny.relations(root)
    split = {"format": "mnre", "path": "relations.txt"}
    changes = {"train": split, "dev": split, "epochs": 2}
    trained(root, tmp_path / "teacher", **changes, student={"head": "relation", "generator": "bare"}, alpha=0)
    few = {**split, "limit": 2}
    changes |= {"train": few, "student": {"head": "relation"}, "teacher": tmp_path / "teacher", "transfer": [split]}
    taught = trained(root, tmp_path / "taught", **changes, nll_student_weight=1.0)
    batches = [batch for batch, _ in taught.batches.epoch(0, seed=1, section_dropout=0)]
    assert sum(len(batch.labels) for batch in batches) == 14
    assert sum((batch.labels != IGNORED).sum().item() for batch in batches) == 2


def test_a_label_that_the_teacher_lacks_is_refused_before_it_labels_anything(root, tmp_path, monkeypatch):
    trained(root, tmp_path / "teacher", student={"generator": "bare"}, alpha=0, epochs=1)
    monkeypatch.setattr(trainer.FrozenTeacher, "posteriors", lambda *_, **__: pytest.fail("it labelled"))
    train = {"path": "train.txt", "rename": {"LOC": "CITY"}}
    with pytest.raises(BadInput, match="train has label 'B-CITY', which the teacher doesn't: `rename` it"):
        trainer.Trainer(config(root, train=train, teacher=tmp_path / "teacher"), root, tmp_path / "run")


def test_a_teacher_of_another_task_is_refused(root, tmp_path):
    trained(root, tmp_path / "teacher", student={"generator": "bare"}, alpha=0, epochs=1)
    tiny.relations(root)
    split = {"format": "mnre", "path": "relations.txt"}
    changes = {"train": split, "dev": split, "student": {"head": "relation"}, "teacher": tmp_path / "teacher"}
    with pytest.raises(BadInput, match="has head 'linear', which answers another question than 'relation'"):
        trainer.Trainer(config(root, **changes), root, tmp_path / "run")


def test_a_student_begins_with_its_teachers_weights_if_they_are_alike(root, tmp_path):
    trained(root, tmp_path / "teacher", student={"generator": "bare"}, alpha=0, epochs=12)
    teacher, _ = files.load(tmp_path / "teacher")
    for change, is_alike in (({}, True), ({"head": "crf"}, False), ({"layers": 1}, False)):
        changes = {"teacher": tmp_path / "teacher", "student": change}
        student = trainer.Trainer(config(root, **changes), root, tmp_path / "run").student
        weights = zip(student.encoder.parameters(), teacher.encoder.parameters(), strict="layers" not in change)
        assert all(torch.equal(ours, theirs) for ours, theirs in weights) == is_alike


def test_a_training_goes_on_from_the_start_that_it_names_with_its_generator_and_another_teacher(root, tmp_path):
    trained(root, tmp_path / "start", epochs=12)
    trained(root, tmp_path / "teacher", student={"head": "crf", "generator": "bare"}, alpha=0, epochs=1)
    start, _ = files.load(tmp_path / "start")
    changes = {"start": tmp_path / "start", "teacher": tmp_path / "teacher"}
    student = trainer.Trainer(config(root, **changes), root, tmp_path / "run").student
    ours, theirs = files.trained_weights(student), files.trained_weights(start)
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    again = trained(root, tmp_path / "alone", start=tmp_path / "start", epochs=1)
    assert again.state.best_f1 == 100  # after one epoch: it had learnt all of it before


def test_a_generator_of_another_make_begins_afresh(root, tmp_path):
    trained(root, tmp_path / "start", epochs=1)
    start, _ = files.load(tmp_path / "start")
    changes = {"start": tmp_path / "start", "student": {"prompt_length": 3}}
    student = trainer.Trainer(config(root, **changes), root, tmp_path / "run").student
    assert all(torch.equal(a, b) for a, b in zip(student.head.parameters(), start.head.parameters(), strict=True))
    assert not torch.equal(next(student.generator.parameters()), next(start.generator.parameters()))


def test_a_start_that_is_unlike_is_refused(root, tmp_path):
    trained(root, tmp_path / "start", student={"head": "crf"}, epochs=1)
    with pytest.raises(BadInput, match=r"start .*/start has head = 'crf', student\.head is 'linear'"):
        trainer.Trainer(config(root, start=tmp_path / "start"), root, tmp_path / "run")


def test_a_start_and_a_teacher_of_other_types_are_refused(root, tmp_path):
    split = {"path": "train.txt", "rename": {"LOC": "CITY"}}
    trained(root, tmp_path / "start", train=split, dev=split, test={}, epochs=1)
    trained(root, tmp_path / "teacher", epochs=1)
    changes = {"start": tmp_path / "start", "teacher": tmp_path / "teacher"}
    with pytest.raises(BadInput, match=r"start .* has labels .*B-CITY.*, teacher .*B-LOC.*: both must be"):
        trainer.Trainer(config(root, **changes), root, tmp_path / "run")
    with pytest.raises(BadInput, match="train has label 'B-LOC', which the start doesn't: `rename` it"):
        trainer.Trainer(config(root, start=tmp_path / "start"), root, tmp_path / "run")


def test_relations_are_learnt_from_marked_spans(root, tmp_path):
    tiny.relations(root)
    split = {"format": "mnre", "path": "relations.txt"}
    training = trained(
        root,
        tmp_path / "run",
        student={"head": "relation"},
        train=split,
        dev=split,
        test={"again": split},
        epochs=30,
        nll_student_weight=1.0,
    )
    assert training.state.best_f1 > 90
    scores = json.loads((tmp_path / "run/result.json").read_text())["tests"]["again"]["without_knowledge"]
    assert scores["f1"] == training.state.best_f1
    assert scores["label_set"] == "2 relations"


def test_a_student_of_relations_needs_relations(root, tmp_path):
    with pytest.raises(BadInput, match="has no relation: head 'relation' needs a corpus such as MNRE"):
        trainer.Trainer(config(root, student={"head": "relation"}), root, tmp_path / "run")


@pytest.mark.parametrize(
    ("native", "wanted", "took"), [(True, True, "bf16"), (False, True, "fp32"), (True, False, "fp32")]
)
def test_bfloat16_is_taken_where_it_is_wanted_and_the_processor_has_it(
    root, tmp_path, monkeypatch, native, wanted, took
):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": native})
    training = trainer.Trainer(config(root, bf16=wanted, epochs=1), root, tmp_path / "run")
    kinds = set()
    dense = training.student.encoder.get_submodule("encoder.layer.0.intermediate.dense")
    dense.register_forward_hook(lambda _module, _given, states: kinds.add(states.dtype))
    assert training.run(lambda _: None)["precision"] == took
    assert (torch.bfloat16 in kinds) == (took == "bf16")


def test_training_ends_early_when_dev_no_longer_gains(root, tmp_path):
    training = trained(root, tmp_path / "run", epochs=30, patience=2)
    state = training.state
    assert state.scored == min(30, state.best_epoch + 2)


def test_tests_are_scored_once_with_the_weights_that_are_kept(root, tmp_path):
    split = {"path": "dev.txt", "captions": "captions.txt", "knowledge": "dev.knowledge.txt"}
    training = trained(root, tmp_path / "run", test={"dev again": split}, epochs=12)
    result = json.loads((tmp_path / "run/result.json").read_text())
    assert result["best_epoch"] == training.state.best_epoch
    assert result["tests"]["dev again"]["without_knowledge"]["f1"] == result["best_dev_f1"]


def test_two_cannot_train_in_one_folder(root, tmp_path):
    with at_work(tmp_path / "run"), pytest.raises(BadInput, match="another process is training in"):
        trainer.Trainer(config(root), root, tmp_path / "run").run(lambda _: None)


TWICE_THE_BATCH = """
batch_size = {size}
epochs = 10
bf16 = false
[student]
encoder = "calm"
dropout = 0.0
max_length = 64
prompt_length = 4
[train]
path = "train.txt"
captions = "captions.txt"
knowledge = "train.knowledge.txt"
limit = 23
[dev]
path = "dev.txt"
captions = "captions.txt"
knowledge = "dev.knowledge.txt"
"""


def test_two_processes_take_the_same_course_as_one_with_twice_the_batch(root, tmp_path):
    tiny.encoder(root / "calm", dropout=0.0)  # each process has dropout of its own
    for name, processes, size in (("one", 1, 8), ("two", 2, 4)):
        file = tmp_path / f"{name}.toml"
        file.write_text(TWICE_THE_BATCH.format(size=size).replace('"calm"', f'"{root / "calm"}"'))
        launch = ["-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes=2"] if processes > 1 else []
        command = ["-m", "core", "train", str(file), "--data", str(root), "--out", str(tmp_path / name)]
        subprocess.run([sys.executable, *launch, *command], check=True, capture_output=True, timeout=200)  # noqa: S603
    one, two = metrics(tmp_path / "one"), metrics(tmp_path / "two")
    assert len([line for line in one if "loss" in line]) == 3  # 30 steps on batches of 7 or 8: the halves differ
    assert [line["step"] for line in one] == [line["step"] for line in two]
    for ours, theirs in zip(one, two, strict=True):
        for part in {"loss", "nll", "cpd", "nll_student"} & ours.keys():
            assert ours[part] == pytest.approx(theirs[part], rel=1e-3, abs=1e-3)
        assert ours.get("dev") == theirs.get("dev")
