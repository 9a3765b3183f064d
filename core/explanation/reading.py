"""A sample as a student reads it in one view: its words, what each of their labels is worth, and a score to explain."""

import re
from collections.abc import Callable, Iterator
from functools import cached_property

import torch
from torch import Tensor

from core.corpora import Row
from core.domain import Entity, View
from core.domain.bio import tags_from_entities
from core.domain.record import Value
from core.errors import BadInput
from core.prediction import Predictor
from core.student.views import GRAIN_ORDER
from core.training.sections import reasoning_begins

Score = Callable[[Tensor], Tensor]
"""From rows of input embeddings (B, L, d) to a score each (B,)."""

_WORD = re.compile(r"\w+|[^\w\s]+")


class Unit(Value):
    """One word that the student reads; `part` is `tweet`, `caption`, a grain, or a half of published knowledge."""

    part: str
    text: str


class Reading:
    """One row, read by one student in one view. Nothing in the student is changed, so that others may use it meanwhile.

    It is read in float32, also where the student answers in bfloat16: gradients need it, and the difference is small.

    `ids` (1, L) are the row's sub-words; `unit_of` (L,) says which unit each belongs to, −1 for what is no word:
    [CLS], [SEP], markers and padding.

    Raises:
        BadInput: the tweet is longer than the encoder can read, or has no relation where one is asked for.
    """

    def __init__(self, predictor: Predictor, row: Row, view: View) -> None:
        self.row = row
        self.view: View = view
        self.student = predictor.student
        self._views = predictor.views
        named: dict[str, str] = {"caption": row.caption or ""}
        named |= {grain: row.knowledge.get(grain, "") for grain in GRAIN_ORDER}
        told = {name: text for name, text in named.items() if text.strip()} if view == "with_knowledge" else {}
        self._encoded = predictor.views.encode(row.sample, told.values())
        batch = predictor.views.collate([self._encoded])
        self.batch = batch.to(self.student.embedding.weight.device)
        self.ids = self.batch.knowledge if view == "with_knowledge" else self.batch.text
        self.units: list[Unit] = []
        self.unit_of = torch.full_like(self.ids[0], -1)
        for word, places in zip(row.sample.tokens, self._encoded.words, strict=True):
            self._add(Unit(part="tweet", text=word), places)
        for (name, text), places in zip(told.items(), self._encoded.sections, strict=True):
            for unit, own in _words(name, text, places, self._views.pieces(text)):
                self._add(unit, own)

    def _add(self, unit: Unit, places: range) -> None:
        self.unit_of[places.start : places.stop] = len(self.units)
        self.units.append(unit)

    @cached_property
    def blank(self) -> Tensor:
        """The row (1, L) with [MASK] for every word: the encoder's own sign for "a word stands here, unknown which".

        Lengths and positions stay as they are, and so do [CLS], [SEP] and markers. Encoders without a [MASK] get their
        padding there.
        """
        tokenizer = self._views.tokenizer
        masked = tokenizer.mask_token_id if tokenizer.mask_token_id is not None else tokenizer.pad_token_id
        return torch.where(self.unit_of >= 0, torch.full_like(self.ids, masked), self.ids)

    def posteriors(self, rows: Tensor) -> Tensor:
        """Log-probabilities of each label (B, n, C), from rows of input embeddings (B, L, d)."""
        many = {
            name: getattr(self.batch, name).expand(len(rows), -1)
            for name in ("text", "text_mask", "knowledge", "knowledge_mask", "places", "asked", "labels")
        }
        batch = type(self.batch)(**many)
        log_p: Tensor = self.student.head.log_posteriors(self.student.label(self.view, rows, batch), batch.asked)
        return log_p

    def probabilities(self) -> list[list[float]]:
        """What each label is worth at each word (n × C), rows summing to 1; for relations n is 1."""
        with torch.inference_mode():
            rows: list[list[float]] = self.posteriors(self.student.embed(self.ids))[0].exp().tolist()
        return rows

    def score_of(self, target: Entity | str) -> Score:
        """The score of a mention, its words' mean log-odds, log p − log(1 − p); or of a relation, which has one label.

        Unlike log p, log-odds do not go flat where the student is sure.

        Raises:
            BadInput: the student has no such label, or the mention lies outside the tweet.
        """
        wanted = self._labels(target)
        places = torch.tensor([place for place, _ in wanted], device=self.ids.device)
        labels = torch.tensor([label for _, label in wanted], device=self.ids.device)

        def score(rows: Tensor) -> Tensor:
            log_p = self.posteriors(rows)[:, places]
            index = labels[None, :, None].expand(len(rows), -1, 1)
            others = log_p.scatter(2, index, float("-inf")).logsumexp(dim=2)
            return (log_p.gather(2, index).squeeze(2) - others).mean(dim=1)

        return score

    def _labels(self, target: Entity | str) -> list[tuple[int, int]]:
        number = {label: at for at, label in enumerate(self.student.config.labels)}
        if isinstance(target, Entity):
            length = len(self.row.sample.tokens)
            if target.end > length:
                raise BadInput(f"words {target.start} to {target.end} do not lie in a tweet of {length} words")
            tags = tags_from_entities([target], target.end)
            wanted = [(place, tags[place]) for place in range(target.start, target.end)]
        else:
            wanted = [(0, target)]
        if unknown := {label for _, label in wanted} - number.keys():
            raise BadInput(f"the student knows no label {min(unknown)!r}; it knows {', '.join(number)}")
        return [(place, number[label]) for place, label in wanted]

    def prompt_attention(self) -> "PromptAttention | None":
        """What the student's prompt looks at in the tweet (equation 1); None where it has none that looks."""
        attention = getattr(self.student.generator, "attention", None)
        if attention is None:
            return None
        with torch.inference_mode():
            x = self.student.embed(self.batch.text)
            last = attention(self.student.encoder, x, self.batch.text_mask)[0, -1]
        words = [last[:, places.start : places.stop].sum(dim=1) for places in self._encoded.words]
        begin = last[:, 0]
        rest = 1 - torch.stack([begin, *words]).sum(dim=0)  # [SEP], and the markers of a pair
        table = torch.stack([begin, *words, rest.clamp(min=0)], dim=1)
        return PromptAttention(columns=("[CLS]", *self.row.sample.tokens, "[SEP]"), rows=table.tolist())


class PromptAttention(Value):
    """The softmax of equation 1: rows are the prompt's N vectors, columns the words; each row sums to 1."""

    columns: tuple[str, ...]
    rows: tuple[tuple[float, ...], ...]


def _words(name: str, text: str, places: range, pieces: list[tuple[int, int]] | None) -> Iterator[tuple[Unit, range]]:
    """The words of a section that found room in the row, and where their sub-words stand there."""
    if not places:
        return
    if pieces is None:
        yield Unit(part=name, text=text), places
        return
    half = reasoning_begins(text) if name == "mixed" else 0
    begun, ends = places.start, iter(_WORD.finditer(text))
    word = next(ends)
    for place, (start, _) in zip(places, pieces, strict=False):
        while start >= word.end():
            if place > begun:
                yield Unit(part=_part(name, word.start(), half), text=word.group()), range(begun, place)
            begun, word = place, next(ends)
    yield Unit(part=_part(name, word.start(), half), text=word.group()), range(begun, places.stop)


def _part(name: str, at: int, half: int) -> str:
    return name if name != "mixed" else "entities" if at < half else "reasoning"
