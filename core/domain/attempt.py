"""What was sent to a teacher, and what came back, as it was."""

from pydantic import AwareDatetime, Field, JsonValue

from core.domain.record import Record


class Attempt(Record):
    """One request to a teacher with its raw response. `failure` says why that is no answer; None where it is one.

    `key` is the same for all attempts at one ask: a hash of its dialogue, model, parameters and prompt version. The
    request is the body alone, without any secret. `cost` is in USD, None where the price or the tokens are unknown.
    """

    key: str
    number: int = Field(ge=1)
    sample_id: str | None = None
    model: str
    prompt_version: str
    request: dict[str, JsonValue]
    response: str | None = None
    finish: str | None = None
    failure: str | None = None
    problem: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost: float | None = None
    seconds: float = Field(ge=0)
    at: AwareDatetime
