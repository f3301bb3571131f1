"""The market snapshot: public prices and risk rows of a universe at one instant, and who signed it.

The market root commits to everything that a proof depends on: rows, universe, layout, clock and envelope.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from itertools import product
from threading import Lock
from typing import Annotated, Any, ClassVar, Literal, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from .canonical import canonical_bytes, object_hash
from .circuits import GREEKS, SUBNODES, Layout, layouts, table, tag, text_tag, width
from .corners import CORNER_PATTERN, corner_valid, end_of
from .errors import FormatError
from .models import (
    DecimalText,
    Document,
    Epoch,
    Hex32,
    Hex64,
    IntText,
    Member,
    Text,
    Time,
    checked,
    entries,
    rule_error,
)
from .numbers import parse_decimal
from .packing import pack
from .parameters import parameters_valid
from .poseidon import poseidon
from .rows import FIELDS, Bracket, Row, row_valid, rows_root, undeclared
from .universe import MAX_INSTRUMENTS, Instrument, Kind, Universe

__all__ = [
    "SIGNATURE_SCHEMA",
    "BracketEntry",
    "Feed",
    "FeedKind",
    "Level",
    "Model",
    "Node",
    "PublisherSignature",
    "RowEntry",
    "Snapshot",
    "level_number",
    "market_root",
    "signature_payload",
    "signers",
    "snapshot_valid",
]

SIGNATURE_SCHEMA = "zksolvency/market-signature/1"
"""What a publisher's signature says it is, so that it can be mistaken for nothing else."""

_MAX_FEEDS = 4096
_MAX_FROZEN = 256
_MAX_SIGNATURES = 32
_CACHED_ROOTS = 64
_MAX_CORNER = 200
_MAX_MOVING = 8
_CHARGED_FEEDS = ("basis", "spread")
_SIGNED_FEEDS = ("funding", "spread")

_PER_CENT = 100
_VALUE = (1 << width("value")) - 1
_DEDUCTION = (1 << width("deduction")) - 1
_SIZE = (1 << width("size")) - 1

Level = Literal["maintenance", "initial"]
FeedKind = Literal[
    "index", "mark", "forward", "volatility", "funding", "collateral", "stablecoin", "basis", "spread"
]
Signed = Annotated[int, IntText(-_VALUE, _VALUE)]
Unsigned = Annotated[int, IntText(0, _VALUE)]


def level_number(level: str) -> int:
    """1 for maintenance, 2 for initial."""
    return int(table()["levels"][level])


class Feed(Member):
    """A public price and the band inside which proofs stay true.

    Attributes
    ----------
    id
        Its name, the key in a file of live prices.
    kind, underlying
        What it measures, and of which underlying.
    price, low, high
        Decimals in quote units a unit of the underlying (or the measure's own unit).
    """

    id: Text
    kind: FeedKind
    underlying: Text
    price: DecimalText
    low: DecimalText
    high: DecimalText

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        low, price, high = (parse_decimal(text) for text in (self.low, self.price, self.high))
        if not low <= price:
            raise rule_error("is above the price", field="low", mend="low ≤ price ≤ high")
        if not price <= high:
            raise rule_error("is below the price", field="high", mend="low ≤ price ≤ high")
        if low <= 0 and self.kind not in _SIGNED_FEEDS:
            raise rule_error("must be above zero", field="low", mend="Narrow the band")
        return self

    @property
    def moves(self) -> bool:
        """Whether the band has any width."""
        return parse_decimal(self.low) != parse_decimal(self.high)

    @property
    def has_corners(self) -> bool:
        """Whether nodes stand at its ends; a basis or a spread is charged leg by leg in the addons."""
        return self.moves and self.kind not in _CHARGED_FEEDS


class Node(Member):
    """What a column of node values stands for: a corner of the envelope and a stress from there.

    Attributes
    ----------
    corner
        ``low``, ``high``, ``mark``, a fraction of the band, or an end for each kind of feed, such as
        ``index:low volatility:high``; see `verifier.corners`.
    stress
        Name of the stress; ``none`` for the corner itself.
    """

    corner: Annotated[
        str,
        Field(max_length=_MAX_CORNER),
        AfterValidator(checked(corner_valid)),
        WithJsonSchema({"type": "string", "pattern": CORNER_PATTERN, "maxLength": _MAX_CORNER}),
    ]
    stress: Text


