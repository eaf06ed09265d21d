"""The bill: complete, right, honest about waiting, and within the budget of the sandbox."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from tests.infra.conftest import run_infra
from tests.infra.template import ROOT, STAGES

from infra.cost.bill import CostError, Prices, Template, bill
from infra.cost.document import written
from infra.cost.free import FREE
from infra.cost.lines import PRICERS
from infra.cost.plot import Curve, plot
from infra.cost.usage import ASSUMPTIONS, HOURS, Usage

PRICES = Prices()


def _cost(assembly: Path, *words: str) -> dict[str, Any]:
    done = run_infra("cost", "--templates", str(assembly), "--json", *words)
    assert (done.returncode, done.stderr) == (0, "")
    loaded: dict[str, Any] = json.loads(done.stdout)
    return loaded


def _sum(document: dict[str, Any], service: str) -> float:
    return float(sum(line["usd"] for line in document["lines"] if line["service"] == service))


def _resources(assembly: Path, stage: str) -> dict[str, Any]:
    loaded = json.loads((assembly / f"llm-cp-{stage}.template.json").read_text())["Resources"]
    assert isinstance(loaded, dict)
    return loaded


def test_the_sandbox_stays_within_its_budget(assembly: Path) -> None:
    document = _cost(assembly, "--stage", "sandbox", "--requests", "10000", "--llm-seconds", "2")
    assert 25 < document["total_usd"] <= 36
    assert document["specification_total_usd"] == "31-36"
    assert document["total_usd"] == pytest.approx(
        sum(x["usd"] for x in document["lines"]), abs=0.01
    )


def test_what_can_be_counted_in_the_template_is(assembly: Path) -> None:
    document = _cost(assembly, "--stage", "sandbox")
    types = [row["Type"] for row in _resources(assembly, "sandbox").values()]
    (acl,) = (r for r in _resources(assembly, "sandbox").values() if r["Type"].endswith("WebACL"))
    assert _sum(document, "Secrets") == pytest.approx(
        0.4 * types.count("AWS::SecretsManager::Secret"), abs=0.001
    )
    assert _sum(document, "WAF") == pytest.approx(5 + len(acl["Properties"]["Rules"]), abs=0.01)
    assert _sum(document, "Alarms") >= 0.1 * types.count("AWS::CloudWatch::Alarm")
    assert _sum(document, "NAT") == pytest.approx(7.36, abs=0.01)
    assert _sum(document, "Valkey") == pytest.approx(6.13, abs=0.01)


def test_the_table_is_for_people(assembly: Path) -> None:
    done = run_infra("cost", "--templates", str(assembly))
    assert done.returncode == 0
    assert re.search(r"^total\s+\d\d\.\d\d\s+31-36$", done.stdout, re.MULTILINE)
    assert re.search(r"^NAT\s.*\d\.\d\d\s+7\.40$", done.stdout, re.MULTILINE)
    assert "day and night" in done.stdout
    assert "infra/cost/prices.json" in done.stdout


def test_lambda_bills_the_waiting(assembly: Path) -> None:
    def of(seconds: str) -> float:
        words = ("--stage", "prod", "--requests", "2.6e9", "--llm-seconds", seconds)
        lines = _cost(assembly, *words, "--compute", "function")["lines"]
        return float(next(x["usd"] for x in lines if x["detail"].endswith("a request")))

    # The specification: 2.6 billion requests, 5,200 at 0.15 s in all and 69,000 at 2 s.
    assert of("0.12") == pytest.approx(5_200, rel=0.01)
    assert of("1.97") == pytest.approx(69_000, rel=0.01)


def test_the_service_does_not(assembly: Path) -> None:
    def total(seconds: str) -> float:
        words = ("--stage", "prod", "--requests", "2.6e9", "--llm-seconds", seconds)
        return float(_cost(assembly, *words)["total_usd"])

    assert total("2") == total("0.15")
    assert total("2") < total("30") < 1.2 * total("2"), "open requests take tasks in the end"


def test_production_stays_within_its_budget(assembly: Path) -> None:
    """1,000 requests a second of 100 organisations, and a model that takes 2 s."""
    words = ("--stage", "prod", "--requests", "2.628e9", "--organizations", "100")
    assert _cost(assembly, *words)["total_usd"] <= 16_000
    streamed = _cost(assembly, *words, "--streamed")
    assert streamed["total_usd"] <= 30_000
    # 73 KB a stream: what CloudFront sends on.
    (line,) = (x for x in streamed["lines"] if x["detail"].endswith(" in"))
    assert int(line["detail"].split()[0].replace(",", "")) == pytest.approx(183_500, rel=0.01)


def test_a_load_beyond_the_stage_is_one_sentence(assembly: Path) -> None:
    words = ("--stage", "demo", "--requests", "2.6e9", "--llm-seconds", "10")
    done = run_infra("cost", "--templates", str(assembly), *words)
    assert done.returncode == 1
    assert re.fullmatch(r"The load needs \d+ tasks, and the stage allows 4\.\n", done.stderr)


def test_the_page_is_what_the_templates_and_prices_say(assembly: Path) -> None:
    page, drawn = written(assembly)
    assert page == (ROOT / "docs" / "COST.md").read_text(), "`make cost` writes it"
    assert drawn == (ROOT / "docs" / "cost.svg").read_text()
    for text in ASSUMPTIONS:
        assert text in page


def test_the_plot_has_a_point_for_each_figure() -> None:
    curves = [Curve("one", [(1, 10), (10, 100)]), Curve("two", [(1, 20), (10, 20)])]
    root = ElementTree.fromstring(plot("A & B", curves, "s", "$"))
    space = "{http://www.w3.org/2000/svg}"
    points = [(float(c.get("cx", "")), float(c.get("cy", ""))) for c in root.iter(f"{space}circle")]
    (x1, y1), (x2, y2), (_, y3), (_, y4) = points
    assert x1 < x2
    assert y2 < y3 == y4 < y1, "up is more"


@pytest.mark.parametrize("stage", STAGES)
def test_every_resource_has_a_line_or_a_reason(assembly: Path, stage: str) -> None:
    template = Template.read(assembly / f"llm-cp-{stage}.template.json")
    lines = bill(template, Usage(10_000, 2, HOURS), PRICES, PRICERS, FREE)
    assert len(lines) >= 15
    assert all(line.usd >= 0 for line in lines)
    assert all(reason for reason in FREE.values())
    assert not FREE.keys() & frozenset[str]().union(*PRICERS.values())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"Type": "AWS::OpenSearchServerless::Collection"},
            "Nothing in infra/cost/lines.py prices AWS::OpenSearchServerless::Collection: ",
        ),
        (
            {"Type": "AWS::EC2::Instance", "Properties": {"InstanceType": "p5.48xlarge"}},
            "infra/cost/prices.json has no price 'ec2.p5.48xlarge.hour'.",
        ),
        (
            {
                "Type": "AWS::Events::Rule",
                "Properties": {"ScheduleExpression": "cron(0 5 * * ? *)"},
            },
            "A rule of EventBridge is no rate(...)",
        ),
        (
            {"Type": "AWS::Lambda::Alias", "Properties": {"ProvisionedConcurrencyConfig": {}}},
            "Nothing in infra/cost/lines.py prices provisioned concurrency.",
        ),
    ],
)
def test_what_has_no_price_stops_the_bill(
    assembly: Path, tmp_path: Path, change: dict[str, Any], sentence: str
) -> None:
    folder = tmp_path / "cdk.out"
    shutil.copytree(assembly, folder)
    path = folder / "llm-cp-sandbox.template.json"
    document = json.loads(path.read_text())
    document["Resources"]["Another"] = change
    path.write_text(json.dumps(document))
    done = run_infra("cost", "--templates", str(folder))
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(sentence)
    assert done.stderr.count("\n") == 1


def test_no_template_is_one_sentence(tmp_path: Path) -> None:
    done = run_infra("cost", "--templates", str(tmp_path))
    assert done.returncode == 1
    assert done.stderr == "There is no llm-cp-sandbox.template.json: 'make synth' writes it.\n"


@pytest.mark.parametrize(
    "words",
    [
        ("--compute", "steam"),
        ("--requests", "0"),
        ("--requests", "many"),
        ("--active-hours", "731"),
        ("--organizations", "x"),
    ],
)
def test_wrong_use_is_one_sentence(words: tuple[str, str]) -> None:
    done = run_infra("cost", *words)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert f"error: argument {words[0]}: " in done.stderr


def test_prices_have_a_source_and_a_month() -> None:
    for name, row in PRICES.rows.items():
        assert row["source"].startswith("https://aws.amazon.com/"), name
        assert re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", row["as_of"]), name
        assert ("usd" in row) != ("tiers" in row), name


def test_tiers_are_added_up() -> None:
    assert PRICES.cost("cloudwatch.dashboard", 3) == 0
    assert PRICES.cost("cloudwatch.dashboard", 5) == 6
    assert PRICES.cost("cloudwatch.custom_metric", 10_010) == pytest.approx(3_001)
    assert PRICES.cost("lambda.arm64.gb_second", 7.5e9 + 1e9) == pytest.approx(
        7.5e9 * 0.0000133334 + 1e9 * 0.0000120001
    )
    with pytest.raises(CostError, match=r"no price 'no\.such'"):
        PRICES.cost("no.such", 1)


def test_batches_fill_up_or_wait() -> None:
    busy, quiet = Usage(7.3e6, 2, HOURS), Usage(10_000, 2, 100)
    assert busy.batches(10, window_seconds=60) == 730_000
    assert quiet.batches(100, window_seconds=60) == 6_000
    assert Usage(5, 2, HOURS).batches(100, window_seconds=60) == 5
    assert Usage(100, 1, HOURS, organizations=1).organizations_in(50) == 1
    assert Usage(100, 1, HOURS, organizations=100).organizations_in(100) == pytest.approx(
        63.4, 0.01
    )
