"""A margin report for programs (a dict) and for people (rows of tables)."""

from __future__ import annotations

from typing import Any

from verifier.circuits import scale
from verifier.numbers import int_to_text
from verifier.statement import ratio_to_text

from .engine import MarginReport, PositionMargin

__all__ = ["margin_dict", "margin_tables", "money", "owed"]

_PLACES = 2


def money(amount: int, places: int = _PLACES) -> str:
    """1e-14 quote as decimal text for people, rounded down: an excess never looks larger than it is."""
    return int_to_text(amount // 10 ** (scale("cash") - places), places)


def margin_dict(report: MarginReport) -> dict[str, Any]:
    """The report as plain JSON values; money is exact decimal text in quote units."""
    return {
        "passes": report.passes,
        "level": report.level,
        "quote": report.quote,
        "ratio": ratio_to_text(report.ratio),
        "floor": str(report.floor),
        "cash": _exact(report.cash),
        "equity": _exact(report.equity),
        "requirement": _exact(report.requirement),
        "addon": _exact(report.addon),
        "excess": _exact(report.excess),
        "missing": _exact(report.missing),
        "slack": str(report.slack),
        "groups": [
            {
                "underlying": report.groups[group],
                "loss": _exact(loss),
                "binding_node": _node(report, group),
                **_group_extensions(report, group),
            }
            for group, loss in report.losses.items()
        ],
        **({"subgroups": _subgroups_dict(report)} if report.sub_losses else {}),
        "positions": [_position_dict(report, part) for part in report.positions],
    }


def _group_extensions(report: MarginReport, group: int) -> dict[str, Any]:
    """What the layout charges a group beside its nodes; nothing for a plain table."""
    found: dict[str, Any] = {}
    if group in report.charges:
        found["charge"] = _exact(report.charges[group])
    if group in report.isolated:
        found["scan_loss"] = _exact(report.scan_losses[group])
        found["isolated_charge"] = _exact(report.isolated[group])
        found["pays"] = "isolated charge" if group in report.is_isolated else "scan loss"
    return found


def _subgroups_dict(report: MarginReport) -> list[dict[str, Any]]:
    return [{"subgroup": each, "loss": _exact(loss)} for each, loss in report.sub_losses.items()]


def _position_dict(report: MarginReport, part: PositionMargin) -> dict[str, Any]:
    return {
        "instrument": part.instrument or str(part.index),
        "index": part.index,
        "size": part.size_text,
        "underlying": report.groups[part.group],
        "value": _exact(part.value),
        "nodes": [_exact(report.profit_at(part, node)) for node in range(len(part.nodes))],
        "loss_at_binding_node": _exact(_loss(report, part)),
        "addon": _exact(part.addon),
        "bracket": part.bracket + 1,
        "bracket_charge": _exact(part.bracket_charge),
    }


def margin_tables(report: MarginReport) -> list[tuple[str, list[str], list[list[str]]]]:
    """The report as (title, column names, rows of text): the account, its groups, its positions.

    Money is in quote units with two decimals, rounded down; charges are rounded up.
    """
    unit = report.quote or "quote"
    account = [
        ["cash", money(report.cash)],
        ["equity", money(report.equity)],
        ["requirement", owed(report.requirement)],
        ["  of which price moves inside the band", owed(report.requirement - report.addon)],
        ["  of which margin tiers and charges", owed(report.addon)],
        ["excess (equity − requirement)", money(report.excess)],
        ["required ratio", ratio_to_text(report.ratio)],
        ["required floor", str(report.floor)],
        ["result", "passes" if report.passes else f"fails: {owed(report.missing)} {unit} missing"],
    ]
    groups = [
        [report.groups[group], owed(loss), _binding(report, group)] for group, loss in report.losses.items()
    ]
    groups += [[f"subgroup {each}", owed(loss), "its own"] for each, loss in report.sub_losses.items()]
    positions = [
        [
            part.instrument or str(part.index),
            part.size_text,
            money(part.value),
            owed(_loss(report, part)),
            owed(part.addon),
            owed(part.bracket_charge),
            str(part.bracket + 1),
        ]
        for part in report.positions
    ]
    level = f"{report.level} margin" if report.level else "margin"
    return [
        (f"Account, {level}, {unit}", ["", unit], account),
        ("Loss by underlying", ["underlying", "loss", "binding node"], groups),
        (
            "Positions",
            ["instrument", "size", "value", "loss there", "side charge", "tier charge", "tier"],
            positions,
        ),
    ]


def _loss(report: MarginReport, part: PositionMargin) -> int:
    """What the position loses (negative: gains) at the node that binds its group; 0 when none does."""
    node = report.binding_node[part.group]
    return 0 if node is None else -report.profit_at(part, node)


def _binding(report: MarginReport, group: int) -> str:
    return "isolated charge" if group in report.is_isolated else _node(report, group) or "no loss"


def _node(report: MarginReport, group: int) -> str | None:
    node = report.binding_node[group]
    if node is None:
        return None
    return report.nodes[node] if report.nodes else str(node)


def _exact(amount: int) -> str:
    return int_to_text(amount, scale("cash"))


def owed(amount: int) -> str:
    """1e-14 quote as decimal text for people, rounded up: what is missing never looks smaller than it is."""
    return money(-(-amount // 10 ** (scale("cash") - _PLACES)) * 10 ** (scale("cash") - _PLACES))
