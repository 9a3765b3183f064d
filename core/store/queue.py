"""The queue of variants that wait for a person, and each person's votes on them.

Triggers of the database keep both tables (see `m004_review`); here they are asked.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlite_utils import Database

from core.domain import Augmentation, Decision, Prediction, Sample, State
from core.store.filters import STATES, Filter, Order, conditions, key
from core.store.rows import insert, record_of, timestamp


@dataclass(frozen=True)
class Place:
    """Where a variant stands in an order: the greatest `key` first, equals by their `number`."""

    augmentation_id: str
    key: float
    number: int


@dataclass(frozen=True)
class Item:
    """A variant in the queue, with what it was made of.

    `votes` is how many reviewers have spoken. `latest` is the number of the newest decision but for skips: another one
    says that somebody has decided since. `uncertainty` (0…1) is the doubt of `student` about its least sure mention
    or its relation, and `changes` how many of them are others with knowledge; both None until it was asked.
    """

    number: int
    augmentation: Augmentation
    variant: Sample
    parent: Sample
    state: State
    votes: int
    latest: int | None
    disputed: bool
    student: str | None
    uncertainty: float | None
    changes: int | None


MAX_VOTES = 20


@dataclass(frozen=True)
class Rules:
    """How many reviewers must agree on a variant, and whether they see each other's votes before their own."""

    votes: int = 1
    blind: bool = False


@dataclass(frozen=True)
class Vote:
    """What one reviewer's word on a variant is now."""

    augmentation_id: str
    reviewer: str
    choice: str


