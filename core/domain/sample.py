"""A tweet with its image and, where they are known, its gold labels."""

from functools import cached_property
from itertools import product
from typing import Literal, Self

from pydantic import Field, model_validator

from core.domain.record import Record, Value
from core.domain.tokens import find_words, split_words
from core.errors import BadInput

Task = Literal["mner", "mre"]

MAX_CHARACTERS = 1000


class Span(Value):
    """Tokens `[start, end)` of a sentence."""

    start: int = Field(ge=0)
    end: int

    @model_validator(mode="after")
    def _is_not_empty(self) -> Self:
        if self.end <= self.start:
            raise ValueError(f"span [{self.start}, {self.end}) is empty")
        return self


class Entity(Span):
    """A mention: a span with a type such as PER."""

    type: str = Field(min_length=1)


class Relation(Value):
    """How the head mention relates to the tail mention; `label` is None where it is not known."""

    head: Span
    tail: Span
    label: str | None = None


class Sample(Record):
    """A tweet of n words x, an image I (optional), and gold labels (optional).

    `entities` is None where nobody has labelled the tweet, and empty where there is nothing to label. `image` names
    the picture: the SHA-256 of one kept in the workspace, or a corpus' own image id.
    """

    task: Task = "mner"
    text: str
    tokens: tuple[str, ...] = Field(min_length=1)
    image: str | None = None
    entities: tuple[Entity, ...] | None = None
    relation: Relation | None = None

    @classmethod
    def from_text(cls, text: str, *, task: Task = "mner", image: str | None = None) -> Self:
        """A sample as a person types it.

        Raises:
            BadInput: the text is empty, longer than a tweet can be, or holds what is no character.
        """
        stripped = text.strip()
        if not stripped:
            raise BadInput("the tweet is empty: type or paste its text")
        if len(stripped) > MAX_CHARACTERS:
            raise BadInput(f"the tweet has {len(stripped):,} characters; shorten it to {MAX_CHARACTERS:,} or fewer")
        for position, character in enumerate(stripped):
            if "\ud800" <= character <= "\udfff":
                raise BadInput(f"character {position + 1} of the tweet is half of a surrogate pair; send UTF-8")
        return cls(task=task, text=stripped, tokens=split_words(stripped), image=image)

    @classmethod
    def from_tokens(
        cls,
        tokens: tuple[str, ...],
        *,
        task: Task = "mner",
        image: str | None = None,
        entities: tuple[Entity, ...] | None = None,
        relation: Relation | None = None,
    ) -> Self:
        """A sample as a corpus stores it: its text is its words with a space between."""
        text = " ".join(tokens)
        return cls(task=task, text=text, tokens=tokens, image=image, entities=entities, relation=relation)

    def of_pair(self, head: str, tail: str, label: str | None = None) -> Self:
        """The same tweet, asked for the relation of two mentions in it: the first two with these words that lie apart.

        Raises:
            BadInput: a mention does not stand in the tweet, or the two don't beside each other.
        """
        places = {}
        for end, mention in (("head", head), ("tail", tail)):
            places[end] = self._places(split_words(mention))
            if not places[end]:
                raise BadInput(f"the {end} {mention!r} does not stand in the tweet as whole words: copy it from there")
        for one, other in product(places["head"], places["tail"]):
            if one.end <= other.start or other.end <= one.start:
                return self.model_copy(update={"task": "mre", "relation": Relation(head=one, tail=other, label=label)})
        raise BadInput(f"the head {head!r} and the tail {tail!r} share words: a relation is between two mentions")

    def _places(self, words: tuple[str, ...]) -> list[Span]:
        """Where words stand in the text, from its begin on."""
        found: list[Span] = []
        start = find_words(words, self.tokens)
        while start is not None:
            found.append(Span(start=start, end=start + len(words)))
            start = find_words(words, self.tokens, start + 1)
        return found

    @model_validator(mode="after")
    def _labels_lie_in_the_text(self) -> Self:
        _ = self.offsets
        previous_end = 0
        for entity in self.entities or ():
            if entity.start < previous_end or entity.end > len(self.tokens):
                raise ValueError(
                    f"entity [{entity.start}, {entity.end}) overlaps another, is out of order, "
                    f"or ends beyond the {len(self.tokens)} tokens"
                )
            previous_end = entity.end
        for span in (self.relation.head, self.relation.tail) if self.relation else ():
            if span.end > len(self.tokens):
                raise ValueError(f"span [{span.start}, {span.end}) ends beyond the {len(self.tokens)} tokens")
        return self

    @cached_property
    def offsets(self) -> tuple[tuple[int, int], ...]:
        """Where each token stands in `text`: `(start, end)` in Unicode code points."""
        offsets = []
        position = 0
        for token in self.tokens:
            start = self.text.find(token, position) if token else -1
            if start < 0:
                raise ValueError(f"token {token!r} does not stand in the text after character {position}")
            position = start + len(token)
            offsets.append((start, position))
        return tuple(offsets)

    @property
    def ends(self) -> str:
        """Head and tail in words; empty where nobody asks for their relation."""
        pair = self.relation
        return f"{self.mention(pair.head)} → {self.mention(pair.tail)}" if pair else ""

    @property
    def subject(self) -> str:
        """The text and, of several pairs of mentions in it, which."""
        return f"{self.text} · {self.ends}" if self.relation else self.text

    def characters(self, span: Span) -> tuple[int, int]:
        """A token span as `(start, end)` code points of `text`."""
        return self.offsets[span.start][0], self.offsets[span.end - 1][1]

    def mention(self, span: Span) -> str:
        """The words of a span as they stand in the text."""
        start, end = self.characters(span)
        return self.text[start:end]
