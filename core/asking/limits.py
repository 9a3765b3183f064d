"""What a run may take: requests at once, requests and tokens a minute, money."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """`budget` is in USD; None is no limit."""

    concurrency: int
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    budget: float | None = None