class Queue:
    """The queue of one store, with its votes, its rules and what students think of it; `Store` says what is raised."""

    def __init__(
        self,
        rows: Callable[..., list[dict[str, Any]]],
        writing: Callable[[], AbstractContextManager[Database]],
    ) -> None:
        self._rows = rows
        self._writing = writing

    def places(
        self,
        wanted: Filter,
        order: Order = "oldest",
        *,
        seed: int = 0,
        reviewer: str = "",
        after: Place | None = None,
        limit: int = 1,
    ) -> list[Place]:
        """Where the next variants behind a place in an order are, the first ones where `after` is None.

        Pending ones that `reviewer` has voted on already are left out: they wait for others.
        """
        by = key(order, seed)
        where, values = conditions(wanted, reviewer)
        if after is not None:
            where.append(f"({by} <= ? AND ({by} < ? OR number > ?))" if by else "number > ?")
            values += [after.key, after.key, after.number] if by else [after.number]
        sql = f"""
            SELECT augmentation_id, {by or 0} AS key, number FROM queue WHERE {" AND ".join(where)}
            ORDER BY {f"{by} DESC," if by else ""} number LIMIT ?
        """  # noqa: S608 - only our own words; what people chose are values
        return [Place(**row) for row in self._rows(sql, *values, limit)]

    def page(self, places: Sequence[Place]) -> list[Item]:
        """The variants at these places, in their order."""
        found = (self.find(place.augmentation_id) for place in places)
        return [item for item in found if item]

    def find(self, augmentation_id: str) -> Item | None:
        """One variant, wherever it stands."""
        sql = f"SELECT {_ITEM} FROM queue {_RECORDS} WHERE queue.augmentation_id = ?"  # noqa: S608
        return next(iter(map(_item, self._rows(sql, augmentation_id))), None)

    def count(self, wanted: Filter, reviewer: str = "") -> int:
        """How many variants a filter lets through."""
        where, values = conditions(wanted, reviewer)
        (row,) = self._rows(f"SELECT count(*) AS n FROM queue WHERE {' AND '.join(where)}", *values)  # noqa: S608
        return int(row["n"])

    def tally(self) -> dict[State, int]:
        """How many variants stand where; those that were dropped count once somebody decided on them."""
        sql = "SELECT state, sum(n) AS n FROM tally WHERE NOT is_dropped OR state <> 'pending' GROUP BY state"
        found = {row["state"]: row["n"] for row in self._rows(sql)}
        return {state: found.get(state, 0) for state in STATES}

    def known(self, column: Literal["kind", "model", "label", "type"]) -> list[str]:
        """The kinds, models, relation labels or entity types that the queue holds."""
        table = "queue_types" if column == "type" else "queue"
        # One seek in the index for each value there is, rather than a walk over all rows.
        sql = f"""
            WITH RECURSIVE found(value) AS (
                SELECT min({column}) FROM {table}
                UNION ALL
                SELECT (SELECT min({column}) FROM {table} WHERE {column} > value) FROM found WHERE value IS NOT NULL
            )
            SELECT value FROM found WHERE value IS NOT NULL
        """  # noqa: S608
        return [row["value"] for row in self._rows(sql)]

    # Votes

    def votes(self, augmentation_id: str) -> list[Vote]:
        """What each reviewer's word on a variant is now, skips left out."""
        sql = "SELECT augmentation_id, reviewer, choice FROM counted WHERE augmentation_id = ? ORDER BY decision"
        return [Vote(**row) for row in self._rows(sql, augmentation_id)]

    def word(self, augmentation_id: str, reviewer: str | None = None) -> Decision | None:
        """The decision by which a variant stands where it does, or one reviewer's own; a skip decides nothing."""
        if reviewer is None:
            sql = """
                SELECT decisions.record FROM queue JOIN decisions ON decisions.number = queue.decided
                WHERE queue.augmentation_id = ? AND decisions.choice NOT IN ('skipped', 'withdrawn')
            """
            rows = self._rows(sql, augmentation_id)
        else:
            sql = """
                SELECT decisions.record FROM counted JOIN decisions ON decisions.number = counted.decision
                WHERE counted.augmentation_id = ? AND counted.reviewer = ?
            """
            rows = self._rows(sql, augmentation_id, reviewer)
        return next((record_of(Decision, row["record"]) for row in rows), None)

    def votes_of(self, reviewer: str) -> int:
        """How many variants one reviewer has voted on."""
        (row,) = self._rows("SELECT count(*) AS n FROM counted WHERE reviewer = ?", reviewer)
        return int(row["n"])

    def voters(self) -> dict[str, int]:
        """How many variants each reviewer has voted on."""
        rows = self._rows("SELECT reviewer, count(*) AS n FROM counted GROUP BY reviewer ORDER BY reviewer")
        return {row["reviewer"]: row["n"] for row in rows}

    def crossings(self) -> list[tuple[str, str, str, str, int]]:
        """For each pair of reviewers (first, second, choice of the first, of the second, on how many variants).

        Who settles a dispute has seen the others' votes: that is no vote of their own.
        """
        sql = f"""
            WITH own AS MATERIALIZED ({_OWN})
            SELECT a.reviewer AS first, b.reviewer AS second, a.choice AS said, b.choice AS replied, count(*) AS n
            FROM own AS a JOIN own AS b ON b.augmentation_id = a.augmentation_id AND b.reviewer > a.reviewer
            GROUP BY 1, 2, 3, 4
        """  # noqa: S608 - only our own words
        return [(r["first"], r["second"], r["said"], r["replied"], r["n"]) for r in self._rows(sql)]

    def ballots(self) -> Iterator[tuple[str, str, int]]:
        """How often each choice was given to each variant but to settle a dispute: (variant, choice, number)."""
        sql = f"SELECT augmentation_id, choice, count(*) AS n FROM ({_OWN}) GROUP BY augmentation_id, choice"  # noqa: S608
        return ((row["augmentation_id"], row["choice"], row["n"]) for row in self._rows(sql))

    def standing_votes(self, augmentation_id: str) -> list[Decision]:
        """What stands of those who vote on a variant, each with the act it belongs to; both halves of an edit."""
        sql = """
            WITH acts AS (
                SELECT act FROM standing WHERE augmentation_id = ?1 AND reviewer IN (
                    SELECT reviewer FROM counted WHERE augmentation_id = ?1
                )
            )
            SELECT record FROM standing WHERE act IN (SELECT act FROM acts) AND (
                augmentation_id = ?1
                OR act IN (SELECT act FROM decisions WHERE choice = 'edited' AND act IN (SELECT act FROM acts))
            ) ORDER BY number
        """
        return [record_of(Decision, row["record"]) for row in self._rows(sql, augmentation_id)]

    def halves(self, augmentation_id: str, reviewer: str) -> list[str]:
        """What the reviewer's edits that stand made of a variant, or what they made it of."""
        sql = """
            SELECT DISTINCT other.augmentation_id FROM standing AS mine
            JOIN decisions AS edited ON edited.act = mine.act AND edited.choice = 'edited'
            JOIN standing AS other ON other.act = mine.act
            WHERE mine.augmentation_id = ?1 AND mine.reviewer = ?2 AND other.augmentation_id <> ?1
        """
        return [row["augmentation_id"] for row in self._rows(sql, augmentation_id, reviewer)]

    def latest(self, augmentation_ids: Iterable[str]) -> dict[str, int | None]:
        """Each variant's `Item.latest`, of those that there are."""
        sql = f"""
            SELECT augmentation_id, {_LATEST} FROM queue WHERE augmentation_id IN (SELECT value FROM json_each(?))
        """  # noqa: S608
        rows = self._rows(sql, json.dumps(list(augmentation_ids)))
        return {row["augmentation_id"]: row["latest"] for row in rows}

    def settler(self, augmentation_id: str) -> str | None:
        """Whose word settled a disagreement about a variant, where one did."""
        sql = """
            SELECT reviewer FROM queue JOIN decisions ON decisions.number = decided
            WHERE queue.augmentation_id = ? AND adjudicates
        """
        return next((row["reviewer"] for row in self._rows(sql, augmentation_id)), None)

    def took_back_of(self, reviewer: str) -> str | None:
        """Of whom the reviewer has taken back a decision since their own latest act that stands, if of anybody."""
        sql = """
            SELECT done.reviewer FROM decisions AS own
            JOIN decisions AS done ON done.act = own.undoes AND done.augmentation_id = own.augmentation_id
            WHERE own.reviewer = ?1 AND done.reviewer <> ?1 AND own.number > coalesce(
                (SELECT number FROM standing WHERE reviewer = ?1 AND act IS NOT NULL ORDER BY number DESC LIMIT 1), 0
            ) LIMIT 1
        """
        return next((row["reviewer"] for row in self._rows(sql, reviewer)), None)

    def latest_act(self, reviewer: str) -> list[Decision]:
        """All of the reviewer's last act that still stands; nothing if none does."""
        return [record_of(Decision, row["record"]) for row in self._rows(_LATEST_ACT, reviewer)]

    def undo(self, reviewer: str, at: datetime) -> list[Decision]:
        """Take back all of the reviewer's last act that still stands; gives what was taken back, nothing if none is."""
        with self._writing() as db:
            undone = [record_of(Decision, row["record"]) for row in db.query(_LATEST_ACT, (reviewer,))]
            insert(db, [taken_back(each, reviewer, at) for each in undone])
        return undone

    # Rules

    def rules(self) -> Rules:
        """The workspace's rules."""
        return _rules(self._rows(_RULES))

    def set_rules(self, rules: Rules, *, reviewer: str, instead_of: Rules | None = None) -> Rules | None:
        """Change the rules; where every variant stands is settled anew.

        Where others hold by now than `instead_of`, nothing is changed, and it gives those.
        """
        values = {"votes": rules.votes, "blind": rules.blind, "reviewer": reviewer, "at": timestamp(datetime.now(UTC))}
        with self._writing() as db:
            held = _rules(db.query(_RULES))
            if instead_of not in (None, held):
                return held
            db.table("rules").insert(values)
        return None

    # The student's opinions

    def unasked_count(self, students: Sequence[str]) -> int:
        """How many variants none of these students was the last to be asked about."""
        (row,) = self._rows(f"SELECT count(*) AS n FROM queue WHERE {_none_of(students)}", *students)  # noqa: S608
        return int(row["n"])

    def unasked(self, students: Sequence[str], limit: int, *, after: int = 0) -> list[Item]:
        """Variants that none of these students was the last to be asked about, by their numbers, those `after` one."""
        sql = f"""
            WITH chosen AS (
                SELECT number FROM queue WHERE number > ? AND {_none_of(students)} ORDER BY number LIMIT ?
            )
            SELECT {_ITEM} FROM chosen JOIN queue USING (number) {_RECORDS} ORDER BY queue.number
        """  # noqa: S608
        return [_item(row) for row in self._rows(sql, after, *students, limit)]

    def keep_opinion(
        self,
        item: Item,
        student: str,
        predictions: Sequence[Prediction],
        *,
        uncertainty: float | None,
        changes: int | None,
    ) -> None:
        """Keep what a student found in a variant, with the two numbers that the queue can be ordered by."""
        values = {
            "student": student,
            "uncertainty": _UNKNOWN if uncertainty is None else uncertainty,
            "changes": _UNKNOWN if changes is None else changes,
        }
        with self._writing() as db:
            insert(db, predictions)
            db.table("queue").update(item.number, values)


