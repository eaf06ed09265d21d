"""Content parts of an item -> those of a message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from controlplane.protocols.parameters import Fate
from controlplane.translators.reading import Reading

Part = dict[str, Any]

_MARK = "prompt_cache_breakpoint"
_TEXT = frozenset({"type", "text", _MARK})
_SAID = _TEXT | {"annotations", "logprobs"}
_IMAGE = frozenset({"type", "image_url", "detail", "file_id", _MARK})
_FILE = frozenset({"type", "file_data", "filename", "file_id", "file_url", _MARK})
_STORED = "a file that is stored at OpenAI cannot be read"


def translate_parts(content: Any, place: str, reading: Reading) -> list[Part]:
    """The parts of `content`: a string or parts. Raises UnsupportedParameter, naming the part."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    parts: list[Part] = []
    for index, each in enumerate(reading.a_list(content, place)):
        where = f"{place}.{index}"
        part = reading.an_object(each, where)
        kind = part.get("type")
        if kind in ("input_text", "output_text", "text"):
            # Citations and probabilities say something about the text, which is what is read.
            reading.echoed(part, _SAID, where)
            found: Part = {"type": "text", "text": reading.a_text(part.get("text"), where)}
        elif kind == "input_image":
            found = _image(part, where, reading)
        elif kind == "input_file":
            found = _file(part, where, reading)
        elif kind == "refusal":
            reading.echoed(part, frozenset({"type", "refusal"}), where)
            found = {"type": "refusal", "refusal": reading.a_text(part.get("refusal"), where)}
        else:
            reading.refuse(where, "a part of this type cannot be sent there")
        if part.get(_MARK) is not None:
            found[_MARK] = part[_MARK]
        parts.append(found)
    return parts


def compact(parts: Sequence[Part]) -> str | list[Part]:
    """One plain text as a string, which every server takes; parts otherwise."""
    if not parts:
        return ""
    if len(parts) == 1 and parts[0].keys() == {"type", "text"}:
        text: str = parts[0]["text"]
        return text
    return list(parts)


def is_text(part: Mapping[str, Any]) -> bool:
    """True for what a message of the system, the assistant or a tool may hold."""
    return bool(part["type"] == "text")


def _image(part: Mapping[str, Any], place: str, reading: Reading) -> Part:
    reading.only(part, _IMAGE, place)
    if part.get("file_id") is not None:
        reading.refuse(f"{place}.file_id", _STORED)
    where = f"{place}.image_url"
    image = {"url": reading.a_text(part.get("image_url"), where)}
    if part.get("detail") is not None:
        image["detail"] = reading.a_text(part["detail"], f"{place}.detail")
    return {"type": "image_url", "image_url": image}


def _file(part: Mapping[str, Any], place: str, reading: Reading) -> Part:
    if part.get("detail") not in (None, "auto"):
        reading.lack(f"{place}.detail", Fate.TASTE)
    reading.only(part, _FILE | {"detail"}, place)
    if part.get("file_id") is not None:
        reading.refuse(f"{place}.file_id", _STORED)
    if part.get("file_url") is not None:
        reading.refuse(f"{place}.file_url", "the file itself must be sent, as 'file_data'")
    file = {"file_data": reading.a_text(part.get("file_data"), f"{place}.file_data")}
    if part.get("filename") is not None:
        file["filename"] = reading.a_text(part["filename"], f"{place}.filename")
    return {"type": "file", "file": file}
