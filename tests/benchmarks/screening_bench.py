"""Time of screening: all detectors over texts of several kinds and sizes, and the first scan."""

from __future__ import annotations

import base64
import json
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path

from controlplane.screening.scan import scan

SIZES = (10_000, 100_000, 1_000_000)
_PACKAGE = Path(scan.__code__.co_filename).parent
_SOURCE = "".join((_PACKAGE / name).read_text() for name in ("document.py", "redact.py", "scan.py"))
_FIRST = (
    "import time; start = time.process_time()\n"
    "from controlplane.screening.scan import scan\n"
    "scan({'messages': [{'role': 'user', 'content': 'Hello'}]})\n"
    "print((time.process_time() - start) * 1000)"
)


def texts(size: int) -> dict[str, str]:
    """One text of `size` characters of each kind, the ones made to hurt included."""
    rng = random.Random(size)
    rows = [
        {"id": index, "at": 1732354567123 + index, "hash": f"{rng.getrandbits(128):032x}"}
        for index in range(size // 60)
    ]
    units = {
        "English": "Tell me, in plain words, how a sliding window limit works, and its cost. ",
        "code": _SOURCE,
        "JSON": json.dumps(rows),
        "base64": base64.b64encode(rng.randbytes(size)).decode(),
        "a.a.a.": "a.",
        "x@a.a.a.": "x@" + "a." * size,
        "digits": "1",
        "groups of digits": "1234 ",
        "URL-encoded": "%41%42%20",
        "escapes": '\\"',
        "addresses": "ana@example.com ",
        "cards": "4111 1111 1111 1111 ",
    }
    return {name: (unit * (size // len(unit) + 1))[:size] for name, unit in units.items()}


def run() -> None:
    """Print the tables."""
    print("\nScreening, milliseconds (p50)\n")
    print("| text | " + " | ".join(f"{size // 1000:,} KB" for size in SIZES) + " |")
    print("|---|" + "---|" * len(SIZES))
    columns = [texts(size) for size in SIZES]
    for name in columns[0]:
        print(f"| {name} | " + " | ".join(f"{_p50(column[name]):.2f}" for column in columns) + " |")
    first = [
        float(
            subprocess.run([sys.executable, "-c", _FIRST], capture_output=True, check=True).stdout
        )
        for _ in range(5)
    ]
    print(f"\nImport and first scan: {statistics.median(first):.0f} ms of CPU")


def _p50(text: str) -> float:
    body = {"messages": [{"role": "user", "content": text}]}
    seconds = []
    for _ in range(max(5, 300_000 // len(text))):
        start = time.perf_counter()
        scan(body)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds) * 1000


if __name__ == "__main__":
    run()
