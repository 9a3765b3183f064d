"""A picture that was never taken: "What is a possible image with the text in a tweet?" (paper section 3.3)."""

from typing import Any

from core.augmentation.language import is_other_language
from core.augmentation.making import Draw, Plan, asked_of, sampled
from core.augmentation.wording import NoAnswer, answer_in, squeezed
from core.domain import Sample
from core.prompts import Prompt
from core.teachers import Answer, Ask, Teacher


def imagine(sample: Sample, teacher: Teacher, prompt: Prompt, draw: Draw) -> Plan:
    """Ask for the description of a possible picture, to stand where a caption stands.

    The variant is the parent's words and labels without its picture; what it is seen with is `caption`. The variant of
    a parent that has no picture is therefore the parent itself, under the same id: the new sample is the pair of
    `variant` and `caption`, and the augmentation's id tells the two apart. Dropped as `refused`, `empty` or `echo` is
    what is no answer, as `unchanged` the tweet's own words, as `other language` what is not in the question's: captions
    are, whatever the tweet is written in.
    """
    dialogue = prompt.messages(text=sample.text)
    question = prompt.messages(text="")[-1]["content"]

    def read(answer: Answer) -> dict[str, Any]:
        description = answer_in(answer.text, dialogue, sample.text)
        if squeezed(description) == squeezed(sample.text):
            raise NoAnswer("unchanged")
        if is_other_language(description, question):
            raise NoAnswer("other language")
        return {"variant": Sample.model_validate({**sample.model_dump(), "image": None}), "caption": description}

    sampling, parameters = sampled(draw)
    return Plan(
        parent_id=sample.id,
        kind="image",
        asked=asked_of(sample, teacher, prompt, parameters),
        ask=Ask(tuple(dialogue), prompt.max_tokens, prompt.version, sample.id, sampling=sampling),
        read=read,
    )