class Model(Member):
    """How rows follow from feeds and universe, so that anyone can rebuild them.

    Attributes
    ----------
    name, version
        The builder that made the rows.
    parameters
        All that it needs beside the snapshot's feeds, nodes and universe: objects, lists, text, whole numbers
        and truths.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,64}$")]
    version: Annotated[int, Field(ge=1, lt=1 << 16)]
    parameters: Annotated[dict[str, Any], AfterValidator(checked(parameters_valid))]


class BracketEntry(Member):
    """A bracket as it is written in a file."""

    rate: Unsigned
    deduction: Annotated[int, IntText(-_DEDUCTION, _DEDUCTION)]
    upper: Annotated[int, IntText(1, _SIZE)]


class RowEntry(Member):
    """A row as it is written in a file, with its index; members of extensions where the layout has them."""

    index: Annotated[int, Field(ge=0, lt=MAX_INSTRUMENTS)]
    group: Annotated[int, IntText(1, 1 << 16)]
    mark: Signed
    nodes: Annotated[tuple[Signed, ...], entries(least=1, most=256)]
    addon_long: Unsigned
    addon_short: Unsigned
    brackets: Annotated[tuple[BracketEntry, ...], entries(least=1, most=64)]
    charge_long: Unsigned | None = None
    charge_short: Unsigned | None = None
    subgroup: Annotated[int, IntText(0, 1 << 16)] | None = None
    subnodes: Annotated[tuple[Signed, ...], entries(least=SUBNODES, most=SUBNODES)] | None = None
    isolated_long: Unsigned | None = None
    isolated_short: Unsigned | None = None
    alternatives: Annotated[tuple[Signed, ...], entries(least=1, most=256)] | None = None

    @classmethod
    def of(cls, index: int, row: Row, layout: Layout | None = None) -> RowEntry:
        """The entry of a row.

        Parameters
        ----------
        layout
            Whose extensions the entry has; none when left out.

        Raises
        ------
        FormatError
            When the row sets what the layout has no column for.
        """
        extensions = layout.extensions if layout else ()
        stray = undeclared(row, extensions)
        if stray is not None:
            raise FormatError(stray, "has no column", mend="Name a layout that charges it")
        return cls(
            index=index,
            group=row.group,
            mark=row.mark,
            nodes=row.nodes,
            addon_long=row.addon_long,
            addon_short=row.addon_short,
            brackets=tuple(
                BracketEntry(rate=each.rate, deduction=each.deduction, upper=each.upper)
                for each in row.brackets
            ),
            **{name: getattr(row, name) for extension in extensions for name in FIELDS[extension]},
        )

    @property
    def extensions(self) -> tuple[str, ...]:
        """The extensions that the entry has members of.

        Raises
        ------
        FormatError
            When it has some members of an extension and lacks others.
        """
        found = []
        for extension, names in FIELDS.items():
            missing = [name for name in names if getattr(self, name) is None]
            if names and not missing:
                found.append(extension)
            elif len(missing) < len(names):
                raise FormatError(missing[0], "is missing", mend=f"Add it beside {names[0]}")
        return tuple(found)

    def row(self) -> Row:
        """The row without its index."""
        further = {
            name: getattr(self, name)
            for names in FIELDS.values()
            for name in names
            if getattr(self, name) is not None
        }
        return Row(
            group=self.group,
            mark=self.mark,
            nodes=self.nodes,
            addon_long=self.addon_long,
            addon_short=self.addon_short,
            brackets=tuple(Bracket(each.rate, each.deduction, each.upper) for each in self.brackets),
            **further,
        )


class PublisherSignature(Member):
    """An Ed25519 signature by a publisher over `signature_payload`."""

    public_key: Hex32
    signature: Hex64


class Snapshot(Document):
    """``zksolvency/market/1``: a market snapshot.

    Attributes
    ----------
    universe
        The whole universe, embedded.
    layout
        Name of the table's shape in circuits.json, such as ``s2-k4-d5``.
    level
        The margin that the rows charge: ``maintenance`` or ``initial``.
    epoch
        The publisher's counter.
    time, valid_until
        Seconds since 1970: the window in which proofs over this snapshot hold.
    feeds
        The envelope's bands.
    frozen
        What moves an account's value but has no band.
    nodes
        What each node column stands for.
    rows
        Integer rows by strictly increasing index.
    model
        Which builder made the rows and with what parameters, if it says so.
    signatures
        Of publishers; not part of the snapshot's hash.
    """

    SCHEMA: ClassVar[str] = "zksolvency/market/1"

    universe: Universe
    layout: Text
    level: Level
    epoch: Epoch
    time: Time
    valid_until: Time
    feeds: Annotated[tuple[Feed, ...], entries(most=_MAX_FEEDS)]
    frozen: Annotated[tuple[Text, ...], entries(most=_MAX_FROZEN)]
    nodes: Annotated[tuple[Node, ...], entries(least=1, most=256)]
    rows: Annotated[tuple[RowEntry, ...], entries(least=1, most=MAX_INSTRUMENTS)]
    model: Model | None = None
    signatures: Annotated[tuple[PublisherSignature, ...], entries(most=_MAX_SIGNATURES)] = ()

    @property
    def shape(self) -> Layout:
        """The layout that `layout` names; FormatError when there is none of that name."""
        found = layouts().get(self.layout)
        if found is None:
            raise FormatError(
                "layout", "is not known", value=self.layout, mend=f"It must be one of {', '.join(layouts())}"
            )
        return found

    @property
    def hash(self) -> int:
        """The snapshot's hash: everything in it but the signatures."""
        content = self.to_json()
        del content["signatures"]
        return object_hash(text_tag("market"), content)

    @property
    def envelope(self) -> int:
        """Hash of the bands, what is frozen, and the time window."""
        bands = [
            {
                "id": feed.id,
                "kind": feed.kind,
                "underlying": feed.underlying,
                "low": feed.low,
                "high": feed.high,
            }
            for feed in self.feeds
        ]
        return object_hash(
            text_tag("envelope"),
            {
                "feeds": bands,
                "frozen": list(self.frozen),
                "time": self.time,
                "valid_until": self.valid_until,
            },
        )

    @property
    def clock(self) -> int:
        """epoch, time, valid_until and level in one number."""
        return pack(
            "clock",
            {
                "epoch": self.epoch,
                "time": self.time,
                "valid_until": self.valid_until,
                "level": level_number(self.level),
            },
        )

    def row_map(self) -> dict[int, Row]:
        """Every listed row by its index."""
        return {entry.index: entry.row() for entry in self.rows}

    def rows_root(self) -> int:
        """Root of the tree over the rows; remembered by the snapshot's hash."""
        return _cached_rows_root(self)


