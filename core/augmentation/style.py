"""The tweet in other words: "Transform the sentence in Twitter style without changing the meaning" (section 3.3)."""

from collections.abc import Callable
from functools import partial

from core.augmentation.making import maker_of
from core.augmentation.projection import project
from core.augmentation.wording import answer_in, could_be, squeezed
from core.domain import Augmentation, Sample
from core.prompts import Prompt
from core.teachers import Teacher


def restyle(
    sample: Sample, teacher: Teacher, prompt: Prompt, hear: Callable[[str], None] | None = None
) -> Augmentation:
    """Ask for a rewrite, and carry the labels over. The variant keeps the parent's picture.

    `replacements` names the mentions that the rewrite spells in another way. Dropped as `unparsable` is a refusal, an
    echo of the question, another script, or a length that is no rewrite's; as `unchanged` what differs in case,
    spaces and punctuation only; as `span lost` a rewrite that lacks a mention.

    Raises:
        TeacherError: no usable answer came, and why.
    """
    dialogue = prompt.messages(text=sample.text)
    answer = teacher.ask(dialogue, max_tokens=prompt.max_tokens, hear=hear)
    maker = maker_of(teacher, prompt, answer)
    made = partial(Augmentation, parent_id=sample.id, kind="style", answer=answer.text, maker=maker)
    rewrite = answer_in(answer.text, dialogue, sample.text)
    if rewrite is None or not could_be(rewrite, sample.text):
        return made(dropped="unparsable")
    if squeezed(rewrite) == squeezed(sample.text):
        return made(dropped="unchanged")
    projection = project(sample, rewrite)
    if projection.sample is None:
        return made(dropped="span lost")
    return made(variant=projection.sample, replacements=projection.respelled)
