"""What an ask is known by, and its smaller form."""

import hashlib
import json
from dataclasses import replace

from core.teachers import Ask, Message, Teacher

FEWER = "-fewer-words"
"""What is added to the key of an ask that is sent in its smaller form."""


def key_of(ask: Ask, teacher: Teacher) -> str:
    """What tells an ask from all others: its dialogue, prompt version, model and parameters.

    A picture counts by its name, which says what it shows, and not by where its file lies. The temperature is left out:
    it is 0 unless the ask says how to draw, and whether an endpoint takes it is known only after the first request.
    """
    parameters = {name: value for name, value in teacher.parameters.items() if name != "temperature"}
    content = [
        [_named(turn) for turn in ask.dialogue],
        ask.max_tokens,
        ask.yes_or_no,
        ask.prompt_version,
        teacher.model,
        parameters,
    ]
    content += [ask.sampling] if ask.sampling else []
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]


def _named(turn: Message) -> dict[str, str]:
    picture = turn.get("picture")
    words = {"role": turn["role"], "content": turn["content"]}
    return words if picture is None else {**words, "picture": picture if isinstance(picture, str) else picture.name}


def smaller(ask: Ask) -> Ask:
    """The same ask, for fewer words: what its length or a content filter ended is asked for once in this form.

    A shorter answer ends before it is cut off, and says less that a filter could mind. The limit itself stays: a
    smaller one would only cut off sooner. A token is about three quarters of a word, so half as many words fit well.
    """
    *before, question = ask.dialogue
    words = max(1, ask.max_tokens // 2)
    fewer = question | Message(role="user", content=f"{question['content']}\nAnswer in at most {words} words.")
    return replace(ask, dialogue=(*before, fewer))
