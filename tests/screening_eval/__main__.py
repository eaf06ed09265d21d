"""`make eval`: print the table; exit code 1 where a kind is under its floor."""

from __future__ import annotations

import sys

from tests.screening_eval.corpus import as_json_lines
from tests.screening_eval.measure import FLOORS, measure


def main() -> int:
    if "--dump" in sys.argv:
        print(as_json_lines())
        return 0
    result = measure()
    print("| kind | documents | recall | precision | floors |")
    print("|---|---|---|---|---|")
    for group, score in result.scores.items():
        recall, precision = FLOORS[group]
        print(
            f"| {group} | {result.sizes[group]} | {score.recall:.3f} | {score.precision:.3f} "
            f"| {recall:.2f}, {precision:.2f} |"
        )
    print(f"| hard negatives stopped | {result.sizes['negative']} | {result.negatives_hit} | | 0 |")
    print(f"\n{sum(result.sizes.values()):,} documents")
    if "--faults" in sys.argv:
        for document, spans in result.faults:
            print(document.group, repr(document.text), document.labels, sorted(spans))
    below = result.below_floor()
    if below:
        print("Under the floor: " + ", ".join(below))
    return 1 if below or result.negatives_hit else 0


if __name__ == "__main__":
    sys.exit(main())
