"""Columns of an options table: every combination of knots of a group's feeds, by every stress."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import product

from verifier.corners import end_of
from verifier.errors import FormatError
from verifier.market import Feed, Node

from .option_inputs import OptionsParameters

__all__ = ["STILL", "knot_ends", "moving_kinds", "node_labels"]

STILL = "none"
"""What a snapshot calls the zero stress."""


def knot_ends(count: int) -> tuple[str, ...]:
    """Names of `count` prices of a band at even distances, ends included."""
    inner = [str(Fraction(place, count - 1)) for place in range(1, count - 1)]
    return ("low", *inner, "high")


def moving_kinds(feeds: Sequence[Feed]) -> dict[str, tuple[str, ...]]:
    """Kinds of the feeds of each underlying that nodes must follow, sorted."""
    found: dict[str, list[str]] = {}
    for feed in feeds:
        kinds = found.setdefault(feed.underlying, [])
        if feed.has_corners:
            if feed.kind in kinds:
                raise FormatError("feeds", f"of {feed.underlying} are two of the kind {feed.kind}")
            kinds.append(feed.kind)
    return {underlying: tuple(sorted(kinds)) for underlying, kinds in found.items()}


def node_labels(feeds: Sequence[Feed], parameters: OptionsParameters, count: int) -> tuple[Node, ...]:
    """Labels of a layout's `count` nodes: zero stresses, stresses, then copies of the zero stresses.

    The underlying with the most feeds that move gets every combination of their knots; feeds of other kinds
    take turns beside it.

    Raises
    ------
    FormatError
        When the grid does not fit the layout, or some underlying would miss a combination.
    """
    kinds = moving_kinds(feeds)
    ends = _ends(kinds, parameters)
    corners = _corners(kinds, ends)
    for underlying, own in kinds.items():
        found = {tuple(end_of(corner, kind) for kind in own) for corner in corners}
        if len(found) != _combinations(own, ends):
            raise FormatError(
                "feeds",
                f"of {underlying} move in kinds that others lack",
                mend="Use the same kinds, or fewer",
            )
    names = [Node(corner=corner, stress=STILL) for corner in corners]
    names += [
        Node(corner=corner, stress=stress.name) for stress in parameters.grid.stresses for corner in corners
    ]
    if len(names) > count:
        raise FormatError(
            "layout",
            f"has {count} nodes, {len(corners)} corners by {len(parameters.grid.stresses) + 1} stresses "
            f"ask for {len(names)}",
            mend="Use fewer knots or stresses, or a layout with more nodes",
        )
    still = names[: len(corners)]
    names += [still[place % len(still)] for place in range(count - len(names))]
    return tuple(names)


def _ends(kinds: Mapping[str, tuple[str, ...]], parameters: OptionsParameters) -> dict[str, tuple[str, ...]]:
    every = {kind for own in kinds.values() for kind in own}
    return {
        kind: knot_ends(parameters.volatility_knots if kind == "volatility" else parameters.knots)
        for kind in sorted(every)
    }


def _combinations(own: Sequence[str], ends: Mapping[str, tuple[str, ...]]) -> int:
    count = 1
    for kind in own:
        count *= len(ends[kind])
    return count


def _corners(kinds: Mapping[str, tuple[str, ...]], ends: Mapping[str, tuple[str, ...]]) -> list[str]:
    mains = sorted(kinds.values(), key=lambda own: _combinations(own, ends))
    main = mains[-1] if mains else ()
    if not main:
        return ["mark"]
    if all(len(own) <= 1 for own in kinds.values()):
        return list(max(ends.values(), key=lambda names: len(list(names))))
    beside = [kind for kind in ends if kind not in main]
    corners = []
    for place, combination in enumerate(product(*(ends[kind] for kind in main))):
        at = dict(zip(main, combination, strict=True))
        at |= {kind: ends[kind][place % len(ends[kind])] for kind in beside}
        corners.append(" ".join(f"{kind}:{at[kind]}" for kind in sorted(at)))
    return corners
