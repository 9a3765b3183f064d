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
    return missing("COTPD_TEACHER", settings.teacher_model, settings.teacher_url)


def load(settings: Settings) -> Teacher:
    """The configured endpoint's model. Servers of one's own usually need no key: then none that means anything is sent.

    Raises:
        Unavailable: a setting is missing or wrong.
    """
    reason = unusable(settings)
    if reason or settings.teacher_model is None:
        raise Unavailable(f"the endpoint teacher cannot be used: {reason}")
    return connect(
        "COTPD_TEACHER",
        settings.teacher_model,
        settings.teacher_url,
        prompts=settings.teacher_prompts or "paper",
        timeout=settings.teacher_timeout,
    )


def missing(names: str, model: str | None, url: str | None) -> str | None:
    """What an endpoint lacks to be asked, or None; `names` is how the names of its settings begin."""
    if not model:
        return f"no model is named: set {names}_MODEL, e.g. gpt-4o-mini, and {names}_URL unless it is OpenAI's"
    if url is None:
        return None if _key() else f"OpenAI needs a key: set OPENAI_API_KEY, or {names}_URL for another endpoint"
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return f"{names}_URL is {shown(url)!r}: it must begin with http:// or https:// and a host"
    return None


def connect(names: str, model: str, url: str | None, *, prompts: str, timeout: float) -> ChatTeacher:
    """A model behind an endpoint that lacks nothing; see `missing`."""
    return ChatTeacher(
        model=model,
        served_as=model,
        base_url=url,
        key=_key() or "no-key-is-set",
        prompts=prompts,
        timeout=timeout,
        settings=names,
    )


def _key() -> str:
    return os.environ.get("OPENAI_API_KEY", "").strip()
