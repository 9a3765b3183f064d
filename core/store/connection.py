"""Connections to the workspace's database, and its failures in words."""

import random
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database

from core.errors import StoreError
from core.store.migrations import migrate

BUSY_SECONDS = 5.0


class Connections:
    """One connection for each thread that asks, closed when its thread ends or by `close`."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._open: weakref.WeakSet[Database] = weakref.WeakSet()
        self._of_thread = threading.local()

    @property
    def mine(self) -> Database:
        """The connection of the calling thread."""
        database: Database | None = getattr(self._of_thread, "database", None)
        if database is None:
            database = self._of_thread.database = _connect(self._file)
            weakref.finalize(database, database.conn.close)
            self._open.add(database)
        return database

    def close(self) -> None:
        """Close the connections of all threads. Who asks again gets a new one."""
        for database in list(self._open):
            database.close()
        self._of_thread = threading.local()


def _connect(file: Path) -> Database:
    uri = file.absolute().as_uri()
    try:
        return _open(file, uri)
    except sqlite3.OperationalError as error:
        # Even to read, SQLite writes beside a file in WAL mode. In a folder where it may not, a file that was closed
        # well (it has no log beside it) can be read as one that never changes.
        is_hindered = error.sqlite_errorname in ("SQLITE_READONLY_DIRECTORY", "SQLITE_CANTOPEN")
        if is_hindered and file.is_file() and not file.with_name(file.name + "-wal").exists():
            return _open(file, uri + "?immutable=1")
        raise


def _open(file: Path, uri: str) -> Database:
    # Only its own thread uses a connection; but when a thread has ended, another closes what it left.
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, check_same_thread=False)
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        database = Database(connection)
        if not database.table_names():
            database.enable_wal()
        migrate(database, file)
    except BaseException:
        connection.close()
        raise
    return database


def begin(database: Database) -> None:
    """Begin to write, as soon as no other connection does.

    SQLite's own wait looks every 100 ms after a while, and then eight busy writers starve one of them: looking often
    and at random moments gives each its turn.
    """
    until = time.monotonic() + BUSY_SECONDS
    database.execute("PRAGMA busy_timeout = 0")
    try:
        while True:
            try:
                database.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if not error.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() > until:
                    raise
                time.sleep(random.uniform(0.001, 0.008))  # noqa: S311 - no secret
            else:
                return
    finally:
        database.execute(f"PRAGMA busy_timeout = {round(BUSY_SECONDS * 1000)}")


@contextmanager
def explained(file: Path) -> Iterator[None]:
    """Turn SQLite's errors into words about `file`.

    Raises:
        StoreError: what is wrong with the database, and how to mend it.
    """
    try:
        yield
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", "")
        words = next((words for code, words in _WORDS.items() if name.startswith(code)), f"failed: {error}")
        raise StoreError(f"the database {file} {words}") from error


_WORDS = {
    "SQLITE_BUSY": f"has been locked by another program for {BUSY_SECONDS:.0f} s: nothing was stored; try again later",
    "SQLITE_READONLY": "is read-only: nothing was stored; give yourself the right to write the file and its folder",
    "SQLITE_CANTOPEN": "cannot be opened; check that its folder exists and that you may write in it",
    "SQLITE_NOTADB": "is not a database; move it aside, and a new one is made",
    "SQLITE_CORRUPT": "is damaged; move it aside and restore a copy, or start a new one",
    "SQLITE_FULL": "cannot grow: the disk is full; nothing was stored; make room and try again",
    "SQLITE_CONSTRAINT_FOREIGNKEY": "lacks what a record refers to: nothing was stored; add that first",
}
