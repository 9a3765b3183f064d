"""What made a variant, for its record."""

from datetime import UTC, datetime

from pydantic import JsonValue

from core.domain import Maker
from core.prompts import Prompt
from core.teachers import Answer, Teacher


def maker_of(
    teacher: Teacher, prompt: Prompt, answer: Answer | None = None, parameters: dict[str, JsonValue] | None = None
) -> Maker:
    """The teacher, with its parameters and those of the augmentation; the costs are those of the answer, if any."""
    return Maker(
        model=teacher.model,
        prompt_version=prompt.version,
        parameters={**teacher.parameters, **(parameters or {})},
        created=datetime.now(UTC),
        seconds=answer.seconds if answer else 0.0,
        prompt_tokens=answer.prompt_tokens if answer else None,
        completion_tokens=answer.completion_tokens if answer else None,
    )
