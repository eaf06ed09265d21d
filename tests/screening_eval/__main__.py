"""`make eval`: print the tables; exit code 1 where a kind is under its floor.

`--held-out` takes the other half of the independent corpus, `--corpora PATH` adds public sets.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.screening_eval import tables
from tests.screening_eval.corpora import read
from tests.screening_eval.corpus import as_json_lines
from tests.screening_eval.independent import documents
from tests.screening_eval.measure import FLOORS, measure


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.screening_eval")
    parser.add_argument("--dump", action="store_true", help="the project's own documents as JSON")
    parser.add_argument("--faults", action="store_true", help="every document with a fault")
    parser.add_argument("--held-out", action="store_true", help="the half that CI measures")
    parser.add_argument("--corpora", type=Path, help="a file or folder of public labelled sets")
    options = parser.parse_args()
    if options.dump:
        print(as_json_lines())
        return 0
    result = measure()
    print("| own documents | documents | recall | precision | floors |")
    print("|---|---|---|---|---|")
    for group, score in result.scores.items():
        recall, precision = FLOORS[group]
        print(
            f"| {group} | {result.sizes[group]} | {score.recall:.3f} | {score.precision:.3f} "
            f"| {recall:.2f}, {precision:.2f} |"
        )
    print(f"| hard negatives stopped | {result.sizes['negative']} | {result.negatives_hit} | | 0 |")
    half = tables.evaluate(documents("held-out" if options.held_out else "development"))
    print("", *tables.lines(half), sep="\n")
    faults = [*result.faults, *half.faults]
    if options.corpora:
        public = tables.evaluate(read(options.corpora))
        print("", *tables.lines(public), sep="\n")
        faults += public.faults
    if options.faults:
        for document, spans in faults:
            print(document.group, repr(document.text), document.labels, sorted(spans))
    below = [*result.below_floor(), *half.below_floor()]
    if below:
        print("Under the floor: " + ", ".join(below))
    return 1 if below or result.negatives_hit else 0


if __name__ == "__main__":
    sys.exit(main())
