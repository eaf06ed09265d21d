"""Content parts of a message -> content blocks.

https://platform.claude.com/docs/en/build-with-claude/vision
https://platform.claude.com/docs/en/build-with-claude/pdf-support
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from controlplane.translators.chat_completions_to_messages.cache_marks import (
    CACHE_CONTROL,
    cache_mark,
)
from controlplane.translators.chat_completions_to_messages.places import (
    LeftOut,
    a_text,
    an_object,
    only,
    refuse,
)
from controlplane.translators.chat_completions_to_messages.thoughts import signed_block

Block = dict[str, Any]

IMAGE_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp")
# Anthropic refuses an image whose bytes are of another type than is declared; OpenAI never looks.
_FIRST_BYTES = (
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
)
_OTHER_NAMES = {"image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg", "image/x-png": "image/png"}
_THOUGHTS = frozenset({"thinking", "redacted_thinking"})
_IMAGE_MEMBERS = frozenset({"url", "detail"})
_FILE_MEMBERS = frozenset({"filename", "file_data", "file_id"})


def translate_content(
    content: Any, place: str, allowed: frozenset[str], left_out: LeftOut
) -> list[Block]:
    """The blocks of `content`: a string, parts, or null. Blank text has none: it is not accepted.

    Raises UnsupportedParameter for a part that cannot be carried, or of no type in `allowed`.
    """
    if content is None:
        return []
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content.strip() else []
    blocks: list[Block] = []
    for index, part in enumerate(content):
        where = f"{place}.{index}"
        kind = part["type"]
        if kind not in allowed:
            refuse(where, f"a part of the type '{kind[:40]}' cannot be sent there")
        # Besides its own member, named like its type, a part says only whether to cache up to it.
        if kind not in _THOUGHTS:
            only(part, frozenset({"type", kind, "prompt_cache_breakpoint", CACHE_CONTROL}), where)
        block = _TRANSLATIONS[kind](part, where, left_out)
        if block is None:
            continue
        if part.get("prompt_cache_breakpoint") is not None:
            block[CACHE_CONTROL] = {"type": "ephemeral"}
        block |= cache_mark(part, where)
        blocks.append(block)
    return blocks


def _text(part: Mapping[str, Any], place: str, _: LeftOut) -> Block | None:
    text = a_text(part.get("text"), f"{place}.text")
    return {"type": "text", "text": text} if text.strip() else None


def _refusal(part: Mapping[str, Any], place: str, _: LeftOut) -> Block | None:
    text = a_text(part.get("refusal"), f"{place}.refusal")
    return {"type": "text", "text": text} if text.strip() else None


def _image(part: Mapping[str, Any], place: str, left_out: LeftOut) -> Block:
    place = f"{place}.image_url"
    image = an_object(part.get("image_url"), place)
    only(image, _IMAGE_MEMBERS, place)
    if image.get("detail") not in (None, "auto", "high"):
        # Images are always read in full detail.
        left_out.add(f"{place}.detail")
    url = a_text(image.get("url"), f"{place}.url")
    if url.startswith("https://"):
        return {"type": "image", "source": {"type": "url", "url": url}}
    declared, data = _data_url(url, f"{place}.url", "an https:// address or a base64 data URL")
    media_type = _type_of_bytes(data) or _OTHER_NAMES.get(declared, declared)
    if media_type not in IMAGE_TYPES:
        refuse(f"{place}.url", f"it must be one of {', '.join(IMAGE_TYPES)}")
    source = {"type": "base64", "media_type": media_type, "data": data}
    return {"type": "image", "source": source}


def _type_of_bytes(data: str) -> str | None:
    with suppress(ValueError):
        start = base64.b64decode(data[:16], validate=True)
        return next((kind for pattern, kind in _FIRST_BYTES if pattern.match(start)), None)
    return None


def _file(part: Mapping[str, Any], place: str, _: LeftOut) -> Block:
    place = f"{place}.file"
    file = an_object(part.get("file"), place)
    only(file, _FILE_MEMBERS, place)
    if file.get("file_id") is not None:
        refuse(f"{place}.file_id", "a file that is stored at OpenAI cannot be read")
    where = f"{place}.file_data"
    media_type, data = _data_url(a_text(file.get("file_data"), where), where, "a base64 data URL")
    if media_type == "application/pdf":
        source = {"type": "base64", "media_type": media_type, "data": data}
    elif media_type == "text/plain":
        source = {"type": "text", "media_type": media_type, "data": _decoded(data, where)}
    else:
        refuse(where, "it must be application/pdf or text/plain")
    block: Block = {"type": "document", "source": source}
    if file.get("filename") is not None:
        block["title"] = a_text(file["filename"], f"{place}.filename")
    return block


def _data_url(url: str, place: str, expected: str) -> tuple[str, str]:
    head, comma, data = url.partition(",")
    if not comma or not head.startswith("data:") or not head.endswith(";base64"):
        refuse(place, f"it must be {expected}")
    return head[len("data:") :].split(";")[0].lower(), data


def _decoded(data: str, place: str) -> str:
    try:
        return base64.b64decode(data, validate=True).decode()
    except (binascii.Error, ValueError):
        refuse(place, "it must be base64 of UTF-8 text")


_TRANSLATIONS: Mapping[str, Callable[[Mapping[str, Any], str, LeftOut], Block | None]] = {
    "text": _text,
    "refusal": _refusal,
    "image_url": _image,
    "file": _file,
    "thinking": lambda part, _place, _left_out: signed_block(part),
    "redacted_thinking": lambda part, _place, _left_out: signed_block(part),
}
