"""Content blocks that say something -> content parts of a message.

https://platform.openai.com/docs/guides/images-vision
https://platform.openai.com/docs/guides/pdf-files?api-mode=chat
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from controlplane.translators.messages_to_chat_completions.places import (
    CACHE_CONTROL,
    Losses,
    a_list,
    a_text,
    an_object,
    cache_mark,
    refuse,
)

Block = Mapping[str, Any]
Part = dict[str, Any]

_FRAME = frozenset({"type", CACHE_CONTROL})
_TEXT = _FRAME | {"text", "citations"}
_IMAGE = _FRAME | {"source", "transformations"}
_DOCUMENT = _FRAME | {"source", "title", "context", "citations"}
_SEARCH_RESULT = _FRAME | {"content", "source", "title", "citations"}
_LOST = frozenset({"citations", "transformations"})
_PDF = "application/pdf"


def blocks_of(content: Any, place: str) -> Sequence[tuple[str, Block]]:
    """The blocks of `content`, each with its place; a string is one of text."""
    if isinstance(content, str):
        return [(place, {"type": "text", "text": content})]
    blocks = []
    for index, block in enumerate(a_list(content, place)):
        where = f"{place}.{index}"
        a_text(an_object(block, where).get("type"), f"{where}.type")
        blocks.append((where, block))
    return blocks


def parts_of(block: Block, place: str, losses: Losses) -> list[Part]:
    """The parts of a block; its mark of the cache is one of the last part.

    Raises UnsupportedParameter for a block that cannot be carried.
    """
    translation = _TRANSLATIONS.get(block["type"])
    if translation is None:
        refuse(place, f"a block of the type '{block['type'][:40]}' cannot be sent there")
    parts = translation(block, place, losses)
    if parts:
        parts[-1] |= cache_mark(block)
    return parts


def plain(parts: Sequence[Part]) -> str | list[Part]:
    """One text alone is a string: every server takes that."""
    if len(parts) == 1 and parts[0].keys() == {"type", "text"}:
        return str(parts[0]["text"])
    return list(parts)


def text(said: str) -> Part:
    """A part of text."""
    return {"type": "text", "text": said}


def _text(block: Block, place: str, losses: Losses) -> list[Part]:
    losses.others(block, _TEXT, place)
    losses.named(block, _LOST, place)
    return [text(a_text(block.get("text"), f"{place}.text"))]


def _image(block: Block, place: str, losses: Losses) -> list[Part]:
    losses.others(block, _IMAGE, place)
    losses.named(block, _LOST, place)
    place = f"{place}.source"
    source = an_object(block.get("source"), place)
    if source.get("type") == "url":
        losses.others(source, frozenset({"type", "url"}), place)
        url = a_text(source.get("url"), f"{place}.url")
    elif source.get("type") == "base64":
        losses.others(source, frozenset({"type", "media_type", "data"}), place)
        url = _data_url(source, place)
    else:
        refuse(place, "it must be base64 or an address: a stored file cannot be read")
    return [{"type": "image_url", "image_url": {"url": url}}]


def _document(block: Block, place: str, losses: Losses) -> list[Part]:
    losses.others(block, _DOCUMENT, place)
    losses.named(block, _LOST, place)
    title = a_text(block.get("title") or "", f"{place}.title")
    context = a_text(block.get("context") or "", f"{place}.context")
    place = f"{place}.source"
    source = an_object(block.get("source"), place)
    kind = source.get("type")
    if kind == "text":
        losses.others(source, frozenset({"type", "media_type", "data"}), place)
        said = a_text(source.get("data"), f"{place}.data")
        return [text("\n\n".join(filter(None, (title, context, said))))]
    if kind == "content":
        losses.others(source, frozenset({"type", "content"}), place)
        said = "\n\n".join(filter(None, (title, context)))
        inner = blocks_of(source.get("content"), f"{place}.content")
        parts = [part for where, each in inner for part in parts_of(each, where, losses)]
        return [text(said), *parts] if said else parts
    if kind != "base64" or source.get("media_type") != _PDF:
        refuse(place, "it must be a text, blocks, or a PDF in base64")
    losses.others(source, frozenset({"type", "media_type", "data"}), place)
    file = {"filename": title or "document.pdf", "file_data": _data_url(source, place)}
    return [*([text(context)] if context else []), {"type": "file", "file": file}]


def _search_result(block: Block, place: str, losses: Losses) -> list[Part]:
    losses.others(block, _SEARCH_RESULT, place)
    losses.named(block, _LOST, place)
    said = [a_text(block.get(name), f"{place}.{name}") for name in ("title", "source")]
    mark: Part = {}
    for where, each in blocks_of(block.get("content"), f"{place}.content"):
        (part,) = _text(each, where, losses)
        said.append(part["text"])
        mark = cache_mark(each) or mark
    return [text("\n\n".join(("\n".join(said[:2]), *said[2:]))) | mark]


def _compaction(block: Block, place: str, losses: Losses) -> list[Part]:
    """The summary of what came before; one that failed says nothing."""
    known = frozenset({"content", "encrypted_content", "signature", "tool_changes"})
    losses.others(block, _FRAME | known, place)
    losses.named(block, frozenset({"encrypted_content", "signature"}), place)
    if block.get("tool_changes"):
        refuse(f"{place}.tool_changes", "tools are the same for a whole conversation there")
    summary = block.get("content")
    if summary is None and block.get("encrypted_content") is not None:
        refuse(place, "a summary that is encrypted cannot be read")
    if summary is None:
        losses.named(block, frozenset({CACHE_CONTROL}), place)
        return []
    return [text(a_text(summary, f"{place}.content"))]


def _data_url(source: Mapping[str, Any], place: str) -> str:
    media_type = a_text(source.get("media_type"), f"{place}.media_type")
    return f"data:{media_type};base64,{a_text(source.get('data'), f'{place}.data')}"


_TRANSLATIONS: Mapping[str, Callable[[Block, str, Losses], list[Part]]] = {
    "text": _text,
    "image": _image,
    "document": _document,
    "search_result": _search_result,
    "compaction": _compaction,
}
