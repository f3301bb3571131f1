"""The box of prices that a linear table covers, and the check that rows match their feeds.

The theorem, its proof and the books that break weaker tables: docs/envelope.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from verifier.corners import price_at
from verifier.errors import FormatError
from verifier.market import Feed, Node, RowEntry, Snapshot
from verifier.numbers import int_to_text, parse_decimal
from verifier.universe import Instrument

from .inputs import FeedInput
from .rounding import unit_value

__all__ = ["Band", "check_linear", "corner_nodes", "feed_band"]

_CORNERS = ("low", "high")


@dataclass(frozen=True)
class Band:
    """A feed's price and the two ends of its band, quote units a unit of the underlying."""

    low: Fraction
    price: Fraction
    high: Fraction

    @classmethod
    def of(cls, feed: Feed) -> Band:
        """The band of a snapshot's feed."""
        return cls(parse_decimal(feed.low), parse_decimal(feed.price), parse_decimal(feed.high))

    def corner(self, name: str) -> Fraction:
        """The price at ``low``, ``mark``, ``high`` or a fraction of the band."""
        return price_at(name, self.low, self.price, self.high)


def feed_band(feed: FeedInput, default: str) -> Feed:
    """The snapshot's feed: the band's ends as exact decimals.

    Raises
    ------
    FormatError
        When the relative half-width is not from 0 to below 1.
    """
    if feed.low is not None and feed.high is not None:
        low, high = feed.low, feed.high
    else:
        band = feed.band if feed.band is not None else default
        width = parse_decimal(band, "band")
        if not 0 <= width < 1:
            raise FormatError("band", "is no relative half-width", value=band, mend="Such as 0.05")
        price = parse_decimal(feed.price)
        places = sum(len(text.partition(".")[2]) for text in (feed.price, band))
        low, high = (
            int_to_text((price * factor * 10**places).numerator, places) for factor in (1 - width, 1 + width)
        )
    return Feed(id=feed.id, kind=feed.kind, underlying=feed.underlying, price=feed.price, low=low, high=high)


def corner_nodes(count: int) -> tuple[Node, ...]:
    """Node labels of a linear table: the two corners with no stress, copied until there are `count`.

    Raises
    ------
    FormatError
        When there is no room for both corners.
    """
    if count < len(_CORNERS):
        raise FormatError(
            "layout", "has no room for both corners", mend="Use a layout with two nodes or more"
        )
    return tuple(Node(corner="low" if place % 2 == 0 else "high", stress="none") for place in range(count))


def check_linear(snapshot: Snapshot) -> None:
    """Check that every row is the linear row of its underlying's one feed, from the snapshot alone.

    A joint group with two feeds, a node without the zero stress, a move that is not the corner's, or a side
    without the unit that pays for rounding is refused: each lets a loss go uncharged inside the box.

    Raises
    ------
    FormatError
        Names the row and column.
    """
    bands: dict[str, Band] = {}
    for place, feed in enumerate(snapshot.feeds):
        if feed.underlying in bands:
            raise FormatError(
                f"feeds[{place}].underlying",
                f"{feed.underlying} has two feeds",
                mend="A group with two prices needs all four corners; give each price its own underlying",
            )
        bands[feed.underlying] = Band.of(feed)
    for node_place, node in enumerate(snapshot.nodes):
        if node.stress != "none":
            raise FormatError(
                f"nodes[{node_place}].stress", "has no meaning for linear rows", value=node.stress
            )
        if ":" in node.corner:
            raise FormatError(
                f"nodes[{node_place}].corner", "has no meaning for linear rows", value=node.corner
            )
    for name in _CORNERS:
        if all(node.corner != name for node in snapshot.nodes):
            raise FormatError("nodes", f"lacks the corner {name!r}", mend="A linear table needs both")
    for place, entry in enumerate(snapshot.rows):
        instrument = snapshot.universe.instruments[entry.index]
        if instrument.underlying not in bands:
            raise FormatError(f"rows[{place}]", f"{instrument.underlying} has no feed", mend="Add it")
        _check_row(f"rows[{place}]", entry, instrument, bands[instrument.underlying], snapshot)


def _check_row(field: str, entry: RowEntry, instrument: Instrument, band: Band, snapshot: Snapshot) -> None:
    lot = parse_decimal(instrument.lot)
    share = _share(field, entry, instrument, band.price * lot)
    for place, node in enumerate(snapshot.nodes):
        wanted = share * (band.corner(node.corner) - band.price) * lot
        # A haircut is read off the rounded mark, so it may move the node by one more half unit and a bit.
        slack = 0 if share in (0, 1) else 1
        if abs(entry.nodes[place] - unit_value(wanted)) > slack:
            raise FormatError(
                f"{field}.nodes[{place}]",
                f"is not the move of {instrument.id} to its feed's {node.corner}",
                value=entry.nodes[place],
                mend=f"It must be {unit_value(wanted)}",
            )
    for side in ("addon_long", "addon_short"):
        if getattr(entry, side) < 1:
            raise FormatError(
                f"{field}.{side}", "lacks the unit that pays for rounding", value=getattr(entry, side)
            )


def _share(field: str, entry: RowEntry, instrument: Instrument, lot_value: Fraction) -> Fraction:
    """The share of the price that counts: 1, a deposit's weight, or 0 for an aggregate line."""
    full = unit_value(lot_value)
    if instrument.kind == "aggregate":
        allowed, share = entry.mark == 0, Fraction(0)
    elif instrument.kind == "deposit":
        allowed, share = 0 <= entry.mark <= full, Fraction(entry.mark, full) if full else Fraction(0)
    elif instrument.kind == "option":
        raise FormatError(field, "is an option", mend="A linear table cannot carry it")
    else:
        allowed, share = entry.mark == full, Fraction(1)
    if not allowed:
        raise FormatError(
            f"{field}.mark", f"is not the value of a lot of {instrument.id}", value=entry.mark, mend=str(full)
        )
    return share
