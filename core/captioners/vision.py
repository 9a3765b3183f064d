"""Any model that sees pictures, behind an OpenAI-compatible endpoint; each picture is sent as a data URL."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from PIL import Image
from pydantic import JsonValue

from core import images
from core.captioners import Captioner, Description
from core.errors import CaptionerError, Reason, TeacherError, Unavailable
from core.settings import Settings
from core.teachers import Message, endpoint
from core.teachers._chat import ChatTeacher

QUESTION = "Describe this picture in one sentence: who or what it shows, and the words that can be read in it."
MAX_TOKENS = 120
AT_ONCE = 8

TRIES = 4
LONGEST_WAIT = 60.0
"""Seconds: what an endpoint that asks to be left alone for longer gets."""

_PASSING: frozenset[Reason] = frozenset(
    {"overloaded", "server error", "unreachable", "silent", "cut short", "nonsense", "empty"}
)
_FOR_ALL: frozenset[Reason] = frozenset({"key refused", "quota used up", "not found", "unreachable"})


def unusable(settings: Settings) -> str | None:
    """Which setting is missing or wrong, or None. Does not call the endpoint."""
    return endpoint.missing("COTPD_VISION", settings.vision_model, settings.vision_url)


def load(settings: Settings) -> Captioner:
    """The endpoint's model that captions pictures.

    Raises:
        Unavailable: a setting is missing or wrong.
    """
    reason = unusable(settings)
    if reason or settings.vision_model is None:
        raise Unavailable(f"captioner 'vision': {reason}")
    return Vision(
        endpoint.connect(
            "COTPD_VISION",
            settings.vision_model,
            settings.vision_url,
            prompts="",
            timeout=settings.teacher_timeout,
        )
    )


class Vision:
    """Asks for several pictures at once, each on its own; what may pass is asked again, when the endpoint wants it."""

    batch = AT_ONCE

    def __init__(self, teacher: ChatTeacher) -> None:
        self.model = teacher.model
        self._teacher = teacher
        self.parameters: dict[str, JsonValue] = {  # as asked for, before the endpoint refuses any
            **teacher.parameters,
            "question": QUESTION,
            "max_tokens": MAX_TOKENS,
            "side": images.SENT_SIDE,
        }

    def describe_all(self, images: Sequence[Image.Image]) -> list[Description | CaptionerError]:
        """Caption RGB images; see `Captioner.describe_all`.

        Raises:
            Unavailable: the endpoint answers nobody now. Where it gave some of these captions before, they are given
                first, for they are paid: the next call raises.
        """
        with ThreadPoolExecutor(AT_ONCE) as pool:
            made = list(pool.map(self._describe, images))
        refusals = [each for each in made if isinstance(each, Unavailable)]
        if refusals and not any(isinstance(each, Description) for each in made):
            raise refusals[0]
        return [CaptionerError(str(each)) if isinstance(each, Unavailable) else each for each in made]

    def _describe(self, image: Image.Image) -> Description | CaptionerError | Unavailable:
        dialogue = [Message(role="user", content=QUESTION, picture=images.data_url(image))]
        for tried in range(1, TRIES + 1):
            try:
                answer = self._teacher.ask(dialogue, max_tokens=MAX_TOKENS)
                return Description(" ".join(answer.text.split()))
            except TeacherError as error:
                failure = error
            if failure.reason not in _PASSING or tried == TRIES:
                break
            time.sleep(min(failure.retry_after or 2.0**tried, LONGEST_WAIT))
        if failure.reason in _FOR_ALL:
            return Unavailable(f"captioner 'vision': {failure}")
        return CaptionerError(str(failure))
