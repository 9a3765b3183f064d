"""`core doctor` and `core fetch`, run as their users run them."""

import json
from pathlib import Path

import pytest

from tests.commands import core, document, finished

pytestmark = pytest.mark.usefixtures("workspace")


def test_doctor_says_what_can_be_used_and_why_the_rest_cannot(student: Path) -> None:
    status, stdout, _ = finished("doctor", "--json")
    assert status == 0
    answer = json.loads(stdout)
    captioner = {each["name"]: each for each in answer["captioner"]}
    assert captioner["describe"] == {"name": "describe", "chosen": True, "problem": None}
    assert "COTPD_BLIP2" in captioner["blip2"]["problem"]
    assert {"name": "endpoint", "chosen": True, "problem": None} in answer["teacher"]
    assert {"name": str(student), "chosen": True, "problem": None} in answer["student"]


def test_doctor_tells_people_about_a_student_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COTPD_STUDENT", "nobody")
    result = core("doctor")
    assert result.exit_code == 0
    assert "student" in result.stdout
    assert "nobody holds no student" in result.stdout


def test_fetch_gets_nothing_where_an_endpoint_is_configured() -> None:
    assert document(core("fetch", "--json")) == {"fetched": None}