_roots: OrderedDict[int, int] = OrderedDict()
_roots_lock = Lock()


def _cached_rows_root(snapshot: Snapshot) -> int:
    key = snapshot.hash
    with _roots_lock:
        if key in _roots:
            _roots.move_to_end(key)
            return _roots[key]
    root = rows_root(snapshot.row_map(), snapshot.shape)
    with _roots_lock:
        _roots[key] = root
        while len(_roots) > _CACHED_ROOTS:
            _roots.popitem(last=False)
    return root


def market_root(snapshot: Snapshot) -> int:
    """The header hash that a proof is bound to: Poseidon(tag, rows, universe, layout, clock, envelope)."""
    return poseidon(
        [
            tag("header"),
            snapshot.rows_root(),
            snapshot.universe.hash,
            snapshot.shape.id,
            snapshot.clock,
            snapshot.envelope,
        ]
    )


def signature_payload(snapshot: Snapshot) -> bytes:
    """The bytes that a publisher signs; hashes are decimal text, the layout its id, the level its number."""
    return canonical_bytes(
        {
            "schema": SIGNATURE_SCHEMA,
            "market_root": str(market_root(snapshot)),
            "snapshot": str(snapshot.hash),
            "universe": str(snapshot.universe.hash),
            "layout": str(snapshot.shape.id),
            "level": level_number(snapshot.level),
            "epoch": snapshot.epoch,
            "time": snapshot.time,
            "valid_until": snapshot.valid_until,
            "envelope": str(snapshot.envelope),
        }
    )


def signers(snapshot: Snapshot, public_keys: Iterable[str]) -> list[str]:
    """Those of `public_keys` (hex) that signed this very snapshot, each once.

    A signature by a key outside `public_keys`, or one that does not hold, counts for nothing.
    """
    wanted = set(public_keys)
    payload = signature_payload(snapshot)
    found: list[str] = []
    for entry in snapshot.signatures:
        if entry.public_key in wanted and entry.public_key not in found and _signed(entry, payload):
            found.append(entry.public_key)
    return found


def _signed(entry: PublisherSignature, payload: bytes) -> bool:
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(entry.public_key))
        key.verify(bytes.fromhex(entry.signature), payload)
    except (InvalidSignature, ValueError):
        return False
    return True


