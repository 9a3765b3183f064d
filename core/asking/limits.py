"""What a run may take: requests at once, requests and tokens a minute, money."""

from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True)
class Limits:
    """`budget` is in USD; None is no limit."""

    concurrency: int
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    budget: float | None = None

    @property
    def conversations(self) -> int:
        """How many are held at once: a few more than requests, so that a place is not idle while an answer is kept."""
        return self.concurrency + ceil(self.concurrency / 4)
