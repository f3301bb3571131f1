"""A picture of a snapshot's nodes, and of a book on them: profit and loss, and where the worst case lies.

One panel an underlying. Nodes that share a corner are one line over the stresses; a table without stresses
is one line over its corners, by price. Drawn by matplotlib without a screen; the same input gives the same
file.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from math import ceil
from pathlib import Path
from textwrap import wrap
from typing import Any

from prover.engine import MarginReport
from prover.extras import require
from verifier.circuits import scale
from verifier.corners import end_of, price_at
from verifier.errors import UsageError
from verifier.files import write_atomic
from verifier.market import Feed, Node, Snapshot
from verifier.numbers import parse_decimal

__all__ = ["FORMATS", "draw"]

FORMATS = (".png", ".svg")

_MONEY = 10 ** scale("cash")
_VALUE = 10 ** scale("value")
_MOST_LINES = 8
_MOST_PANELS = 12
_FEW_LABELS = 6
_LETTERS = 14  # of a title, an inch
_PANEL = (5.2, 3.6)
_WIDE_PANEL = (7.6, 4.2)
_STYLES = ("-", "--", ":", "-.")
_RED = "tab:red"


@dataclass(frozen=True)
class _Line:
    """What is drawn over the nodes of a group: a label and a value a node, quote units."""

    label: str
    values: tuple[float, ...]


@dataclass(frozen=True)
class _Panel:
    """One underlying."""

    title: str
    lines: tuple[_Line, ...]
    underlying: str
    total: _Line | None = None
    loss: float = 0.0
    worst: int | None = None


def draw(snapshot: Snapshot, target: Path, report: MarginReport | None = None) -> list[str]:
    """Write a picture.

    Parameters
    ----------
    snapshot
        The market.
    target
        ``.png`` or ``.svg``; readable by its owner alone when it shows a book.
    report
        The book, evaluated on this snapshot; without it, one lot of every instrument.

    Returns
    -------
    list of str
        Underlyings that the picture has no room for: it shows twelve, a book's largest losses first.

    Raises
    ------
    UsageError
        For another kind of file, or nothing to draw.
    EnvironmentFault
        When matplotlib is not installed, or the file cannot be written.
    """
    if target.suffix not in FORMATS:
        raise UsageError(f"{target}: a picture is {' or '.join(FORMATS)}")
    panels = _of_market(snapshot) if report is None else _of_book(snapshot, report)
    if not panels:
        raise UsageError("there is nothing to draw: no row, or no position")
    panels, left = panels[:_MOST_PANELS], panels[_MOST_PANELS:]
    matplotlib = require("matplotlib")
    figure_class = require("matplotlib.figure").Figure
    columns = 1 if len(panels) == 1 else 2
    rows = ceil(len(panels) / columns)
    settings = {"svg.hashsalt": "zksolvency", "font.size": 8}
    with matplotlib.rc_context(settings):
        width, height = _PANEL if all(node.stress == "none" for node in snapshot.nodes) else _WIDE_PANEL
        figure = figure_class(figsize=(width * columns, height * rows + 0.4), layout="constrained")
        what = "one lot long of each instrument" if report is None else "the account's positions"
        title = f"{snapshot.universe.name}, {snapshot.level} margin: profit of {what} at every node"
        figure.suptitle("\n".join(wrap(title, int(width * columns * _LETTERS))), fontsize=9)
        for place, panel in enumerate(panels):
            _draw_panel(figure.add_subplot(rows, columns, place + 1), panel, snapshot)
        drawn = BytesIO()
        metadata = {"Date": None} if target.suffix == ".svg" else {"Software": None}
        figure.savefig(drawn, format=target.suffix[1:], dpi=120, metadata=metadata)
    write_atomic(target, drawn.getvalue(), private=report is not None)
    return [panel.underlying for panel in left]


def _of_market(snapshot: Snapshot) -> list[_Panel]:
    by_group: dict[int, list[_Line]] = {}
    for entry in snapshot.rows:
        name = snapshot.universe.instruments[entry.index].id
        values = tuple(node / _VALUE for node in entry.nodes)
        by_group.setdefault(entry.group, []).append(_Line(name, values))
    panels = []
    for group, lines in sorted(by_group.items()):
        # A line without nodes (an aggregate) moves nothing.
        shown = [line for line in lines if any(line.values)] or lines
        left = f", {len(shown) - _MOST_LINES} more not shown" if len(shown) > _MOST_LINES else ""
        name = snapshot.universe.underlyings[group - 1]
        panels.append(_Panel(name + left, tuple(shown[:_MOST_LINES]), name))
    return panels


def _of_book(snapshot: Snapshot, report: MarginReport) -> list[_Panel]:
    panels = []
    for group, loss in sorted(report.losses.items(), key=lambda each: -each[1]):
        parts = [part for part in report.positions if part.group == group]
        lines = [
            _Line(
                part.instrument or str(part.index),
                tuple(report.profit_at(part, node) / _MONEY for node in range(len(snapshot.nodes))),
            )
            for part in parts
        ]
        sums = tuple(sum(values) for values in zip(*(line.values for line in lines), strict=True))
        name = report.groups[group]
        tiers = sum(part.addon + part.bracket_charge for part in parts) / _MONEY
        panels.append(
            _Panel(
                f"{name}: loss {loss / _MONEY:,.2f}, tiers and charges {tiers:,.2f}",
                tuple(sorted(lines, key=lambda line: min(line.values))[:_MOST_LINES]),
                name,
                _Line("all positions", sums),
                loss / _MONEY,
                report.binding_node[group],
            )
        )
    return panels


def _draw_panel(axes: Any, panel: _Panel, snapshot: Snapshot) -> None:
    axis = _Axis.of(snapshot, panel)
    for shade, line in enumerate(panel.lines):
        for place, run in enumerate(axis.shown(panel)):
            style = {"linestyle": _STYLES[place % len(_STYLES)], "color": f"C{shade + 1}"}
            weight = {"linewidth": 0.8, "alpha": 0.7} if panel.total else {"linewidth": 1.2}
            named = {"label": line.label} if place == 0 else {}
            axes.plot(*axis.points(run, line), **style, **weight, **named)
    if panel.total is not None:
        for place, run in enumerate(axis.runs):
            corner = snapshot.nodes[run[0]].corner
            label = panel.total.label + (f" at {corner}" if len(axis.runs) > 1 else "")
            dashes = _STYLES[place % len(_STYLES)]
            points = axis.points(run, panel.total)
            axes.plot(*points, marker=".", label=label, linestyle=dashes, color="black", linewidth=1.6)
        axes.axhline(-panel.loss, color=_RED, linestyle="--", linewidth=0.8)
        if panel.worst is not None:
            _mark_worst(axes, panel.total, panel.worst, axis, _name(snapshot.nodes[panel.worst]))
    axes.axhline(0, color="black", linewidth=0.6)
    positions, labels = axis.ticks
    many = len(positions) > _FEW_LABELS
    axes.set_xticks(positions, labels, rotation=90 if many else 0, fontsize=6 if many else 8)
    axes.set_title(panel.title, loc="left", fontsize=9)
    axes.set_ylabel(snapshot.universe.quote)
    axes.margins(x=0.05, y=0.15)
    axes.legend(fontsize=6, loc="best")


def _mark_worst(axes: Any, total: _Line, node: int, axis: _Axis, name: str) -> None:
    x, worst = axis.x[node], total.values[node]
    axes.plot([x], [worst], marker="*", markersize=12, color=_RED)
    positions = sorted(axis.x.values())
    left = x < (positions[0] + positions[-1]) / 2
    axes.annotate(
        f"worst: {worst:,.0f} at {name}",
        (x, worst),
        xytext=(10 if left else -10, -12),
        textcoords="offset points",
        color=_RED,
        ha="left" if left else "right",
    )


@dataclass(frozen=True)
class _Axis:
    """Where the nodes stand: by price where a table has no stress and one price, else a place a stress.

    Attributes
    ----------
    x
        Position by node; copies are left out.
    runs
        Nodes that a line joins: one run a corner where there are stresses.
    mark
        Position of the snapshot's own price, where every profit is 0; None without a price axis.
    ticks
        Positions and labels.
    """

    x: dict[int, float]
    runs: list[list[int]]
    mark: float | None
    ticks: tuple[list[float], list[str]]

    @classmethod
    def of(cls, snapshot: Snapshot, panel: _Panel) -> _Axis:
        """The axis of one panel."""
        seen: dict[tuple[str, str], int] = {}
        for place, node in enumerate(snapshot.nodes):
            seen.setdefault((node.corner, node.stress), place)
        if panel.worst is not None:
            # The binding node is shown even when an equal one comes first.
            worst = snapshot.nodes[panel.worst]
            seen[(worst.corner, worst.stress)] = panel.worst
        corners = list(dict.fromkeys(corner for corner, _ in seen))
        stresses = list(dict.fromkeys(stress for _, stress in seen))
        if len(stresses) > 1:
            at = {stress: float(x) for x, stress in enumerate(stresses)}
            x = {place: at[stress] for (_, stress), place in seen.items()}
            runs = [
                sorted((place for (corner, _), place in seen.items() if corner == wanted), key=x.__getitem__)
                for wanted in corners
            ]
            return cls(x, runs, None, (list(at.values()), stresses))
        feeds = [each for each in snapshot.feeds if each.underlying == panel.underlying and each.has_corners]
        if len(feeds) == 1:
            return cls._by_price(seen, feeds[0])
        places = list(seen.values())
        x = {place: float(at) for at, place in enumerate(places)}
        return cls(x, [places], None, (list(x.values()), corners))

    @classmethod
    def _by_price(cls, seen: dict[tuple[str, str], int], feed: Feed) -> _Axis:
        low, price, high = (parse_decimal(text) for text in (feed.low, feed.price, feed.high))
        x, ticks = {}, {float(price): "mark"}
        for (corner, _), place in seen.items():
            x[place] = float(price_at(end_of(corner, feed.kind), low, price, high))
            ticks[x[place]] = corner
        labels = [f"{ticks[at]}\n{at:.10g}" for at in sorted(ticks)]
        return cls(x, [sorted(x, key=x.__getitem__)], float(price), (sorted(ticks), labels))

    def shown(self, panel: _Panel) -> list[list[int]]:
        """Runs that single lines are drawn over: of a book, the corner of its worst case alone."""
        if panel.total is None or panel.worst is None:
            return self.runs[:1] if panel.total else self.runs
        return [run for run in self.runs if panel.worst in run]

    def points(self, run: list[int], line: _Line) -> tuple[list[float], list[float]]:
        """A line's points over a run, through 0 at the mark on a price axis."""
        points = [(self.x[node], line.values[node]) for node in run]
        if self.mark is not None:
            points = sorted([*points, (self.mark, 0.0)])
        return [x for x, _ in points], [y for _, y in points]


def _name(node: Node) -> str:
    return node.corner if node.stress == "none" else f"{node.corner}, {node.stress}"
