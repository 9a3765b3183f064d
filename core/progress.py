"""How somebody is told how far a long work is."""

from collections.abc import Callable

Progress = Callable[[int, int], object]
"""Called with how much is done, and of how much; what it gives back is not looked at."""
