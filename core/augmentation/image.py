"""A picture that was never taken: "What is a possible image with the text in a tweet?" (paper section 3.3)."""

from collections.abc import Callable
from functools import partial

from core.augmentation.making import maker_of
from core.augmentation.wording import answer_in, squeezed
from core.domain import Augmentation, Sample
from core.prompts import Prompt
from core.teachers import Teacher


def imagine(
    sample: Sample, teacher: Teacher, prompt: Prompt, hear: Callable[[str], None] | None = None
) -> Augmentation:
    """Ask for the description of a possible picture, to stand where a caption stands.

    The variant is the parent's words and labels without its picture; what it is seen with is `caption`. The variant of
    a parent that has no picture is therefore the parent itself, under the same id: the new sample is the pair of
    `variant` and `caption`, and the augmentation's id tells the two apart. Dropped as `unparsable` is a refusal or an
    echo, as `unchanged` the tweet's own words.

    Raises:
        TeacherError: no usable answer came, and why.
    """
    dialogue = prompt.messages(text=sample.text)
    answer = teacher.ask(dialogue, max_tokens=prompt.max_tokens, hear=hear)
    maker = maker_of(teacher, prompt, answer)
    made = partial(Augmentation, parent_id=sample.id, kind="image", answer=answer.text, maker=maker)
    description = answer_in(answer.text, dialogue, sample.text)
    if description is None or not any(map(str.isalpha, description)):
        return made(dropped="unparsable")
    if squeezed(description) == squeezed(sample.text):
        return made(dropped="unchanged")
    variant = Sample.model_validate({**sample.model_dump(), "image": None})
    return made(variant=variant, caption=description)
