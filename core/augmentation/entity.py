"""Another name of the same type in a mention's place, kept if the teacher finds it possible (paper section 3.3)."""

import re
import unicodedata
from collections.abc import Iterator
from itertools import islice
from typing import Any

from pydantic import JsonValue

from core.augmentation.making import Draw, Plan, asked_of
from core.augmentation.pool import EntityPool, shuffled
from core.augmentation.spelling import bare, fold, genitive
from core.domain import Entity, Replacement, Sample, Span, Verdict
from core.domain.tokens import split_words
from core.prompts import Prompt
from core.teachers import Answer, Ask, Teacher

CLEAR_YES = 1.0
"""The least margin log p(yes) − log p(no) of a clear yes: yes is e times as likely as no."""

_WORD = re.compile(r"\W*(yes|no)\b", re.IGNORECASE)
_BUT = re.compile(r"[^.!\n]*\b(?:yes|no|not|impossible)\b", re.IGNORECASE)
"""What a yes says no more: `Yes or no?`, `Yes, it is not possible`."""


def replace(sample: Sample, teacher: Teacher, prompt: Prompt, pool: EntityPool, draw: Draw) -> Plan:
    """Replace one entity, wherever the tweet names it, then ask whether that is possible in fact.

    Which entity, and by which name, follows from the draw and the sample's id. Kept is a clear yes: the word, and a
    margin of `CLEAR_YES` or more where the teacher gives one. Otherwise the augmentation is dropped as `implausible`,
    but has its variant and verdict, so that a reviewer sees them. A sample of relations, or one without an entity that
    the pool has (more) others for, is dropped as `no entity`, and the teacher is not asked.
    """
    parameters: dict[str, JsonValue] = {**draw.parameters, "pool": pool.identity, "threshold": CLEAR_YES}
    chosen = _choose(sample, pool, draw)
    if chosen is None:
        asked = asked_of(sample, teacher, prompt, parameters)
        return Plan(parent_id=sample.id, kind="entity", asked=asked, dropped="no entity")
    variant = put(sample, chosen)

    def read(answer: Answer) -> dict[str, Any]:
        verdict = judge(answer)
        is_clear = verdict.answer == "yes" and (verdict.margin is None or verdict.margin >= CLEAR_YES)
        return {
            "variant": variant,
            "replacements": (chosen,),
            "verdict": verdict,
            "dropped": None if is_clear else "implausible",
        }

    question = tuple(prompt.messages(text=variant.text))
    return Plan(
        parent_id=sample.id,
        kind="entity",
        asked=asked_of(sample, teacher, prompt, {**parameters, "old": chosen.old, "new": chosen.new}),
        ask=Ask(question, prompt.max_tokens, prompt.version, sample.id, yes_or_no=True),
        read=read,
        replaces=chosen.type,
    )


def judge(answer: Answer) -> Verdict:
    """The verdict in a teacher's answer: its first word, if that is yes or no, and a yes stays one."""
    word = _WORD.match(answer.text)
    said = word[1].lower() if word else "unparsed"
    if word and said == "yes" and _BUT.match(answer.text, word.end()):
        said = "unparsed"
    return Verdict.model_validate({"answer": said, "margin": answer.margin})


def put(sample: Sample, replacement: Replacement) -> Sample:
    """The sample with each mention of `old` as an entity of that type turned into `new`; all labels move along.

    Spaces stay as they are: a tweet whose words stand apart, as a corpus has them, gets the new words apart too. A
    handle or a hashtag becomes one (`@TobeyMaguire`), and a genitive stays one.
    """
    stands_apart = sample.text == " ".join(sample.tokens)
    text = ""
    tokens: list[str] = []
    entities: list[Entity] = []
    read = 0  # characters of the parent that are in `text`, or replaced
    taken = 0  # tokens likewise
    for entity in sample.entities or ():
        start, end = sample.characters(entity)
        text += sample.text[read:start]
        tokens += sample.tokens[taken : entity.start]
        words = sample.tokens[entity.start : entity.end]
        if entity.type == replacement.type and fold(bare(sample.mention(entity))) == fold(replacement.old):
            new = _as_written(replacement.new, sample, entity)
            words = split_words(new)
            text += " ".join(words) if stands_apart else new
        else:
            text += sample.text[start:end]
        entities.append(Entity(start=len(tokens), end=len(tokens) + len(words), type=entity.type))
        tokens += words
        read, taken = end, entity.end
    return Sample(
        task=sample.task,
        text=text + sample.text[read:],
        tokens=(*tokens, *sample.tokens[taken:]),
        image=sample.image,
        entities=tuple(entities),
    )


def _as_written(new: str, sample: Sample, entity: Span) -> str:
    mention = sample.mention(entity)
    is_marked = mention[0] in "@#" or (entity.start > 0 and sample.tokens[entity.start - 1] in ("@", "#"))
    if not is_marked:
        return new + genitive(mention)
    mark = mention[0] if mention[0] in "@#" else ""
    words = ("".join(filter(_goes_into_a_tag, word)) for word in re.split(r"[\s_-]+", new))
    joined = "".join(word[0].upper() + word[1:] for word in words if word)
    return mark + (joined or new) + genitive(mention)


def _goes_into_a_tag(sign: str) -> bool:
    """Letters, the vowel signs of scripts that write them as marks, and digits."""
    return unicodedata.category(sign)[0] in "LMN"


def _choose(sample: Sample, pool: EntityPool, draw: Draw) -> Replacement | None:
    """The draws of a sample take its names in turn, and never the same name for the same mention twice."""
    if sample.task != "mner":
        return None
    entities = [entity for entity in sample.entities or () if entity.type not in draw.spared]
    named = [(bare(sample.mention(entity)), entity.type) for entity in entities]
    spellings = {fold(name): name for name, _ in reversed(named)}  # of a name in several, the first
    types = {spellings[fold(name)]: kind for name, kind in named}

    def candidates(old: str) -> Iterator[str]:
        return pool.candidates(types[old], old, sample.text, f"{draw.seed}\0{sample.id}\0{old}")

    replaceable = [old for old in types if next(candidates(old), None)]
    if not replaceable:
        return None
    turn, which = divmod(draw.nth, len(replaceable))
    old = shuffled(replaceable, f"{draw.seed}\0{sample.id}")[which]
    new = next(islice(candidates(old), turn, None), None)
    return Replacement(old=old, new=new, type=types[old]) if new else None
