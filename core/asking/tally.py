"""What has become of a run so far."""

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from core.errors import Reason, TeacherError
from core.teachers import Ask


@dataclass(frozen=True)
class Failure:
    """An ask that got no usable answer, and why."""

    sample_id: str | None
    prompt_version: str
    reason: Reason
    problem: str


@dataclass
class Tally:
    """Counts of one run. Every planned ask is answered, found in the store, failed, or left open.

    `cost` is in USD, None where the price is unknown; `unpriced` counts answers that did not say their tokens.
    """

    planned: int
    answered: int = 0
    found: int = 0
    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = None
    unpriced: int = 0
    failures: list[Failure] = field(default_factory=list)
    stopped: str | None = None
    began: float = field(default_factory=time.monotonic)
    ended: float | None = None

    @property
    def done(self) -> int:
        """Asks that are settled."""
        return self.answered + self.found + len(self.failures)

    @property
    def seconds(self) -> float:
        """How long the run has taken."""
        return (self.ended or time.monotonic()) - self.began

    @property
    def rate(self) -> float:
        """Settled asks a second."""
        return self.done / self.seconds if self.seconds > 0 else 0.0

    def fail(self, ask: Ask, error: TeacherError) -> None:
        """Count an ask that will get no answer in this run."""
        self.failures.append(Failure(ask.sample_id, ask.prompt_version, error.reason, str(error)))

    def report(self) -> dict[str, Any]:
        """The run as a document."""
        return {
            "planned": self.planned,
            "answered": self.answered,
            "from_store": self.found,
            "failed": len(self.failures),
            "failed_by_reason": dict(Counter(failure.reason for failure in self.failures).most_common()),
            "open": self.planned - self.done,
            "requests": self.requests,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "cost_usd": None if self.cost is None else round(self.cost, 6),
            "answers_without_token_counts": self.unpriced,
            "seconds": round(self.seconds, 2),
            "stopped": self.stopped,
        }
