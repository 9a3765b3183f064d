"""Models are loaded once, however many threads ask, and anew where the settings differ."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.errors import BadInput, Unavailable
from core.models import Models
from core.settings import Settings


def test_many_threads_get_the_same_student(student: Path) -> None:
    models, settings = Models(), Settings.read(student=str(student))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: models.student(settings), range(16)))
    assert len({id(each) for each in found}) == 1


def test_another_choice_is_another_model() -> None:
    models = Models()
    first, other = (
        Settings.read(teacher_url="http://127.0.0.1:9/v1", teacher_model=name) for name in ("gpt-a", "gpt-b")
    )
    assert models.teacher(first) is models.teacher(first)
    assert models.teacher(first) is not models.teacher(other)


def test_a_model_that_could_not_be_loaded_is_tried_again(tmp_path: Path, student: Path) -> None:
    models, settings = Models(), Settings.read(student="mine", workspace=tmp_path)
    with pytest.raises(BadInput, match="no student is called 'mine'"):
        models.student(settings)
    (tmp_path / "students").mkdir()
    (tmp_path / "students" / "mine").symlink_to(student)
    assert models.student(settings).name == "mine"


def test_a_captioner_without_its_weights_says_which_setting_is_missing() -> None:
    with pytest.raises(Unavailable, match="COTPD_BLIP2"):
        Models().captioner(Settings.read(captioner="blip2"))
