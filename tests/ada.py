"""A sample whose words are hard for every form: emoji, combining marks, a no-break space."""

from core.domain import Entity, Sample

ADA = Sample.from_tokens(
    ("👩🏽‍🚀", "Ada", "Lovelace", "in", "Pa\u0301ris", "\u00a0", "!"),
    image="a_1",
    entities=(Entity(start=1, end=3, type="PER"), Entity(start=4, end=5, type="LOC")),
)
