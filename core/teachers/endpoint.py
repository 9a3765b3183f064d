"""A hosted or self-run teacher: OpenAI, vLLM, Ollama, llama.cpp, or anything else that speaks the same protocol."""

import os
from urllib.parse import urlsplit

from core.errors import Unavailable
from core.settings import Settings
from core.teachers import Teacher
from core.teachers._access import shown
from core.teachers._chat import ChatTeacher


def unusable(settings: Settings) -> str | None:
    """Which setting is missing or wrong, or None. Does not call the endpoint."""
    if not settings.teacher_model:
        return "no model is named: set COTPD_TEACHER_MODEL, e.g. gpt-4, and COTPD_TEACHER_URL unless it is OpenAI's"
    if settings.teacher_url is None:
        return None if _key() else "OpenAI needs a key: set OPENAI_API_KEY, or COTPD_TEACHER_URL for another endpoint"
    url = urlsplit(settings.teacher_url)
    if url.scheme not in ("http", "https") or not url.hostname:
        return (
            f"COTPD_TEACHER_URL is {shown(settings.teacher_url)!r}: it must begin with http:// or https:// and a host"
        )
    return None


def load(settings: Settings) -> Teacher:
    """The configured endpoint's model. Servers of one's own usually need no key: then none that means anything is sent.

    Raises:
        Unavailable: a setting is missing or wrong.
    """
    reason = unusable(settings)
    if reason or settings.teacher_model is None:
        raise Unavailable(f"the endpoint teacher cannot be used: {reason}")
    return ChatTeacher(
        model=settings.teacher_model,
        served_as=settings.teacher_model,
        base_url=settings.teacher_url,
        key=_key() or "no-key-is-set",
        prompts=settings.teacher_prompts or "paper",
        timeout=settings.teacher_timeout,
    )


def _key() -> str:
    return os.environ.get("OPENAI_API_KEY", "").strip()