def taken_back(decision: Decision, reviewer: str, at: datetime) -> Decision:
    """The decision by which a reviewer takes back one that belongs to an act."""
    return Decision(
        augmentation_id=decision.augmentation_id, choice="withdrawn", reviewer=reviewer, at=at, undoes=decision.act
    )


_UNKNOWN = -1
"""In place of a number that nobody knows: it sorts behind all others."""

_OWN = """
    SELECT counted.augmentation_id, counted.reviewer, counted.choice
    FROM counted JOIN decisions ON decisions.number = counted.decision WHERE NOT decisions.adjudicates
"""
"""Votes that their reviewers gave by themselves."""

_RULES = "SELECT votes, blind FROM rules ORDER BY number DESC LIMIT 1"

_LATEST_ACT = """
    SELECT record FROM standing WHERE act = (
        SELECT act FROM standing WHERE reviewer = ? AND act IS NOT NULL ORDER BY number DESC LIMIT 1
    ) ORDER BY number
"""

_LATEST = """(
    SELECT max(number) FROM decisions
    WHERE decisions.augmentation_id = queue.augmentation_id AND choice <> 'skipped'
) AS latest"""

_ITEM = f"""
    queue.number, queue.state, queue.votes, queue.disputed, queue.student, queue.uncertainty, queue.changes,
    augmentations.record AS augmentation, parents.record AS parent, {_LATEST}
"""
_RECORDS = """
    JOIN augmentations ON augmentations.id = queue.augmentation_id
    JOIN samples AS parents ON parents.id = augmentations.parent_id
"""


def _rules(rows: Iterable[dict[str, Any]]) -> Rules:
    return next((Rules(votes=row["votes"], blind=bool(row["blind"])) for row in rows), Rules())


def _none_of(students: Sequence[str]) -> str:
    """SQL that the student that was asked last is none of these, or that none was asked."""
    return " AND ".join(["student IS NOT ?"] * len(students))


def _item(row: dict[str, Any]) -> Item:
    augmentation = record_of(Augmentation, row["augmentation"])
    variant = augmentation.variant
    assert variant is not None, "only augmentations with a variant enter the queue"
    return Item(
        number=row["number"],
        augmentation=augmentation,
        variant=variant,
        parent=record_of(Sample, row["parent"]),
        state=row["state"],
        votes=row["votes"],
        latest=row["latest"],
        disputed=bool(row["disputed"]),
        student=row["student"],
        uncertainty=row["uncertainty"] if row["uncertainty"] >= 0 else None,
        changes=row["changes"] if row["changes"] >= 0 else None,
    )