def snapshot_valid(snapshot: Snapshot) -> None:
    """Everything about a snapshot that a circuit takes for granted; run by publishers and verifiers.

    Raises
    ------
    FormatError
        Names the member that breaks a rule.
    """
    _window(snapshot)
    _feeds(snapshot)
    if snapshot.shape.kind == "greeks":
        _greeks(snapshot)
    else:
        _nodes(snapshot)
    _rows(snapshot)


def _window(snapshot: Snapshot) -> None:
    if snapshot.time > snapshot.valid_until:
        raise FormatError(
            "valid_until", "is before time", value=snapshot.valid_until, mend="time ≤ valid_until"
        )


def _feeds(snapshot: Snapshot) -> None:
    seen: set[str] = set()
    underlyings = set(snapshot.universe.underlyings)
    for position, feed in enumerate(snapshot.feeds):
        if feed.id in seen:
            raise FormatError(f"feeds[{position}].id", "is listed twice", value=feed.id, mend="Keep one")
        seen.add(feed.id)
        if feed.underlying not in underlyings:
            raise FormatError(
                f"feeds[{position}].underlying",
                "is not in the universe",
                value=feed.underlying,
                mend="Use one of the universe's underlyings",
            )


def _greeks(snapshot: Snapshot) -> None:
    """Columns are Greeks at the marks, and no bracket charges or limits anything: no circuit heeds it."""
    if snapshot.model is not None and snapshot.model.name != "greeks":
        raise FormatError(
            "model.name", "is of another table than Greeks", value=snapshot.model.name, mend="greeks"
        )
    if tuple((node.corner, node.stress) for node in snapshot.nodes) != tuple(
        ("mark", each) for each in GREEKS
    ):
        raise FormatError(
            "nodes", "are not the Greeks", mend=f"Corner mark, stresses {', '.join(GREEKS)}, in that order"
        )
    for position, entry in enumerate(snapshot.rows):
        for bracket in entry.brackets:
            if (bracket.rate, bracket.deduction, bracket.upper) != (0, 0, _SIZE):
                raise FormatError(
                    f"rows[{position}].brackets", "are not empty", mend=f"Rate 0, deduction 0, upper {_SIZE}"
                )


def _greek_row(instrument: Instrument, entry: RowEntry) -> None:
    """What Greeks and notional of an instrument can be: a row of noughts would charge no limit anything."""
    delta, gamma, vega, theta = entry.nodes
    notional = entry.addon_long
    # Each number was rounded to its unit, delta's a hundredth of the notional's.
    off = abs(100 * delta) - notional
    if instrument.kind == "aggregate":
        raise FormatError("kind", "is an aggregate line", mend="Its legs have the Greeks; leave it out")
    if notional != entry.addon_short or notional < 1:
        raise FormatError("addon_long", "and addon_short are not one notional above 0", mend="Gross per lot")
    if instrument.kind == "option":
        signed = delta if instrument.option_type == "call" else -delta
        wrong = signed < 0 or off > _PER_CENT or gamma < 0 or vega < 0 or theta > 0 or entry.mark < 0
    else:
        linear = 0 <= notional - entry.mark <= 1 and abs(off) <= _PER_CENT and delta >= 0
        wrong = not linear or any((gamma, vega, theta))
    if wrong:
        raise FormatError("nodes", f"are not the Greeks of a {instrument.kind}", mend="Build the table again")


def _nodes(snapshot: Snapshot) -> None:
    wanted = snapshot.shape.nodes
    if len(snapshot.nodes) != wanted:
        raise FormatError(
            "nodes", f"has {len(snapshot.nodes)} entries", mend=f"The layout {snapshot.layout} has {wanted}"
        )
    # Venues floor a scan loss at zero: without the zero stress a corner's own loss would go uncharged.
    corners = {node.corner for node in snapshot.nodes}
    still = {node.corner for node in snapshot.nodes if node.stress == "none"}
    if any(feed.has_corners for feed in snapshot.feeds) and not any(":" in corner for corner in corners):
        corners |= {"low", "high"}
    for corner in sorted(corners - still):
        raise FormatError("nodes", f"lacks the zero stress at the corner {corner!r}", mend="Add that node")
    # A group's feeds move apart: at two common edges a long of one and a short of the other would drift free.
    kinds: dict[str, list[FeedKind]] = {}
    for feed in snapshot.feeds:
        if feed.has_corners:
            kinds.setdefault(feed.underlying, []).append(feed.kind)
    for underlying, moving in kinds.items():
        found = {tuple(end_of(corner, kind) for kind in moving) for corner in still}
        if len(moving) > _MAX_MOVING or not found.issuperset(product(("low", "high"), repeat=len(moving))):
            raise FormatError(
                "nodes",
                f"have not all corners of {underlying}, which has {len(moving)} moving feeds",
                mend="Each combination of low and high needs the zero stress",
            )


