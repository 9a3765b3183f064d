"""Reading an answer: what a chat completion must hold, and what becomes of its text."""

import math
import re
from collections.abc import Sequence
from typing import Annotated, Any

from openai.types.chat.chat_completion_token_logprob import ChatCompletionTokenLogprob
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from core.errors import TeacherError
from core.teachers import Answer, Ask, Reply
from core.teachers._access import Access

LONGEST = 1_000_000
"""Characters of a response beyond which it is no answer to any prompt of ours."""

_SENTENCE_END = re.compile(r"(?<!\d)[.!?…]+[\"'”’)\]]*(?=\s|$)")

_Count = Annotated[int, Field(ge=0, le=10**9)]


class _Usage(BaseModel):
    prompt_tokens: _Count
    completion_tokens: _Count


class _Message(BaseModel):
    content: str | None = None


class _Logprobs(BaseModel):
    content: list[ChatCompletionTokenLogprob] | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None
    logprobs: _Logprobs | None = None


_TOKENS = TypeAdapter(list[ChatCompletionTokenLogprob])


class Completion(BaseModel):
    """What we read of a whole chat completion; what else it holds is kept, but not read."""

    model: str | None = None
    choices: Annotated[list[_Choice], Field(min_length=1)]
    usage: _Usage | None = None


def read(access: Access, ask: Ask, request: dict[str, Any], response: str, seconds: float) -> Reply:
    """A whole response as an answer, or as the reason why it is none. It is kept without the key, and bounded."""
    raw = access.without_key(response)
    if len(raw) > LONGEST:
        return Reply(request, seconds, raw[:LONGEST], error=access.too_long(len(raw)))
    try:
        completion = Completion.model_validate_json(raw)
    except ValidationError as error:
        return Reply(request, seconds, raw, error=access.failure(error))
    choice, usage = completion.choices[0], completion.usage
    answer = Answer(
        text=(choice.message.content or "").strip(),
        seconds=seconds,
        prompt_tokens=usage.prompt_tokens if usage else None,
        completion_tokens=usage.completion_tokens if usage else None,
        margin=margin(choice.logprobs.content or []) if choice.logprobs else None,
    )
    fault = _fault(access, ask, completion, answer.text)
    return Reply(request, seconds, raw, answer, choice.finish_reason, fault)


def _fault(access: Access, ask: Ask, completion: Completion, text: str) -> TeacherError | None:
    """What keeps a whole answer from being used: besides what `check` finds, another model's name, or a cut end."""
    finish = completion.choices[0].finish_reason
    try:
        if access.is_another(completion.model):
            mend = f"Set {access.settings}_MODEL to a model that the endpoint serves"
            raise access.fault("wrong model", f"answered as {completion.model!r}. {mend}")
        check(access, text, finish)
        if finish == "length" and not ask.yes_or_no:  # a yes or no is whole after its first word
            raise access.fault("length", f"was cut off at the longest answer allowed, after {text[-40:]!r}")
        ask.check(text)
    except TeacherError as error:
        return error
    return None


def check(access: Access, text: str, finish: str | None) -> None:
    """Refuse an answer that was withheld, broke off, or is empty.

    Raises:
        TeacherError: which of these it is.
    """
    if finish == "content_filter":
        raise access.fault("filtered", "withheld its answer: its content filter stopped it. Try another tweet or model")
    if finish is None and not text:
        raise access.failure(ValueError("no chunk of a chat completion came"))
    if finish is None:
        raise access.fault(
            "cut short", f"broke off in the middle of its answer ({len(text)} characters came). Ask again"
        )
    if not text:
        raise access.fault("empty", "gave an empty answer. Ask again, or choose another teacher or prompt set")


def whole_sentences(text: str) -> str:
    """The text up to the last end of a sentence or of a line, or all of it where there is none."""
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    end = max([*ends, text.rfind("\n")])
    return text[:end].rstrip() if end > 0 else text


def margin(tokens: Sequence[ChatCompletionTokenLogprob]) -> float | None:
    """log p(yes) − log p(no) at the first token that is a word, each summed over its spellings.

    A side that is not among the alternatives is given the probability of the least of them: the most it can have.
    None where neither is among them, or no log-probabilities came.
    """
    first = next((token for token in tokens if token.token.strip()), None)
    if first is None:
        return None
    chances = {"yes": 0.0, "no": 0.0}
    for alternative in first.top_logprobs:
        word = alternative.token.strip().strip(".,!*\"'").casefold()
        if word in chances:
            chances[word] += _chance(alternative.logprob)
    if not any(chances.values()):
        return None
    least = min(_chance(alternative.logprob) for alternative in first.top_logprobs)
    return math.log(chances["yes"] or least) - math.log(chances["no"] or least)


def heard_margin(tokens: Sequence[object]) -> float | None:
    """The margin in the tokens of a stream, whose pieces the SDK doesn't check; None where they are none."""
    told = [token.model_dump(warnings=False) if isinstance(token, BaseModel) else token for token in tokens]
    try:
        return margin(_TOKENS.validate_python(told))
    except ValidationError:
        return None


def heard_usage(told: object) -> _Usage | None:
    """What a stream says of its cost, likewise; None where it says nothing that can be."""
    try:
        return _Usage.model_validate(told.model_dump(warnings=False) if isinstance(told, BaseModel) else told)
    except ValidationError:
        return None


def _chance(logprob: float) -> float:
    """A probability above 0 and at most 1, whatever number came: some endpoints write −9999 for next to nothing."""
    return math.exp(min(0.0, max(-80.0, logprob)))
