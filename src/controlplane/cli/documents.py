"""Documents that are kept in files: compared with what is stored, and written."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from controlplane.cli.command import EXIT_FOUND, EXIT_OK
from controlplane.cli.terminal import Colour, shown, visible

if TYPE_CHECKING:
    from controlplane.cli.terminal import Terminal

_COLOURS = {"+": Colour.GREEN, "-": Colour.RED, "@": Colour.CYAN}


def print_difference(
    terminal: Terminal,
    stored: Mapping[str, Any] | None,
    wanted: Mapping[str, Any],
    names: tuple[str, str],
) -> int:
    """A unified diff of two documents, whose order of fields does not count. EXIT_FOUND where there
    is one."""
    before, after = _lines(stored), _lines(wanted)
    difference = list(difflib.unified_diff(before, after, *names, lineterm=""))
    for index, line in enumerate(difference):
        colour = Colour.BOLD if index < 2 else _COLOURS.get(line[:1])
        print(terminal.paint(shown(line), colour))
    return EXIT_FOUND if difference else EXIT_OK


def _lines(document: Mapping[str, Any] | None) -> list[str]:
    if document is None:
        return []
    text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False)
    return visible(text).split("\n")
