"""Requests as they are kept."""

import hashlib
from typing import Any


def without_pictures(request: dict[str, Any]) -> dict[str, Any]:
    """A request as it is kept: for a picture it has its hash, since the picture itself is kept elsewhere."""
    messages = [
        {**turn, "content": [_noted(part) for part in turn["content"]]} if isinstance(turn["content"], list) else turn
        for turn in request.get("messages", ())
    ]
    return {**request, "messages": messages}


def _noted(part: dict[str, Any]) -> dict[str, Any]:
    if part["type"] != "image_url":
        return part
    digest = hashlib.sha256(part["image_url"]["url"].encode()).hexdigest()
    return {"type": "image_url", "image_url": {"url": f"sha256:{digest}"}}
