"""A training's configuration: what is refused, what follows from it before the first step."""

from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError

from core.corpora import Row
from core.domain import Grain, Sample
from core.errors import BadInput
from core.student import files
from core.student.config import StudentConfig, StudentOptions
from core.student.views import sections
from core.training.config import Split, TrainConfig, Variants
from core.training.optimizer import alpha_at, optimizer, rate_at
from core.training.sections import kept_sections
from tests.tiny import config


@pytest.fixture
def root(corpora: Path) -> Path:
    """A folder with a tiny encoder and a tiny corpus."""
    return corpora


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("epochs", 0),
        ("encoder_lr", -1),
        ("section_dropout", 1.0),
        ("patience", 0),
        ("temperature", 0),
        ("batch_size", 0),
        ("head_lr", 0),
        ("crf_lr", -0.1),
        ("weight_decay", -1),
        ("warmup", 1.0),
        ("clip", 0),
        ("seed", -1),
        ("alpha", -1),
        ("alpha_warmup", 16.0),
        ("nll_student_weight", -1),
        ("epocs", 3),
    ],
)
def test_a_bad_configuration_is_refused_naming_field_and_value(tmp_path, field, value):
    file = tmp_path / "train.toml"
    file.write_text(f'{field} = {value}\n[train]\npath = "a"\n[dev]\npath = "b"\n')
    with pytest.raises(BadInput, match=rf"train\.toml: {field} = {value:g}"):
        TrainConfig.read(file)


@pytest.mark.parametrize("part", [TrainConfig, StudentOptions, Split, Variants])
def test_no_field_takes_a_value_of_another_type(part):
    for field, info in part.model_fields.items():
        value = 7 if info.annotation is str or "Path" in str(info.annotation) else "many words"
        with pytest.raises(ValidationError) as refusal:
            part.model_validate({field: value})
        assert (field,) in {error["loc"][:1] for error in refusal.value.errors()}, info


@pytest.mark.parametrize(("field", "value"), [("epochs", "true"), ("batch_size", '"32"'), ("bf16", '"no"')])
def test_a_value_of_a_like_type_is_refused_too(tmp_path, field, value):
    file = tmp_path / "train.toml"
    file.write_text(f'{field} = {value}\n[train]\npath = "a"\n[dev]\npath = "b"\n')
    with pytest.raises(BadInput, match=rf"train\.toml: {field} = "):
        TrainConfig.read(file)


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ("[student]\nmax_length = 9999", r"student\.max_length = 9999"),
        ("[student]\nhead = 'tree'", r"student\.head = 'tree': there is no such one; there are: crf, linear, relation"),
        ("[student]\ngenerator = 'tree'", r"student\.generator = 'tree'.*bare, conditional, prefix, unconditional"),
        ("[test.x]\npath = 'c'\nformat = 'xml'", r"test\.x\.format = 'xml': .*jsonl, .*mnre, .*twitter"),
        ("[test.x]\npath = 'c'\nwithout = ['verbs']", r"test\.x\.without = .*'verbs' is no part"),
        (
            "alpha = 0",
            r"student\.generator = 'conditional' would not be trained with alpha = 0 and nll_",
        ),
        ("[[transfer]]\npath = 'c'", "transfer, of c, needs a teacher that stands still"),
        ("teacher = ''", "teacher = '': this names nothing"),
        ("start = ''", "start = '': this names nothing"),
        ("[test.x]\npath = ''", r"test\.x\.path = '': this names nothing"),
        ("[test.x]\npath = 'c'\ncaptions = ''", r"test\.x\.captions = '': this names nothing"),
        ("[augment]\npath = '.'", r"augment\.path = '\.': this names nothing"),
        ("[student]\nlayers = 0", r"student\.layers = 0"),
        ("[student]\ndropout = 1.0", r"student\.dropout = 1"),
        ("[student]\nprecision = 'fp8'", r"student\.precision = 'fp8'"),
        ("[student]\nprompt_source = 'stars'", r"student\.prompt_source = 'stars'"),
        ("[student]\nprompt_layers = 13", r"student\.prompt_layers = 13"),
        ("[student]\nprompt_length = 254", "prompt_length 254 leaves no room in rows of 256"),
        (
            "[student]\ngenerator = 'prefix'\nprompt_layers = 3",
            "prompt_layers = 3 is of generator 'conditional', not of 'prefix'",
        ),
        ("[test.x]\npath = 'c'\nlimit = 0", r"test\.x\.limit = 0"),
        ("[test.x]\npath = 'c'\ndraw = 1", r"draw = 1 needs a limit"),
        ("[augment]\npath = 'c'\ntimes = 0", r"augment\.times = 0"),
    ],
)
def test_a_bad_part_is_refused_naming_where_it_stands(tmp_path, lines, complaint):
    file = tmp_path / "train.toml"
    tables = '[train]\npath = "a"\n[dev]\npath = "b"\n'
    file.write_text(f"{tables}{lines}\n" if lines.startswith("[") else f"{lines}\n{tables}")
    with pytest.raises(BadInput, match=complaint):
        TrainConfig.read(file)


