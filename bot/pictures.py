"""Figures as pictures that one reads on a phone: recurring stops, times by week, one exception, line by shift.

Matplotlib's Agg canvas on figures of our own: no window, no state that two requests could share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDE, HIGH, DOTS = 4.5, 3.0, 240  # inches and dots an inch: 1080 pixels; its text can be read on a phone 390 wide
LIGHT: Mapping[str, str] = {
    "paper": "#ffffff",
    "ink": "#12181b",
    "soft": "#4b565c",
    "bar": "#0d5c63",
    "late": "#b3201a",
}
DARK: Mapping[str, str] = {"paper": "#191f23", "ink": "#f2f5f4", "soft": "#aab5b9", "bar": "#6cccd3", "late": "#ff6a5c"}
LONGEST_NAME = 26  # characters of a name beside a bar


@dataclass(frozen=True, slots=True)
class Bar:
    """One cause: its name and its minutes."""

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Week:
    """One week: its name, median and p90 in minutes."""

    name: str
    median: float
    p90: float


@dataclass(frozen=True, slots=True)
class Mark:
    """One instant in the life of an exception."""

    name: str
    at: datetime
    clock: str


def pareto(title: str, bars: Sequence[Bar], unit: str, *, total: float = 0, dark: bool = False) -> bytes:
    """Causes, the largest first, each with its number and what share it and those above it make up together.

    `total`: of all causes, where not all of them are shown.
    """
    colours = DARK if dark else LIGHT
    figure, axes = _paper(title, colours)
    names = [_short(bar.name) for bar in bars]
    values = [bar.value for bar in bars]
    whole, so_far = max(total, sum(values)) or 1.0, 0.0
    axes.barh(range(len(bars)), values, color=colours["bar"])
    for i, value in enumerate(values):
        so_far += value
        share = f"{'Σ ' if i else ''}{100 * so_far / whole:.0f} %"
        axes.text(
            value + max(values, default=1) * 0.015, i, f"{value:,.0f} {unit} · {share}",
            va="center", color=colours["ink"], fontsize=10,
        )  # fmt: skip
    axes.set_yticks(range(len(bars)), names, color=colours["ink"], fontsize=10)
    axes.invert_yaxis()
    axes.set_xlim(0, max(values, default=1) * 1.75 or 1)
    axes.xaxis.set_visible(False)
    return _png(figure)


def weeks(title: str, rows: Sequence[Week], unit: str, median: str, p90: str, *, dark: bool = False) -> bytes:
    """Median and p90 week by week."""
    colours = DARK if dark else LIGHT
    figure, axes = _paper(title, colours)
    at = range(len(rows))
    axes.plot(at, [row.p90 for row in rows], color=colours["late"], marker="s", linestyle="--", label=p90)
    axes.plot(at, [row.median for row in rows], color=colours["bar"], marker="o", linewidth=2.5, label=median)
    step = max(1, len(rows) // 5)
    axes.set_xticks(list(at)[::step], [row.name for row in rows][::step], color=colours["ink"], fontsize=11)
    axes.tick_params(axis="y", colors=colours["ink"], labelsize=11)
    axes.set_ylim(bottom=0)
    axes.set_ylabel(unit, color=colours["soft"], fontsize=11)
    axes.grid(axis="y", color=colours["soft"], alpha=0.25)
    axes.legend(frameon=False, labelcolor=colours["ink"], fontsize=11, loc="upper right")
    return _png(figure)


def heat(
    title: str, lines: Sequence[str], shifts: Sequence[str], minutes: Sequence[Sequence[float]], *, dark: bool = False
) -> bytes:
    """Minutes down of each line in each shift; the number stands in its field, so colour is never all that tells."""
    colours = DARK if dark else LIGHT
    figure, axes = _paper(title, colours)
    most = max((value for row in minutes for value in row), default=0) or 1
    axes.imshow([list(row) for row in minutes], cmap="cividis" if dark else "YlOrRd", aspect="auto", vmin=0, vmax=most)
    for y, row in enumerate(minutes):
        for x, value in enumerate(row):
            deep = value / most > 0.6
            on = "#12181b" if (deep if dark else not deep) else "#ffffff"
            axes.text(x, y, f"{value:,.0f}", ha="center", va="center", color=on, fontsize=13)
    axes.set_xticks(range(len(shifts)), list(shifts), color=colours["ink"], fontsize=12)
    axes.set_yticks(range(len(lines)), [_short(line) for line in lines], color=colours["ink"], fontsize=12)
    return _png(figure)


def timeline(title: str, marks: Sequence[Mark], *, dark: bool = False) -> bytes:
    """One exception from the event to closed, each instant with its clock time."""
    colours = DARK if dark else LIGHT
    figure, axes = _paper(title, colours)
    first = marks[0].at if marks else None
    minutes = [(mark.at - first).total_seconds() / 60 for mark in marks] if first is not None else []
    axes.plot(minutes, [0] * len(marks), color=colours["bar"], marker="o", markersize=12, linewidth=4)
    for i, (mark, at) in enumerate(zip(marks, minutes, strict=True)):
        up = 1 if i % 2 == 0 else -1
        axes.annotate(
            f"{mark.name}\n{mark.clock}", (at, 0), (at, 0.45 * up * (1 + (i // 2) % 2)), ha="center", va="center",
            fontsize=11, color=colours["ink"], arrowprops={"arrowstyle": "-", "color": colours["soft"]},
        )  # fmt: skip
    axes.set_ylim(-1.3, 1.3)
    axes.margins(x=0.12)
    axes.set_axis_off()
    return _png(figure)


def _paper(title: str, colours: Mapping[str, str]) -> tuple[Figure, Axes]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # half a second, for whoever draws a first picture
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDE, HIGH), dpi=DOTS, facecolor=colours["paper"], layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_facecolor(colours["paper"])
    if title:
        axes.set_title(title, color=colours["ink"], fontsize=12, fontweight="bold", loc="left")
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(length=0)
    return figure, axes


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def _png(figure: Figure) -> bytes:
    out = BytesIO()
    figure.savefig(out, format="png", facecolor=figure.get_facecolor())
    return out.getvalue()