def _rows(snapshot: Snapshot) -> None:
    universe, shape = snapshot.universe, snapshot.shape
    still = [place for place, node in enumerate(snapshot.nodes) if node.stress == "none"]
    groups = {name: position + 1 for position, name in enumerate(universe.underlyings)}
    priced = {feed.underlying for feed in snapshot.feeds} | set(snapshot.frozen)
    previous = -1
    for position, entry in enumerate(snapshot.rows):
        field = f"rows[{position}]"
        if entry.index <= previous:
            raise FormatError(
                f"{field}.index", "does not increase", value=entry.index, mend="Sort rows; keep one an index"
            )
        previous = entry.index
        limit = min(len(universe.instruments), shape.capacity)
        if entry.index >= limit:
            raise FormatError(
                f"{field}.index", "is beyond the universe", value=entry.index, mend=f"< {limit}"
            )
        instrument = universe.instruments[entry.index]
        if instrument.retired:
            raise FormatError(field, f"lists {instrument.id}, which is retired", mend="Leave the row out")
        if instrument.expiry is not None and instrument.expiry <= snapshot.valid_until:
            raise FormatError(
                field,
                f"lists {instrument.id}, which expires before valid_until",
                value=instrument.expiry,
                mend="Leave the row out, or shorten the window",
            )
        if entry.group != groups[instrument.underlying]:
            raise FormatError(
                f"{field}.group",
                f"is not the id of {instrument.underlying}",
                value=entry.group,
                mend=f"It must be {groups[instrument.underlying]}",
            )
        # Without a feed no live price would ever be compared with what the row takes for granted.
        if instrument.underlying not in priced:
            raise FormatError(
                field,
                f"is of {instrument.underlying}, which has no feed and is not frozen",
                mend="Add its feed, or name it in frozen",
            )
        try:
            _extensions(entry, shape)
            row_valid(entry.row(), shape)
            _apart(entry, still)
            if shape.kind == "greeks":
                _greek_row(instrument, entry)
            else:
                _kind(instrument.kind, entry)
        except FormatError as error:
            raise error.within("", prefix=field) from None


def _extensions(entry: RowEntry, shape: Layout) -> None:
    found = entry.extensions
    for extension in (*shape.extensions, *found):
        if not FIELDS[extension]:
            continue
        name = FIELDS[extension][0]
        if extension not in found:
            raise FormatError(name, "is missing", mend=f"The layout {shape.name} has {extension}")
        if extension not in shape.extensions:
            raise FormatError(name, "has no column", mend=f"The layout {shape.name} has no {extension}")


def _apart(entry: RowEntry, still: Iterable[int]) -> None:
    """A group charged position by position still pays for what prices may do inside their bands.

    Its scan does not bind then, and with it the zero stress at every corner: the row's own columns must cover
    what a unit may lose there, or equity could be below zero inside the envelope.
    """
    if entry.isolated_long is None or entry.isolated_short is None:
        return
    moves = [entry.nodes[place] for place in still]
    for name, isolated, addon, lost in (
        ("isolated_long", entry.isolated_long, entry.addon_long, -min(moves, default=0)),
        ("isolated_short", entry.isolated_short, entry.addon_short, max(moves, default=0)),
    ):
        if isolated + addon < lost:
            raise FormatError(
                name,
                "does not cover what a unit may lose at a corner of the envelope",
                value=isolated,
                mend=f"At least {lost - addon} beside its addon; {_VALUE} where there is no such choice",
            )


def _kind(kind: Kind, entry: RowEntry) -> None:
    """What a line of this kind must not do: be worth something beside its legs, or be held the other way."""
    profits = {*entry.nodes, *(entry.subnodes or ()), *(entry.alternatives or ())}
    if kind == "aggregate" and (entry.mark, profits) != (0, {0}):
        raise FormatError("mark", "or a node of an aggregate line is not 0", mend="Its legs have the value")
    for name, side in (("deposit", "addon_short"), ("borrow", "addon_long")):
        if kind == name and getattr(entry, side) != _VALUE:
            raise FormatError(
                side, f"leaves the wrong side of a {name} open", value=getattr(entry, side), mend=f"{_VALUE}"
            )
