"""A database that is locked, read-only, damaged or too new: said in words, and nothing lost."""

import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image
from sqlite_utils import Database, Migrations

from core.domain import Augmentation, Decision, Maker, Sample
from core.errors import StoreError
from core.store import Approval, Store, connection
from core.store.migrations import STEPS, migrate

NOBODY = 65534
SAMPLE = Sample.from_text("Ada in London")
LOCKER = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that other users can reach; pytest's own ones are private."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without root's right to write everything, where the tests run as root."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


def test_a_database_that_another_process_has_locked_is_named_and_works_again_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "BUSY_SECONDS", 0.1)
    with Store(tmp_path) as store:
        command = [sys.executable, "-c", LOCKER, str(tmp_path / "workspace.db")]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:  # noqa: S603
            assert other.stdout is not None
            assert other.stdout.readline() == "locked\n"
            with pytest.raises(
                StoreError, match=r"workspace\.db has been locked by another program.*nothing was stored; try again"
            ):
                store.add(SAMPLE)
            assert store.sample(SAMPLE.id) is None
            with Store(tmp_path) as second:
                assert second.recent() == []
            other.communicate("\n")
        store.add(SAMPLE)
        assert store.sample(SAMPLE.id) == SAMPLE


def test_a_writer_waits_for_another_that_is_soon_done(tmp_path: Path) -> None:
    with Store(tmp_path) as store, closing(sqlite3.connect(tmp_path / "workspace.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writer = threading.Thread(target=store.add, args=(SAMPLE,))
        writer.start()
        assert store.sample(SAMPLE.id) is None
        other.execute("COMMIT")
        writer.join()
        assert store.sample(SAMPLE.id) == SAMPLE


@pytest.mark.parametrize(("folder_mode", "file_mode"), [(0o555, 0o444), (0o555, 0o644), (0o777, 0o444)])
def test_a_read_only_workspace_can_be_read_and_says_why_it_cannot_be_written(
    place: Path, folder_mode: int, file_mode: int
) -> None:
    workspace = place / "workspace"
    with Store(workspace) as store:
        store.add(SAMPLE)
    (workspace / "workspace.db").chmod(file_mode)
    workspace.chmod(folder_mode)
    with as_nobody(), Store(workspace) as store:
        assert store.sample(SAMPLE.id) == SAMPLE
        with pytest.raises(
            StoreError, match=r"workspace\.db is read-only: nothing was stored; give yourself the right"
        ):
            store.add(Sample.from_text("another"))
        assert store.sample(SAMPLE.id) == SAMPLE
    workspace.chmod(0o755)
    (workspace / "workspace.db").chmod(0o644)
    with Store(workspace) as store:
        store.add(Sample.from_text("another"))


def test_a_workspace_of_a_server_that_still_runs_can_be_read_by_who_may_not_write(place: Path) -> None:
    workspace = place / "workspace"
    with Store(workspace) as server:
        server.add(SAMPLE)
        workspace.chmod(0o555)
        with as_nobody(), Store(workspace) as reader:
            assert reader.sample(SAMPLE.id) == SAMPLE
            with pytest.raises(StoreError, match="read-only"):
                reader.study(SAMPLE)


def test_a_workspace_or_picture_that_cannot_be_made_is_named(place: Path) -> None:
    workspace = place / "workspace"
    with Store(workspace):
        pass
    workspace.chmod(0o555)
    with as_nobody():
        with pytest.raises(StoreError, match=r"the workspace .*nested cannot be made \(Permission denied\)"):
            Store(workspace / "nested")
        with Store(workspace) as store, pytest.raises(StoreError, match="picture cannot be kept"):
            store.save_image(Image.new("RGB", (2, 2)))
        workspace_of_no_one = place / "empty"
    workspace_of_no_one.mkdir(mode=0o555)
    with as_nobody(), pytest.raises(StoreError, match=r"empty/workspace\.db cannot be opened"):
        Store(workspace_of_no_one)


def test_a_file_that_is_no_database_is_named_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "workspace.db"
    file.write_text("a shopping list, long enough to be looked at as a page" * 100)
    before = file.read_bytes()
    with pytest.raises(StoreError, match=r"workspace\.db is not a database; move it aside"):
        Store(tmp_path)
    assert file.read_bytes() == before


def test_a_damaged_database_is_named(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.add(*(Sample.from_text(f"tweet {number}") for number in range(500)))
    file = tmp_path / "workspace.db"
    content = bytearray(file.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    file.write_bytes(content)
    with (
        pytest.raises(StoreError, match=r"workspace\.db is damaged; move it aside and restore a copy"),
        Store(tmp_path) as store,
    ):
        store.sample(SAMPLE.id)


def test_a_record_that_was_changed_by_hand_is_named(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.add(SAMPLE)
        with sqlite3.connect(tmp_path / "workspace.db") as other:
            other.execute("UPDATE samples SET record = '{}'")
        with pytest.raises(StoreError, match="a row of samples is no Sample"):
            store.sample(SAMPLE.id)


def test_a_workspace_where_a_file_stands_is_refused(tmp_path: Path) -> None:
    (tmp_path / "workspace").write_text("a file")
    with pytest.raises(StoreError, match="cannot be made"):
        Store(tmp_path / "workspace")


def test_migrations_make_an_empty_database_whole_and_find_nothing_to_do_after(tmp_path: Path) -> None:
    db = Database(memory=True)
    migrate(db, tmp_path)
    schema = db.schema
    assert {
        "samples",
        "memberships",
        "captions",
        "knowledge",
        "augmentations",
        "predictions",
        "decisions",
        "attempts",
    } <= set(db.table_names())
    migrate(db, tmp_path)
    assert db.schema == schema


def test_a_database_of_an_older_version_gains_the_steps_it_lacks_and_keeps_what_it_has(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "workspace.db")) as old:
        db = Database(old)
        oldest = Migrations("workspace")
        oldest()(STEPS[0])
        oldest.apply(db)
        db["samples"].insert({"id": SAMPLE.id, "task": "mner", "text": SAMPLE.text, "record": SAMPLE.model_dump_json()})
    with Store(tmp_path) as store:
        assert store.sample(SAMPLE.id) == SAMPLE
        assert store.attempts.latest("any") is None


def test_variants_of_pairs_that_a_student_of_entities_was_asked_about_are_asked_about_anew(tmp_path: Path) -> None:
    maker = Maker(model="pen", created=datetime(2026, 5, 1, tzinfo=UTC))
    pair = SAMPLE.of_pair(*SAMPLE.tokens[:2])
    other = Sample.from_text("Bob at Acme").of_pair("Bob", "Acme")
    made = [
        Augmentation(parent_id=parent.id, kind="style", answer="", variant=variant, maker=maker)
        for parent, variant in ((pair, SAMPLE), (SAMPLE, other))
    ]
    with Store(tmp_path) as store:
        store.add(SAMPLE, pair, *made)
        store.add_corpus("demo", "pairs", [SAMPLE])
        for item in store.queue.unasked(["it"], 2):
            store.queue.keep_opinion(item, "it", [], uncertainty=0.5, changes=0)
        assert store.queue.unasked_count(["it"]) == 0
    with closing(sqlite3.connect(tmp_path / "workspace.db")) as db, db:
        db.execute("DELETE FROM _sqlite_migrations WHERE name = 'm011_pairs'")
    with Store(tmp_path) as store:
        assert [item.variant for item in store.queue.unasked(["it"], 2)] == [other]
        assert store.samples("demo", "pairs, imported") == [SAMPLE]


def test_variants_whose_student_was_told_too_much_are_asked_about_anew(tmp_path: Path) -> None:
    maker = Maker(model="pen", created=datetime(2026, 5, 1, tzinfo=UTC))
    other = Sample.from_text("Bob in Rome")
    made = [
        Augmentation(parent_id=SAMPLE.id, kind=kind, answer=kind, variant=other, maker=maker)
        for kind in ("style", "entity")
    ]
    with Store(tmp_path) as store:
        store.add(SAMPLE, *made)
        for item in store.queue.unasked(["it"], 2):
            store.queue.keep_opinion(item, "it", [], uncertainty=0.5, changes=0)
    with closing(sqlite3.connect(tmp_path / "workspace.db")) as db, db:
        db.execute("DELETE FROM _sqlite_migrations WHERE name = 'm012_inheritance'")
    with Store(tmp_path) as store:
        assert [item.augmentation.kind for item in store.queue.unasked(["it"], 2)] == ["entity"]


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    Store(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "workspace.db")) as db, db:
        db.execute("UPDATE _sqlite_migrations SET name = 'm999_future' WHERE name = ?", [STEPS[-1].__name__])
    with pytest.raises(
        StoreError, match=r"workspace\.db was made by a newer version \(m999_future\); update the project"
    ):
        Store(tmp_path)


def test_threads_that_open_a_new_workspace_at_once_all_succeed(tmp_path: Path) -> None:
    def open_it(_: int) -> list[Approval]:
        ready.wait()
        with Store(tmp_path / "new") as store:
            return store.approved()

    ready = threading.Barrier(8)
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(open_it, range(8))) == [[]] * 8


@pytest.fixture
def decided(tmp_path: Path) -> Iterator[Path]:
    maker = Maker(model="pen", created=datetime(2026, 5, 1, tzinfo=UTC))
    made = Augmentation(parent_id=SAMPLE.id, kind="style", answer="", dropped="unchanged", maker=maker)
    with Store(tmp_path) as store:
        store.add(SAMPLE, made)
        store.add(Decision(augmentation_id=made.id, choice="approved", reviewer="Eve", at=maker.created))
    return tmp_path / "workspace.db"


@pytest.mark.parametrize("change", ["UPDATE decisions SET choice = 'rejected'", "DELETE FROM decisions"])
def test_a_decision_cannot_be_changed_or_deleted_whoever_opens_the_file(decided: Path, change: str) -> None:
    with closing(sqlite3.connect(decided)) as db:
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            db.execute(change)
        assert db.execute("SELECT choice FROM decisions").fetchall() == [("approved",)]


def test_a_decision_cannot_be_replaced_under_its_id_or_its_number(decided: Path) -> None:
    into = "INSERT OR REPLACE INTO decisions (number, id, augmentation_id, choice, reviewer, at, record)"
    columns = "augmentation_id, 'rejected', reviewer, at, record FROM decisions"
    with closing(sqlite3.connect(decided)) as db:
        db.execute(f"{into} SELECT NULL, id, {columns}")
        db.execute(f"{into} SELECT number, 'other', {columns}")
        assert db.execute("SELECT choice FROM decisions").fetchall() == [("approved",)]


def test_what_a_decision_is_about_cannot_be_deleted(decided: Path) -> None:
    with closing(sqlite3.connect(decided)) as db:
        db.execute("PRAGMA foreign_keys = ON")
        with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
            db.execute("DELETE FROM augmentations")
