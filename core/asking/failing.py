"""What is done about failures: which pass, which are hopeless, and when a run has seen enough of them."""

from core.errors import Reason, TeacherError

ATTEMPTS: dict[Reason, int] = {
    "overloaded": 10,
    "server error": 5,
    "unreachable": 5,
    "silent": 3,
    "cut short": 5,
    "nonsense": 3,
    "wrong model": 3,
    "empty": 3,
}
"""How often an ask is sent that keeps failing for a reason that may pass; for any other reason, once."""

HOPELESS: frozenset[Reason] = frozenset({"key refused", "quota used up", "not found"})
"""Reasons that all other asks would fail for too: the run stops at once."""

SMALLER: frozenset[Reason] = frozenset({"length", "filtered"})
"""Reasons for which an ask is sent once more, smaller."""

IN_A_ROW = 20
"""Asks that the endpoint failed one after another, each after all its attempts: the run stops."""


class Breaker:
    """Says when to stop a run: after a failure that all other asks would share, or many in a row."""

    def __init__(self) -> None:
        self._in_a_row = 0

    def answered(self) -> None:
        """Note that an ask was answered."""
        self._in_a_row = 0

    def failed(self, error: TeacherError) -> str | None:
        """Note that an ask was given up; gives why the run should stop, or None."""
        if error.reason in HOPELESS:
            return str(error)
        if error.is_about_the_answer:
            self._in_a_row = 0
            return None
        self._in_a_row += 1
        return f"{IN_A_ROW} asks in a row failed; the last: {error}" if self._in_a_row >= IN_A_ROW else None
