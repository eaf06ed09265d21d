"""How a value is given to a name: in code, configuration, markup, headers, commands and speech."""

from __future__ import annotations

import re

# Quotes, escaped ones too: JSON in JSON.
_QUOTE = r"\\{0,4}[\"'`]"
_TYPE = r"(?:[ \t]?:[ \t]?|[ \t])(?:&|&'static )?[Ss]tr(?:ing)?\b"
# What follows the name up to the value's first character.
IS = (
    rf"(?:{_QUOTE})?[\])]?(?:{_TYPE})?"
    r"(?:"
    # `=`, `:=`, `::=`, `?=`, `+=`, `=>`, `:`, `->`, `||`, a member's value
    r"[ \t]{0,8}(?:\|\||[:?+.]{0,3}=>?|:|->|\x1f)[ \t]{0,8}(?:[|>][-+]?[ \t]{0,4}\n[ \t]{1,16})?"
    rf"(?:[brfu@$]{{0,2}}{_QUOTE})?"
    # `<name>value</name>`, a column of a table or of comma-separated values
    r"|>[ \t\n]{0,16}|,|[ \t]{0,8}\|[ \t]{0,8}"
    # `set("name", "value")`, `name("value")`, `IDENTIFIED BY 'value'`
    rf"|[ \t]{{0,4}}[,(]?[ \t]{{0,4}}{_QUOTE}"
    # `name="x" value="y"`, `"name": "x", "value": "y"`
    rf"|[ \t\n,]{{1,16}}(?:{_QUOTE})?[Vv]alue(?:{_QUOTE})?[ \t]?[:=][ \t]?{_QUOTE}"
    r"|[ \t]{1,2}is[ \t]{1,2}[\"'`]?"
    r")"
)
_NAMES = re.compile(rb"[A-Za-z][\w.-]*")
_REACH = 96


def name_of(data: bytes, start: int, word: re.Pattern[bytes]) -> bytes:
    """The name that the value at `start` is given to: the last before it that has `word`."""
    before = data[max(start - _REACH, 0) : start]
    before = before[before.rfind(b"\x00") + 1 :]
    for match in reversed([*_NAMES.finditer(before)]):
        if word.search(match.group()):
            return match.group()
    return b""


def is_quoted(data: bytes, start: int, end: int) -> bool:
    """True where quotes stand on both sides of the value."""
    return data[start - 1 : start] in (b'"', b"'", b"`") and (
        data[end : end + 1] in (b'"', b"'", b"`") or data[end : end + 2] in (b'\\"', b"\\'")
    )
