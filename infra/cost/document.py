"""`python -m infra.cost.document`: writes docs/COST.md and its plot, from the templates.

Reads the templates of the stages, and in the folder `function` below them those of the same stages
with the function alone.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from infra import REPOSITORY
from infra.cost.bill import CostError, Line, Prices, Template, bill
from infra.cost.free import FREE
from infra.cost.lines import PRICERS
from infra.cost.plot import Curve, plot
from infra.cost.usage import ASSUMPTIONS, HOURS, SECONDS, Usage

TEMPLATES = REPOSITORY / "infra" / "cdk.out"
DOCUMENT, PLOT = REPOSITORY / "docs" / "COST.md", REPOSITORY / "docs" / "cost.svg"
PER_SECOND, ORGANIZATIONS = 1000, 100
WAITS = (0.15, 0.5, 1.0, 2.0, 5.0, 10.0)
# Six hours of each of 21 working days: for the rest Aurora may pause.
WORKING_HOURS = 126.0
INTRODUCTION = """# Cost

AWS's list prices, from the templates and [`prices.json`](../infra/cost/prices.json); `make cost`
writes this page. A function is billed while it waits for a model, a service is not: this is why
callers of `demo` and `prod` meet a service (`compute` in [`stages.py`](../infra/stages.py)), and
those of `sandbox`, which is idle for most of the day, the function.
"""


@dataclass(frozen=True)
class Kind:
    """One way to compute, and one kind of answer."""

    name: str
    folder: str
    streamed: bool


KINDS = (
    Kind("service, whole", "", streamed=False),
    Kind("service, streamed", "", streamed=True),
    Kind("function, whole", "function", streamed=False),
    Kind("function, streamed", "function", streamed=True),
)


def written(templates: Path) -> tuple[str, str]:
    """The page and the plot. Raises CostError."""
    prices = Prices()
    prod = {
        kind: Template.read(templates / kind.folder / "llm-cp-prod.template.json") for kind in KINDS
    }
    bills = {
        kind: {wait: _bill(prod[kind], _busy(wait, kind), prices) for wait in WAITS}
        for kind in KINDS
    }
    parts = [
        INTRODUCTION,
        _by_wait(bills),
        _by_line({kind: found[2.0] for kind, found in bills.items()}),
        _sandbox(Template.read(templates / "llm-cp-sandbox.template.json"), prices),
        _assumptions(prices),
    ]
    curves = [
        Curve(kind.name, [(wait, _total(lines)) for wait, lines in found.items()])
        for kind, found in bills.items()
    ]
    title = f"US$ a month at {PER_SECOND:,} requests a second, by what the model takes"
    return "\n".join(parts), plot(title, curves, "s", "US$")


def main(arguments: Sequence[str]) -> int:
    """The command; returns the exit code."""
    try:
        page, drawn = written(Path(arguments[0]) if arguments else TEMPLATES)
    except CostError as error:
        print(error, file=sys.stderr)
        return 1
    DOCUMENT.write_text(page)
    PLOT.write_text(drawn)
    return 0


def _busy(wait: float, kind: Kind) -> Usage:
    requests = PER_SECOND * HOURS * SECONDS
    return Usage(requests, wait, HOURS, ORGANIZATIONS, streamed=kind.streamed)


def _bill(template: Template, usage: Usage, prices: Prices) -> list[Line]:
    return bill(template, usage, prices, PRICERS, FREE)


def _by_wait(bills: dict[Kind, dict[float, list[Line]]]) -> str:
    head = (
        f"## Production at {PER_SECOND:,} requests a second\n\n"
        f"US$ a month, {PER_SECOND * HOURS * SECONDS / 1e9:.2f} billion requests of "
        f"{ORGANIZATIONS} organisations, by what the model takes for an answer.\n\n"
        f"![Cost against model time]({PLOT.name})\n"
    )
    rows = [
        [kind.name, *(f"{_total(lines):,.0f}" for lines in found.values())]
        for kind, found in bills.items()
    ]
    return f"{head}\n{_table(['', *(f'{wait:g} s' for wait in WAITS)], rows)}"


def _by_line(bills: dict[Kind, list[Line]]) -> str:
    services = list(dict.fromkeys(line.service for lines in bills.values() for line in lines))
    rows = []
    for service in services:
        sums = (sum(x.usd for x in lines if x.service == service) for lines in bills.values())
        rows.append([service, *(f"{usd:,.0f}" for usd in sums)])
    rows.append(["**total**", *(f"**{_total(lines):,.0f}**" for lines in bills.values())])
    head = "### Line by line, where the model takes 2 s\n\n"
    return head + _table(["", *(kind.name for kind in bills)], rows)


def _sandbox(template: Template, prices: Prices) -> str:
    packed = _bill(template, Usage(10_000, 2, WORKING_HOURS), prices)
    spread = _bill(template, Usage(10_000, 2, HOURS), prices)
    rows = [
        [f"{one.service}: {one.detail}", f"{one.usd:.2f}", f"{other.usd:.2f}"]
        for one, other in zip(packed, spread, strict=True)
    ]
    rows.append(["**total**", f"**{_total(packed):.2f}**", f"**{_total(spread):.2f}**"])
    head = (
        "## Sandbox\n\nUS$ a month for 10,000 requests at 2 s: packed into six hours of each of 21 "
        "working days, and spread over day and night, where each batch of audit records wakes "
        "Aurora.\n\n"
    )
    return head + _table(["", "packed", "spread"], rows)


def _assumptions(prices: Prices) -> str:
    oldest, newest = prices.as_of
    lines = "\n".join(f"- {text}" for text in ASSUMPTIONS)
    return f"## Assumptions\n\nPrices of {prices.region} as of {oldest} to {newest}.\n\n{lines}\n"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---", *(["---:"] * (len(head) - 1))], *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _total(lines: Sequence[Line]) -> float:
    return sum(line.usd for line in lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
