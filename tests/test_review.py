"""Decisions about variants: the latest counts, the history stays, and all of it outlives the process."""

from pathlib import Path

import pytest

from core.domain import Augmentation
from core.errors import BadInput, Forbidden
from core.identity import Person, local
from core.models import Models
from core.review import decide
from core.settings import Settings
from core.store import Store
from core.workbench import Workbench
from tests.loopback import Loopback


@pytest.fixture
def variant(tmp_path: Path, models: Models, student: Path, loopback: Loopback) -> Augmentation:
    loopback.answer = lambda request: "OMG ana just went to paris !!!"
    settings = Settings.read(
        workspace=tmp_path, student=str(student), teacher_url=loopback.url, teacher_model="m", teacher_prompts="local"
    )
    bench = Workbench(settings, models=models)
    sample, _ = bench.sample("ana goes to paris !", None)
    made = bench.augment("style", sample, bench.entities(sample))
    bench.store.close()
    return made


def test_the_latest_decision_counts_and_the_history_stays(tmp_path: Path, variant: Augmentation) -> None:
    with Store(tmp_path) as store:
        decide(store, variant.id, "rejected", by=local("Ada"), reason="too loud")
        decide(store, variant.id, "approved", by=local("  Grace "))
    with Store(tmp_path) as reopened:
        history = reopened.decisions(variant.id)
        assert [(each.choice, each.reviewer, each.reason) for each in history] == [
            ("rejected", "Ada", "too loud"),
            ("approved", "Grace", None),
        ]
        assert history[0].at <= history[1].at
        assert [approval.augmentation for approval in reopened.approved()] == [variant]
        decide(reopened, variant.id, "withdrawn", by=local("Grace"))
        assert reopened.approved() == []


@pytest.mark.parametrize("name", ["", "   ", "a" * 101])
def test_a_decision_needs_a_name(tmp_path: Path, variant: Augmentation, name: str) -> None:
    with Store(tmp_path) as store:
        with pytest.raises(BadInput, match="needs your name"):
            decide(store, variant.id, "approved", by=local(name))
        assert store.decisions(variant.id) == []


def test_a_viewer_decides_nothing(tmp_path: Path, variant: Augmentation) -> None:
    with Store(tmp_path) as store:
        for choice in ("approved", "rejected", "withdrawn"):
            with pytest.raises(Forbidden, match=r"a viewer may not decide on variants; .* make you a reviewer"):
                decide(store, variant.id, choice, by=Person("Eve", "viewer"))
        assert store.decisions(variant.id) == []


def test_a_reviewer_takes_back_what_they_decided_and_a_curator_what_anybody_did(
    tmp_path: Path, variant: Augmentation
) -> None:
    ada, bo, eve = Person("Ada", "reviewer"), Person("Bo", "reviewer"), Person("Eve", "curator")
    with Store(tmp_path) as store:
        decide(store, variant.id, "approved", by=ada)
        with pytest.raises(Forbidden, match="a reviewer may not undo the decisions of others"):
            decide(store, variant.id, "withdrawn", by=bo)
        decide(store, variant.id, "withdrawn", by=ada)
        decide(store, variant.id, "approved", by=bo)
        decide(store, variant.id, "withdrawn", by=eve)
        assert [each.reviewer for each in store.decisions(variant.id)] == ["Ada", "Ada", "Bo", "Eve"]
