"""Whether an alarm of a template fires, worked out from the values of its metrics.

Metric math as far as the templates use it: numbers, `+ - * /`, comparisons, IF and FILL. A missing
value makes what is computed from it missing, and so does a division by zero.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from tests.infra.template import Template

Value = float | None
# Name of a metric -> its value in one period, or None.
Point = Mapping[str, Value]

_BINARY: Mapping[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
}


def alarms(template: Template) -> list[dict[str, Any]]:
    """All alarms of a stage."""
    return list(template.all("AWS::CloudWatch::Alarm").values())


def heading(alarm: Mapping[str, Any]) -> str:
    """The entry of the runbook that the alarm names."""
    found = re.search(r'See "([^"]+)" in docs/RUNBOOK\.md\.$', alarm["AlarmDescription"])
    assert found, alarm["AlarmDescription"]
    return found[1]


def fires(alarm: Mapping[str, Any], points: list[Point], *, band: float | None = None) -> bool:
    """Whether the alarm is in ALARM after these periods, the last ones of its window.

    `band` is what ANOMALY_DETECTION_BAND ends with at the top, where the alarm watches one.
    """
    window = int(alarm["EvaluationPeriods"])
    assert alarm["TreatMissingData"] == "notBreaching"
    breaching = [_breaches(alarm, point, band) for point in points[-window:]]
    return sum(breaching) >= int(alarm.get("DatapointsToAlarm", window))


def metric_names(alarm: Mapping[str, Any]) -> set[str]:
    """The metrics that the alarm reads."""
    if "MetricName" in alarm:
        return {str(alarm["MetricName"])}
    return {
        str(row["MetricStat"]["Metric"]["MetricName"])
        for row in alarm["Metrics"]
        if "MetricStat" in row
    }


def _breaches(alarm: Mapping[str, Any], point: Point, band: float | None) -> bool:
    if "ThresholdMetricId" in alarm:
        assert alarm["ComparisonOperator"] == "LessThanLowerOrGreaterThanUpperThreshold"
        assert band is not None
        (name,) = metric_names(alarm)
        value = point[name]
        return value is not None and value > band
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    value = _value(alarm, point)
    return value is not None and value > float(alarm["Threshold"])


def _value(alarm: Mapping[str, Any], point: Point) -> Value:
    if "MetricName" in alarm:
        return point[alarm["MetricName"]]
    ids = {
        row["Id"]: point[row["MetricStat"]["Metric"]["MetricName"]]
        for row in alarm["Metrics"]
        if "MetricStat" in row
    }
    (expression,) = (row["Expression"] for row in alarm["Metrics"] if "Expression" in row)
    return _compute(ast.parse(expression, mode="eval").body, ids)


def _compute(node: ast.expr, ids: Point) -> Value:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name):
            return ids[name]
        case ast.BinOp(left=left, op=symbol, right=right):
            return _combine(type(symbol), _compute(left, ids), _compute(right, ids))
        case ast.Compare(left=left, ops=[symbol], comparators=[right]):
            return _combine(type(symbol), _compute(left, ids), _compute(right, ids))
        case ast.Call(func=ast.Name(id="FILL"), args=[filled, default]):
            value = _compute(filled, ids)
            return _compute(default, ids) if value is None else value
        case ast.Call(func=ast.Name(id="IF"), args=[condition, then, otherwise]):
            holds = _compute(condition, ids)
            return None if holds is None else _compute(then if holds else otherwise, ids)
    raise AssertionError(f"not known here: {ast.unparse(node)}")


def _combine(symbol: type[ast.AST], left: Value, right: Value) -> Value:
    if left is None or right is None or (symbol is ast.Div and right == 0):
        return None
    return float(_BINARY[symbol](left, right))