def test_a_teacher_that_would_teach_nothing_is_refused(root):
    with pytest.raises(ValidationError, match="would teach nothing with alpha = 0"):
        config(root, teacher="somewhere", alpha=0)


def test_a_configuration_that_is_missing_or_no_toml_is_refused(tmp_path):
    with pytest.raises(BadInput, match="No such file"):
        TrainConfig.read(tmp_path / "none.toml")
    (tmp_path / "broken.toml").write_text("epochs = = 3")
    with pytest.raises(BadInput, match="is not TOML"):
        TrainConfig.read(tmp_path / "broken.toml")


def test_alpha_rises_while_the_teacher_learns(root):
    rising = config(root, alpha=2.0, alpha_warmup=2.0)
    assert [alpha_at(epochs, rising) for epochs in (0, 0.5, 1, 2, 3)] == [0, 0.5, 1, 2, 2]
    assert alpha_at(0, config(root, alpha=2.0, alpha_warmup=0.0)) == 2
    assert alpha_at(0, config(root, alpha=2.0, teacher="somewhere")) == 2


def test_the_learning_rate_rises_and_falls_in_straight_lines():
    rates = [rate_at(step, steps=20, warmup=0.2) for step in range(20)]
    assert rates[:4] == pytest.approx([0.25, 0.5, 0.75, 1.0])
    assert rates[4] == pytest.approx(1.0)
    assert rates[12] == pytest.approx(0.5)
    assert rates[19] == pytest.approx(1 / 16)


def test_each_part_of_a_student_has_its_learning_rate_and_only_matrices_decay(root):
    values = config(root, student={"head": "crf"}, encoder_lr=1e-4, head_lr=2e-3, crf_lr=3e-2, weight_decay=0.1)
    student, _ = files.new(StudentConfig(**values.student.model_dump(), labels=("O", "B-PER", "I-PER")))
    found = {
        id(weight): (group["lr"], group["weight_decay"])
        for group in optimizer(student, values).param_groups
        for weight in group["params"]
    }
    expected = {
        "encoder.encoder.layer.0.attention.self.query.weight": (1e-4, 0.1),
        "encoder.encoder.layer.0.attention.self.query.bias": (1e-4, 0),
        "generator.queries": (2e-3, 0.1),
        "head.classifier.2.weight": (2e-3, 0.1),
        "head.classifier.0.weight": (2e-3, 0),
        "head.transitions": (3e-2, 0),
        "head.start": (3e-2, 0),
    }
    weights = dict(student.named_parameters())
    assert {name: found[id(weights[name])] for name in expected} == expected
    assert found.keys() == {id(weight) for weight in weights.values() if weight.requires_grad}


@pytest.mark.parametrize(
    ("without", "expected"),
    [
        ((), ["a city", "Named: ana. Reasoning: ana sings."]),
        (("caption",), ["Named: ana. Reasoning: ana sings."]),
        (("entities",), ["a city", "Reasoning: ana sings."]),
        (("reasoning",), ["a city", "Named: ana."]),
        (("entities", "reasoning"), ["a city"]),
    ],
)
def test_parts_of_published_knowledge_can_be_left_out(without, expected):
    row = Row(Sample.from_text("ana"), "a city", {"mixed": "Named: ana. Reasoning: ana sings."})
    assert kept_sections(row, without) == expected


@pytest.mark.parametrize("grain", get_args(Grain))
def test_a_training_reads_whatever_a_prediction_reads(grain):
    row = Row(Sample.from_text("ana"), "a city", {grain: "ana sings."})
    assert kept_sections(row, ()) == sections(row.caption, row.knowledge) == ["a city", "ana sings."]
    assert kept_sections(row, ("caption",)) == ["ana sings."]


def test_grains_of_our_teachers_can_be_left_out_one_by_one():
    row = Row(Sample.from_text("ana"), None, {"noun": "n", "sentence": "s", "multimodality": "m"})
    assert kept_sections(row, ("sentence",)) == ["n", "m"]
