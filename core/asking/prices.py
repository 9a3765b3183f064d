"""What a model's tokens cost, by a table that users edit."""

import re
import tomllib
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import BadInput, complaint
from core.settings import ASSETS, Settings
from core.teachers import Teacher

_MILLION = 1_000_000
_DATE = re.compile(r"-\d{4}-\d\d-\d\d$")
_Dollars = Annotated[float, Field(ge=0, allow_inf_nan=False)]


@dataclass(frozen=True)
class Price:
    """USD for a million tokens read and written, the date of the table that says so, and tokens a picture counts for.

    What a picture counts for is None where the table doesn't know.
    """

    input: float
    output: float
    as_of: date | None = None
    picture: int | None = None

    def of(self, prompt_tokens: float, completion_tokens: float) -> float:
        """The cost of so many tokens in USD."""
        return (prompt_tokens * self.input + completion_tokens * self.output) / _MILLION

    def in_batch(self) -> "Price":
        """The price by the Batch API: OpenAI's is half."""
        return replace(self, input=self.input / 2, output=self.output / 2)


FREE = Price(0.0, 0.0)
"""Of models that run on this machine."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Line(_Strict):
    input: _Dollars
    output: _Dollars
    picture: Annotated[int, Field(ge=1)] | None = None


class _Table(_Strict):
    as_of: date
    models: dict[str, _Line]


def price_of(teacher: Teacher, settings: Settings) -> Price | None:
    """What asking a teacher costs; None where the table doesn't know its model.

    A dated version of a model, such as gpt-4o-2024-08-06, costs what the model does unless it has a line of its own.

    Raises:
        BadInput: the table that the settings name is missing or no table of prices.
    """
    if not teacher.is_paid:
        return FREE
    table = _read(settings.prices or ASSETS / "prices.toml")
    model, lines = teacher.model.casefold(), {name.casefold(): line for name, line in table.models.items()}
    line = lines.get(model) or lines.get(_DATE.sub("", model))
    return Price(line.input, line.output, table.as_of, line.picture) if line else None


def price_within(teacher: Teacher, settings: Settings, budget: float | None) -> Price | None:
    """The same, where it must be known: for a budget.

    Raises:
        BadInput: there is a budget but no price, or the table of prices is broken.
    """
    price = price_of(teacher, settings)
    if budget is not None and price is None:
        raise BadInput(f"a budget needs a price, and none is known for {teacher.model!r}: COTPD_PRICES names a table")
    return price


def _read(file: Path) -> _Table:
    try:
        return _Table.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except ValidationError as error:
        raise BadInput(f"{file}: {complaint(error)}") from None
    except (OSError, ValueError) as error:
        raise BadInput(f"{file} cannot be read as a table of prices: {error}") from None
