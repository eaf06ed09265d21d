"""`python -m infra.cost`: what a stage costs a month, from its template and a table of prices."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from infra import REPOSITORY
from infra.cost.bill import CostError, Line, Prices, Template, bill
from infra.cost.free import FREE
from infra.cost.lines import PRICERS
from infra.cost.usage import ASSUMPTIONS, HOURS, Usage

TEMPLATES = REPOSITORY / "infra" / "cdk.out"
STAGES = ("sandbox", "demo", "prod")
# Six hours of each of 21 working days: for the rest Aurora may pause.
WORKING_HOURS = 126.0
# What the specification says of a line, by stage; "" is the total.
SPECIFICATION: Mapping[str, Mapping[str, str]] = {
    "sandbox": {
        "": "31-36",
        "NAT": "7.40",
        "Valkey": "from 6",
        "Aurora": "0 ACU + storage",
        "WAF": "5 + 1 a rule",
        "Alarms": "0.10 each",
        "Dashboards": "3 beyond three",
        "Secrets": "0.40 each",
    },
    "demo": {},
    "prod": {"NAT": "36.50 each"},
}
DESCRIPTION = "What a stage costs a month: AWS's list prices, line by line."
EPILOG = """\
examples:
  python -m infra.cost --stage sandbox --requests 10000 --llm-seconds 2
  python -m infra.cost --stage sandbox --active-hours 730       requests day and night
  python -m infra.cost --stage prod --requests 50e6 --organizations 20 --json
  python -m infra.cost --stage prod --requests 2.6e9 --streamed --compute function

docs/COST.md has production at 1,000 requests a second, by what the model takes.

Lambda bills while it waits: --llm-seconds is what decides the bill of a busy function.
The templates come from 'make synth', the prices from infra/cost/prices.json."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        print(_stage(options))
    except CostError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _stage(options: argparse.Namespace) -> str:
    template = _template(options, options.stage)
    prices = Prices()
    usage = Usage(
        requests=options.requests,
        llm_seconds=options.llm_seconds,
        active_hours=options.active_hours or _active_hours(template),
        organizations=options.organizations,
        streamed=options.streamed,
    )
    lines = bill(template, usage, prices, PRICERS, FREE)
    if options.json:
        return _as_json(options.stage, usage, lines, prices)
    always = replace(usage, active_hours=HOURS)
    round_the_clock = _total(bill(template, always, prices, PRICERS, FREE))
    return _as_table(options.stage, usage, lines, prices, round_the_clock)


def _as_table(
    stage: str, usage: Usage, lines: Sequence[Line], prices: Prices, round_the_clock: float
) -> str:
    said = SPECIFICATION[stage]
    title = (
        f"{stage}: {usage.requests:,.0f} requests a month in {usage.active_hours:g} hours, "
        f"the model takes {usage.llm_seconds:g} s"
    )
    body = [f"{'':<13}{'':<34}{'USD a month':>13}   specification"]
    seen: set[str] = set()
    for line in lines:
        specified = "" if line.service in seen else said.get(line.service, "")
        name = "" if line.service in seen else line.service
        seen.add(line.service)
        body.append(f"{name:<13}{line.detail:<34}{line.usd:>13,.2f}   {specified}".rstrip())
    body.append(f"{'total':<13}{'':<34}{_total(lines):>13,.2f}   {said.get('', '')}".rstrip())
    if usage.active_hours < HOURS:
        body += ["", f"With the same requests spread over day and night: {round_the_clock:,.2f}."]
    return "\n".join([title, "", *body, "", *_footnotes(prices)])


def _as_json(stage: str, usage: Usage, lines: Sequence[Line], prices: Prices) -> str:
    said = SPECIFICATION[stage]
    rows = [{**asdict(line), "specification": said.get(line.service)} for line in lines]
    document = {
        "stage": stage,
        "usage": asdict(usage),
        "lines": rows,
        "total_usd": round(_total(lines), 2),
        "specification_total_usd": said.get(""),
        "region": prices.region,
        "prices_as_of": list(prices.as_of),
        "assumptions": list(ASSUMPTIONS),
    }
    return json.dumps(document, indent=2)


def _footnotes(prices: Prices) -> list[str]:
    oldest, newest = prices.as_of
    dates = f"as of {oldest} to {newest}"
    head = f"List prices of {prices.region} {dates}; sources: infra/cost/prices.json."
    return [head, *(f"- {text}" for text in ASSUMPTIONS)]


def _total(lines: Sequence[Line]) -> float:
    return sum(line.usd for line in lines)


def _template(options: argparse.Namespace, stage: str) -> Template:
    folder = Path(options.templates)
    if options.compute == "function":
        folder /= "function"
    return Template.read(folder / f"llm-cp-{stage}.template.json")


def _active_hours(template: Template) -> float:
    scaling = template.only("AWS::RDS::DBCluster")["ServerlessV2ScalingConfiguration"]
    return WORKING_HOURS if scaling["MinCapacity"] == 0 else HOURS


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra.cost",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--stage", choices=STAGES, default="sandbox", help="sandbox")
    add("--requests", type=_positive, default=10_000, help="requests a month, 10000")
    add("--llm-seconds", type=_positive, default=2, help="what the model takes, 2")
    hours = "hours a month in which requests come: 126 where Aurora may pause, otherwise 730"
    add("--active-hours", type=_hours, help=hours)
    add("--organizations", type=_count, default=1, help="organisations that send them, 1")
    add("--streamed", action="store_true", help="answers are streams of 300 tokens")
    compute = "service, or function: that in place of what the stage says"
    add("--compute", choices=("service", "function"), default="service", help=compute)
    add("--json", action="store_true", help="for scripts; one stage")
    add("--templates", default=TEMPLATES, help="infra/cdk.out")
    return parser


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError("must be a number above 0")
    return value


def _hours(text: str) -> float:
    value = _positive(text)
    if value > HOURS:
        raise argparse.ArgumentTypeError(f"a month has {HOURS:g} hours")
    return value


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("must be a whole number, 1 or more")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
