"""The tweet in other words: "Transform the sentence in Twitter style without changing the meaning" (section 3.3)."""

from typing import Any

from core.augmentation.making import Draw, Plan, asked_of, sampled
from core.augmentation.projection import added, project
from core.augmentation.wording import NoAnswer, answer_in, check_rewrite
from core.domain import Sample
from core.prompts import Prompt
from core.teachers import Answer, Ask, Teacher


def restyle(sample: Sample, teacher: Teacher, prompt: Prompt, draw: Draw) -> Plan:
    """Ask for a rewrite, and carry the labels over. The variant keeps the parent's picture.

    `replacements` names the mentions that the rewrite spells in another way. Dropped as `refused`, `empty` or `echo` is
    what is no answer; as `unchanged`, `other language` or `unparsable` what is no rewrite; as `span lost` a rewrite
    that lacks a mention, as `name added` one with a name that the tweet does not have: nobody has labelled it.
    """
    dialogue = prompt.messages(text=sample.text)

    def read(answer: Answer) -> dict[str, Any]:
        rewrite = answer_in(answer.text, dialogue, sample.text)
        check_rewrite(rewrite, sample.text)
        projection = project(sample, rewrite)
        if projection.sample is None:
            raise NoAnswer("span lost")
        if added(sample, projection.sample):
            raise NoAnswer("name added")
        return {"variant": projection.sample, "replacements": projection.respelled}

    sampling, parameters = sampled(draw)
    return Plan(
        parent_id=sample.id,
        kind="style",
        asked=asked_of(sample, teacher, prompt, parameters),
        ask=Ask(tuple(dialogue), prompt.max_tokens, prompt.version, sample.id, sampling=sampling),
        read=read,
    )
