"""A plot with logarithmic axes, as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 80, 160, 40, 50
# Distinct in grey and to the colour-blind: https://personal.sron.nl/~pault/
COLOURS = ("#4477aa", "#66ccee", "#cc3311", "#ee7733")


@dataclass(frozen=True)
class Curve:
    """A line by its points."""

    name: str
    points: Sequence[tuple[float, float]]


class _Axis:
    """Maps values to pixels."""

    def __init__(self, values: Sequence[float], start: float, end: float) -> None:
        self._low = math.log10(min(values))
        self._scale = (end - start) / (math.log10(max(values)) - self._low)
        self._start = start

    def at(self, value: float) -> float:
        """The pixel of a value."""
        return self._start + (math.log10(value) - self._low) * self._scale


def plot(title: str, curves: Sequence[Curve], x_unit: str, y_unit: str) -> str:
    """The picture; all curves have points at the same places."""
    places = [x for x, _ in curves[0].points]
    heights = [y for curve in curves for _, y in curve.points]
    marks = _marks(min(heights), max(heights))
    x = _Axis(places, LEFT, WIDTH - RIGHT)
    y = _Axis([*heights, *marks], HEIGHT - BOTTOM, TOP)
    body = [
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        _text(LEFT, 22, title, size=14),
    ]
    for mark in marks:
        body.append(_line([(LEFT, y.at(mark)), (WIDTH - RIGHT, y.at(mark))], "#dddddd", 1))
        body.append(_text(LEFT - 8, y.at(mark) + 4, f"{mark:,.0f} {y_unit}", anchor="end"))
    for place in places:
        body.append(
            _text(x.at(place), HEIGHT - BOTTOM + 20, f"{place:g} {x_unit}", anchor="middle")
        )
    for curve, colour in zip(curves, COLOURS, strict=False):
        points = [(x.at(a), y.at(b)) for a, b in curve.points]
        body.append(_line(points, colour, 2))
        body += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{colour}"/>' for a, b in points]
        body.append(_text(WIDTH - RIGHT + 10, points[-1][1] + 4, curve.name, colour=colour))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
    return "\n".join([head, f"<title>{escape(title)}</title>", *body, "</svg>", ""])


def _marks(low: float, high: float) -> list[float]:
    """1, 2 and 5 of each power of ten, from below the lowest to above the highest."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = [digit * 10.0**power for power in powers for digit in (1, 2, 5)]
    first = max(step for step in steps if step <= low)
    last = min(step for step in steps if step >= high)
    return [step for step in steps if first <= step <= last]


def _line(points: Sequence[tuple[float, float]], colour: str, width: int) -> str:
    path = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"/>'


def _text(
    x: float,
    y: float,
    words: str,
    *,
    size: int = 12,
    anchor: str = "start",
    colour: str = "#333333",
) -> str:
    style = f'font-family="sans-serif" font-size="{size}" text-anchor="{anchor}" fill="{colour}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(words)}</text>'
