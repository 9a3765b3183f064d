"""Words that several pages use."""

from core.domain import View

VIEWS: dict[View, str] = {"without_knowledge": "Without knowledge", "with_knowledge": "With knowledge"}


def duration(seconds: float) -> str:
    """A duration in the unit that suits it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
