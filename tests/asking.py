"""Questions for a teacher on loopback, and runs that ask them."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

from core.asking import Conversation, Engine, Limits, Tally
from core.asking.prices import Price
from core.store import Store
from core.teachers import Answer, Ask, Message, Teacher
from tests.loopback import Fault

KEY = "sk-secret-9071"
PRICE = Price(input=1_000_000, output=1_000_000)  # a dollar a token, so that sums are easy to read


def question(request: dict[str, Any]) -> str:
    said: str = request["messages"][-1]["content"]
    return said.partition("\n")[0]


def ask(number: int, max_tokens: int = 20) -> Ask:
    return Ask((Message(role="user", content=f"question {number}"),), max_tokens, "test/noun@1")


def alone(each: Ask, heard: list[Answer]) -> Conversation:
    """A conversation of one ask."""
    answer = yield each
    assert answer
    heard.append(answer)


def run(
    teacher: Teacher, store: Store, count: int, *, limits: Limits | None = None, price: Price | None = None
) -> tuple[Tally, list[Answer]]:
    """Ask so many questions, four at once."""
    heard: list[Answer] = []
    runner = Engine(teacher, store, limits or Limits(4), price, planned=count)
    asyncio.run(runner.run(alone(ask(number), heard) for number in range(count)))
    return runner.tally, heard


def kept(tmp_path: Path) -> list[dict[str, Any]]:
    """The rows of what was asked, in the test's own workspace."""
    with sqlite3.connect(tmp_path / "workspace/workspace.db") as db:
        db.row_factory = sqlite3.Row
        return [dict(row) for row in db.execute("SELECT * FROM attempts ORDER BY rowid")]


def once_a_question(fault: Fault) -> Any:
    """A fault of every question's first request."""
    seen: set[str] = set()

    def first(request: dict[str, Any]) -> Fault | None:
        is_first = question(request) not in seen
        seen.add(question(request))
        return fault if is_first else None

    return first
