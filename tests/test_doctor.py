"""The doctor's findings: every model there is, and what the settings choose, usable or not."""

import shutil
from pathlib import Path

from core.doctor import Finding, examine
from core.settings import Settings


def findings(kind: str, **settings: object) -> dict[str, Finding]:
    return {each.name: each for each in examine(Settings.read(**settings)) if each.kind == kind}


def test_a_captioner_that_lacks_weights_says_what_to_set() -> None:
    found = findings("captioner")
    assert (found["describe"].chosen, found["describe"].problem) == (True, None)
    assert not found["blip2"].chosen
    assert "COTPD_BLIP2" in (found["blip2"].problem or "")


def test_captioners_outside_this_process_say_what_they_need(tmp_path: Path) -> None:
    found = findings("captioner", lavis_python=tmp_path / "python")
    assert "run `make lavis`" in (found["lavis"].problem or "")
    assert "set COTPD_VISION_MODEL" in (found["vision"].problem or "")
    configured = findings("captioner", captioner="vision", vision_model="m", vision_url="http://127.0.0.1:9/v1")
    assert (configured["vision"].chosen, configured["vision"].problem) == (True, None)


def test_an_endpoint_that_is_configured_is_the_teacher() -> None:
    assert findings("teacher", teacher_url="http://127.0.0.1:9/v1", teacher_model="m")["endpoint"].chosen
    unset = findings("teacher")["endpoint"]
    assert "COTPD_TEACHER_MODEL" in (unset.problem or "")


def test_a_student_of_the_workspace_is_found_by_name(tmp_path: Path, student: Path) -> None:
    shutil.copytree(student, tmp_path / "students" / "mine")
    found = findings("student", workspace=tmp_path, student="mine")["mine"]
    assert (found.chosen, found.problem) == (True, None)
    (tmp_path / "students" / "mine" / "student.safetensors").unlink()
    broken = findings("student", workspace=tmp_path, student="mine")["mine"]
    assert "student.safetensors is missing" in (broken.problem or "")


def test_students_stand_under_their_task(tmp_path: Path, student: Path, relation_student: Path) -> None:
    shutil.copytree(student, tmp_path / "students" / "mine")
    shutil.copytree(relation_student, tmp_path / "students" / "pairs")
    found = findings("relation_student", workspace=tmp_path, relation_student="pairs")
    assert (found["pairs"].chosen, found["pairs"].problem) == (True, None)
    assert "mine" not in found
    assert "pairs" not in findings("student", workspace=tmp_path)
    wrong = findings("relation_student", workspace=tmp_path, relation_student="mine")["mine"]
    assert (wrong.chosen, wrong.problem) == (True, "it does not find relations")


def test_a_student_that_is_named_by_its_folder_is_examined_too(student: Path, tmp_path: Path) -> None:
    found = findings("student", student=str(student))[str(student)]
    assert (found.chosen, found.problem) == (True, None)
    missing = findings("student", student=str(tmp_path))[str(tmp_path)]
    assert "holds no student" in (missing.problem or "")
