"""Settings: a file, then the environment, then flags; what is unknown or wrong is refused by name."""

from pathlib import Path

import pytest

from core.errors import BadInput
from core.settings import Settings


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_flags_come_before_the_environment_and_that_before_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("cotpd.toml").write_text('captioner = "of the file"\nteacher = "of the file"\nstudent = "of the file"\n')
    monkeypatch.setenv("COTPD_TEACHER", "of the environment")
    monkeypatch.setenv("COTPD_STUDENT", "of the environment")
    settings = Settings.read(student="of a flag")
    assert (settings.captioner, settings.teacher, settings.student) == (
        "of the file",
        "of the environment",
        "of a flag",
    )


def test_a_flag_that_was_not_given_changes_nothing() -> None:
    assert Settings.read(student=None) == Settings.read()


def test_another_file_may_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("teacher_timeout = 5\n")
    monkeypatch.setenv("COTPD_CONFIG", str(tmp_path / "mine.toml"))
    assert Settings.read().teacher_timeout == 5


def test_a_named_file_that_is_missing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COTPD_CONFIG", "none.toml")
    with pytest.raises(BadInput, match=r"COTPD_CONFIG is 'none\.toml', which is no file"):
        Settings.read()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('teecher = "x"', r"'teecher' .*does not exist; there are: workspace"),
        ("teacher_timeout = -1", r"'teacher_timeout' .*greater than 0"),
        ("captioner = 3", r"'captioner' .*valid string"),
        ("captioner = = 3", r"cotpd\.toml is not TOML"),
    ],
)
def test_a_mistake_in_the_file_is_refused_by_name(text: str, complaint: str) -> None:
    Path("cotpd.toml").write_text(text)
    with pytest.raises(BadInput, match=complaint):
        Settings.read()


def test_a_file_that_is_no_text_is_refused() -> None:
    Path("cotpd.toml").write_bytes(b'student = "caf\xe9"')
    with pytest.raises(BadInput, match=r"cotpd\.toml is not TOML"):
        Settings.read()


def test_people_that_are_no_list_are_refused_without_their_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COTPD_PEOPLE", "ada@example.org")
    with pytest.raises(BadInput, match=r"COTPD_PEOPLE .* is no JSON object of e-mail and role$"):
        Settings.read()


def test_an_unknown_variable_of_ours_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COTPD_TEECHER", "x")
    with pytest.raises(BadInput, match=r"COTPD_TEECHER .*does not exist"):
        Settings.read()


def test_no_setting_holds_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    assert "sk-secret" not in repr(Settings.read())
