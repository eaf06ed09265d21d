"""`make bench`: print the tables. `python -m tests.benchmarks protocols`: that of the protocols
alone; `usage [ROWS]`: those of usage, over ten million records, which takes minutes to make;
`month [REQUESTS] [FOLDER]`: those of a month of traffic; `aws`: that of the audit queue."""

from __future__ import annotations

import compileall
import os
import sys

# Without compiled files an import costs several times more, and so would every number here.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

from tests.benchmarks import (
    aws_bench,
    gateway,
    init_bench,
    month_bench,
    protocols_bench,
    requests_bench,
    screening_bench,
    stream_bench,
    usage_bench,
)
from tests.benchmarks.processes import ROOT

if __name__ == "__main__":
    for folder in ("src", "tests"):
        compileall.compile_dir(ROOT / folder, quiet=2)
    if sys.argv[1:2] == ["usage"]:
        usage_bench.run(*map(int, sys.argv[2:3]))
        sys.exit()
    if sys.argv[1:2] == ["aws"]:
        aws_bench.run()
        sys.exit()
    if sys.argv[1:2] == ["month"]:
        month_bench.run(*sys.argv[2:4])
        sys.exit()
    with gateway.running() as running:
        if sys.argv[1:2] == ["protocols"]:
            protocols_bench.run(running)
            sys.exit()
        requests_bench.run(running)
        protocols_bench.run(running)
        stream_bench.run(running)
        init_bench.run(running)
    aws_bench.run()
    screening_bench.run()
