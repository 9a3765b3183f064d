"""A student on disk: saved, read again, and refused where it is broken or cannot be."""

import pytest
import torch
from pydantic import ValidationError

from core.errors import BadInput
from core.student import files
from core.student.config import StudentConfig
from core.student.folder import CONFIG, WEIGHTS
from tests.students import LABELS, TWEET, logits


def test_a_saved_student_answers_as_before_and_leaves_out_the_encoders_own_embeddings(untrained, tmp_path):
    student, _ = untrained
    files.save(student, tmp_path)
    again = files.load(tmp_path)
    before = logits(untrained, [(TWEET, ["a city ."])], "with_knowledge")
    after = logits(again, [(TWEET, ["a city ."])], "with_knowledge")
    torch.testing.assert_close(before, after, atol=2e-2, rtol=2e-2)  # half precision on disk
    names = files.load_file(tmp_path / WEIGHTS).keys()
    assert "generator.queries" in names
    assert not [name for name in names if "word_embeddings" in name or name.startswith("embedding.")]


def test_broken_students_are_refused_by_name(untrained, tmp_path):
    with pytest.raises(BadInput, match=r"holds no student: student\.json.*train it first"):
        files.load(tmp_path)
    files.save(untrained[0], tmp_path)
    (tmp_path / WEIGHTS).write_bytes(b"not weights")
    with pytest.raises(BadInput, match=r"student\.safetensors is broken"):
        files.load(tmp_path)
    (tmp_path / CONFIG).write_text('{"labels": []}')
    with pytest.raises(BadInput, match=r"student\.json is broken: labels"):
        files.load(tmp_path)


@pytest.mark.parametrize(("field", "value"), [("head", "tree"), ("generator", "oracle"), ("prompt_length", 50)])
def test_a_student_that_cannot_be_is_refused(field, value):
    with pytest.raises(ValidationError, match=str(value)):
        StudentConfig(labels=LABELS, max_length=50, **{field: value})
