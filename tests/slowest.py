"""Writes the table of the slowest tests into CONTRIBUTING.md: `python -m tests.slowest REPORT`.

REPORT is what `pytest --junitxml` writes.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from heapq import nlargest
from pathlib import Path
from xml.etree import ElementTree

DOCUMENT = Path(__file__).parents[1] / "CONTRIBUTING.md"
BEGIN, END = "<!-- slowest: begin -->\n", "<!-- slowest: end -->\n"
FILES, TESTS = 15, 15


def durations(report: str) -> tuple[dict[str, float], dict[str, float]]:
    """Seconds by file, and by test with its variants, of a report: setup, call and teardown."""
    files: defaultdict[str, float] = defaultdict(float)
    tests: defaultdict[str, float] = defaultdict(float)
    for case in ElementTree.fromstring(report).iter("testcase"):
        file, inner = _file(case.attrib["classname"])
        name = "::".join([file, *inner, case.attrib["name"].partition("[")[0]])
        seconds = float(case.attrib["time"])
        files[file] += seconds
        tests[name] += seconds
    return files, tests


def table(report: str) -> str:
    """Markdown."""
    files, tests = durations(report)
    minutes = sum(files.values()) / 60
    rows = [f"All tests together: {minutes:.1f} minutes, spread over the workers.", ""]
    for title, seconds, number in (("File", files, FILES), ("Test", tests, TESTS)):
        rows += [f"| {title} | seconds |", "|---|---:|"]
        for name in nlargest(number, seconds, key=seconds.__getitem__):
            rows.append(f"| `{name}` | {seconds[name]:.0f} |")
        rows.append("")
    return "\n".join(rows)


def replaced(document: str, content: str) -> str:
    """The document with another content between its two marks."""
    between = re.compile(f"(?<={re.escape(BEGIN)}).*(?={re.escape(END)})", re.DOTALL)
    changed, count = between.subn(lambda _: content, document)
    if count != 1:
        raise ValueError("CONTRIBUTING.md has no place for the table")
    return changed


def _file(classname: str) -> tuple[str, list[str]]:
    parts = classname.split(".")
    length = next(i for i, part in enumerate(parts) if part.startswith("test_")) + 1
    return "/".join(parts[:length]) + ".py", parts[length:]


if __name__ == "__main__":
    DOCUMENT.write_text(replaced(DOCUMENT.read_text(), table(Path(sys.argv[1]).read_text())))
