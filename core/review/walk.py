"""A reviewer's way through the queue: the card at hand, those ahead, and the way back."""

from collections import deque
from dataclasses import dataclass, field
from itertools import islice

from core.store.filters import Filter, Order
from core.store.queue import Item, Place, Queue

AHEAD = 200
"""Places looked up at once, so that most steps read one row, whatever the order costs."""

TRAIL = 500
"""Cards that can be gone back to."""


@dataclass
class Walk:
    """Steps from card to card in one order. Remembers little, however long it goes on.

    `item` is the card at hand, as it stood when it was stepped on; None at the end.
    """

    queue: Queue
    wanted: Filter
    order: Order = "oldest"
    seed: int = 0
    reviewer: str = ""
    item: Item | None = None
    _place: Place | None = None
    _ahead: deque[str] = field(default_factory=deque)
    _trail: deque[str] = field(default_factory=lambda: deque(maxlen=TRAIL))

    def __post_init__(self) -> None:
        self.item = self._next()

    def advance(self) -> None:
        """Step on to the next card; one that somebody else decided on meanwhile is passed over."""
        if self.item:
            self._trail.append(self.item.augmentation.id)
        self.item = self._next()

    def back(self) -> None:
        """Step back to the card before; the one at hand comes next again."""
        if not self._trail:
            return
        if self.item:
            self._ahead.appendleft(self.item.augmentation.id)
        self.item = self.queue.find(self._trail.pop())

    def show(self, augmentation_id: str) -> None:
        """Step aside to one card, wherever it stands, as it stands now; another at hand comes next again."""
        found = self.queue.find(augmentation_id)
        if found is None:
            return
        if self.item and self.item.augmentation.id != augmentation_id:
            self._ahead.appendleft(self.item.augmentation.id)
        self.item = found

    def refresh(self) -> None:
        """Read the card at hand anew."""
        if self.item:
            self.item = self.queue.find(self.item.augmentation.id)

    def ahead(self, count: int) -> list[str]:
        """The ids of the next cards, as far as they were looked up."""
        return list(islice(self._ahead, count))

    @property
    def can_go_back(self) -> bool:
        """Whether there was a card before."""
        return bool(self._trail)

    def _next(self) -> Item | None:
        while (augmentation_id := self._following()) is not None:
            item = self.queue.find(augmentation_id)
            if item and (not self.wanted.states or item.state in self.wanted.states):
                return item
        return None

    def _following(self) -> str | None:
        if not self._ahead:
            found = self._places(self._place)
            if not found and self._place is not None and self.wanted.states == ("pending",):
                found = self._places(None)  # what is pending before this place was put back meanwhile
            self._ahead.extend(place.augmentation_id for place in found)
            if found:
                self._place = found[-1]
        return self._ahead.popleft() if self._ahead else None

    def _places(self, after: Place | None) -> list[Place]:
        return self.queue.places(
            self.wanted, self.order, seed=self.seed, reviewer=self.reviewer, after=after, limit=AHEAD
        )
