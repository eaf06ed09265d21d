"""The files of a folder: sections of names and documents, in YAML as JSON means it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from controlplane.cli.errors import CommandError
from controlplane.cli.terminal import shown

# In the order in which one needs another.
SECTIONS = ("applications", "keys", "routes", "prices", "policies")
SUFFIXES = (".yaml", ".yml")
# YAML 1.2's JSON schema (section 10.2): `no`, `12:30` and `2030-01-31` are texts, as in JSON.
_SCALARS = (
    ("tag:yaml.org,2002:null", r"null|~|", "n~\0"),
    ("tag:yaml.org,2002:bool", r"true|false", "tf"),
    ("tag:yaml.org,2002:int", r"-?(?:0|[1-9][0-9]*)", "-0123456789"),
    (
        "tag:yaml.org,2002:float",
        r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?",
        "-0123456789",
    ),
)
_RESOLVERS: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
for _tag, _pattern, _first in _SCALARS:
    for _character in _first:
        _RESOLVERS.setdefault(_character.strip("\0"), []).append(
            (_tag, re.compile(rf"(?:{_pattern})\Z"))
        )


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands there twice, and what JSON cannot say."""

    yaml_implicit_resolvers = _RESOLVERS

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """The mapping. Raises ConstructorError."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag != "tag:yaml.org,2002:str":
                raise yaml.constructor.ConstructorError(
                    None, None, "a name must be a text: put it in quotes", key.start_mark
                )
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key.value!r} stands there twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


class _Dumper(yaml.SafeDumper):
    """Quotes what `_Loader` would take for something else than a text."""

    yaml_implicit_resolvers = _RESOLVERS

    def ignore_aliases(self, data: Any) -> bool:
        """Always: a document says what it says where it stands."""
        return True


@dataclass(frozen=True, slots=True)
class Wanted:
    """One document, and where it stands: the file, and the path inside it."""

    document: Mapping[str, Any]
    file: str
    path: str

    def fault(self, message: str, *inside: str) -> str:
        """A sentence about it, or about a field in it."""
        return shown(f"{self.file}: {'.'.join((self.path, *inside))}: {message}")


@dataclass(frozen=True, slots=True)
class Folder:
    """What the files of a folder say. A section that none has is not in `sections`."""

    sections: Mapping[str, Mapping[str, Wanted]] = field(default_factory=dict)

    def of(self, section: str) -> Mapping[str, Wanted]:
        """The documents of a section, by name."""
        return self.sections.get(section, {})


def read_folder(name: str) -> Folder:
    """All files of a folder and of those in it. Raises CommandError with every fault."""
    folder = Path(name)
    if not folder.is_dir():
        raise CommandError(f"{shown(name)} is not a folder.")
    files = sorted(file for file in folder.rglob("*") if file.suffix in SUFFIXES and file.is_file())
    if not files:
        raise CommandError(f"{shown(name)} holds no file that ends in {' or '.join(SUFFIXES)}.")
    faults: list[str] = []
    sections: dict[str, dict[str, Wanted]] = {}
    for file in files:
        _read_into(sections, file, faults)
    if faults:
        raise CommandError("The files are not right:", *faults)
    return Folder(sections)


def dumped(document: Any) -> str:
    """The document as YAML that `read_folder` reads back to the same."""
    text: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return text


def _read_into(sections: dict[str, dict[str, Wanted]], file: Path, faults: list[str]) -> None:
    try:
        # A subclass of SafeLoader: it makes no other objects than those of JSON.
        content = yaml.load(file.read_bytes(), Loader=_Loader)  # noqa: S506
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        faults.append(shown(f"{file}: is not YAML: {error.problem}{place}"))
        return
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError):
        faults.append(shown(f"{file}: is not YAML that can be read"))
        return
    except OSError as error:
        faults.append(shown(f"{file}: cannot be read: {error.strerror}"))
        return
    if not isinstance(content, dict):
        faults.append(shown(f"{file}: must hold sections out of {', '.join(SECTIONS)}"))
        return
    for section, documents in content.items():
        if section not in SECTIONS:
            known = ", ".join(SECTIONS)
            faults.append(shown(f"{file}: {section}: is not a section (known: {known})"))
        elif not isinstance(documents, dict):
            faults.append(shown(f"{file}: {section}: must hold names, each with its document"))
        else:
            known_names = sections.setdefault(section, {})
            _add(known_names, section, documents, file, faults)


def _add(
    known: dict[str, Wanted],
    section: str,
    documents: Mapping[str, Any],
    file: Path,
    faults: list[str],
) -> None:
    for name, document in documents.items():
        wanted = Wanted(document or {}, str(file), f"{section}.{name}")
        if name in known:
            faults.append(wanted.fault(f"stands in {known[name].file} already"))
        elif document is not None and not isinstance(document, dict):
            faults.append(wanted.fault("must be a document: names and values"))
        else:
            known[name] = wanted
