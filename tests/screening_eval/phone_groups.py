"""Writes `screening/phone_groups.py`: how telephone numbers are grouped where they are dialled.

`python -m tests.screening_eval.phone_groups` after a new release of `phonenumbers`.
"""

from __future__ import annotations

import re
from pathlib import Path

import phonenumbers

from controlplane.screening import phone_groups

_LINE_LENGTH = 100
_LAST = "GROUPINGS = frozenset(tuple(map(int, sizes)) for sizes in _SIZES.split())"


def groups() -> list[tuple[int, ...]]:
    """The sizes of the groups of digits in libphonenumber's examples of all countries and kinds."""
    found = set()
    for region in phonenumbers.SUPPORTED_REGIONS:
        for kind in phonenumbers.PhoneNumberType.values():
            example = phonenumbers.example_number_for_type(region, kind)
            if example is not None:
                form = phonenumbers.PhoneNumberFormat.NATIONAL
                written = phonenumbers.format_number(example, form)
                found.add(tuple(map(len, re.findall(r"\d+", written))))
    return sorted(
        sizes for sizes in found if len(sizes) > 1 and sum(sizes) >= 6 and max(sizes) < 10
    )


def module() -> str:
    """The text of the module."""
    lines = [
        '"""How national telephone numbers are grouped: `tests.screening_eval.phone_groups`.',
        "",
        "From the metadata of libphonenumber, https://github.com/google/libphonenumber.",
        '"""',
        "",
        "from __future__ import annotations",
        "",
        "# The groups of each number, one digit a group.",
        "_SIZES = (",
    ]
    line = ""
    for sizes in groups():
        word = "".join(map(str, sizes))
        if len(line) + len(word) + 8 > _LINE_LENGTH:
            lines.append(f'    "{line}"')
            line = ""
        line += f"{word} "
    return "\n".join([*lines, f'    "{line}"', ")", _LAST, ""])


if __name__ == "__main__":
    Path(phone_groups.__file__).write_text(module(), encoding="utf-8")
