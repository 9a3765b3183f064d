"""What a run is about."""

from collections.abc import Iterator
from typing import Protocol

from core.asking.engine import Conversation
from core.asking.estimate import Forecast
from core.asking.prices import Price


class Work(Protocol):
    """Records of one kind that a corpus should have; `kept` are the ids of those that the store has already."""

    kept: list[str]

    @property
    def missing(self) -> int:
        """How many asks it takes to get the others."""
        ...

    def conversations(self) -> Iterator[Conversation]:
        """What gets them, side by side."""
        ...

    def forecast(self, price: Price | None) -> Forecast:
        """What that will take."""
        ...
