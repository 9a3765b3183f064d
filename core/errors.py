"""The few ways in which work can fail for a reason that a user can mend.

The library raises them; only the doors (batch commands and pages) turn them into words on a screen. Every message
says what was wrong, with what value, where, and how to mend it.
"""


class CotpdError(Exception):
    """Any failure that this project foresees and explains."""


class BadInput(CotpdError):
    """What the user gave cannot be used: a file, a tweet, an image, an option."""


class Unavailable(CotpdError):
    """A model that was asked for cannot be used here: weights, a package or a setting are missing."""


class Forbidden(CotpdError):
    """What somebody's role does not let them do."""


class TeacherError(CotpdError):
    """The teacher did not give a usable answer: refused, timed out, overloaded, or answered nonsense."""


class StoreError(CotpdError):
    """The workspace's database cannot be read or written: locked, read-only, or made by a newer version."""
