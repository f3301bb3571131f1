"""A market table's rows: their leaves, their tree, and what makes one well-formed.

Values are integers: quote units · 10^6 for one lot; bracket bounds are sizes · 10^8 lots; a deduction has
the product's scale, 10^14.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .circuits import SUBNODES, Layout, tag, width
from .errors import FormatError
from .field import to_field
from .merkle import tree_root
from .poseidon import poseidon

__all__ = [
    "FIELDS",
    "PROHIBITIVE",
    "Bracket",
    "Row",
    "chunks",
    "columns",
    "leaf_hash",
    "row_valid",
    "rows_root",
    "undeclared",
]

PROHIBITIVE = (1 << width("value")) - 1
"""The largest unit value, 1e-6 quote a lot: a charge that keeps a side, or a choice, closed."""

_CHUNK = 15
"""A Poseidon takes 16 inputs: the hash so far and up to 15 columns."""

_RESERVED_ARITIES = (4, 5)
_MAX_GROUP = 1 << 16
_MAX_SUBGROUP = 1 << 16


@dataclass(frozen=True)
class Bracket:
    """One tier: a size x with (previous upper) ≤ x ≤ `upper` is charged x·`rate` − `deduction`."""

    rate: int
    deduction: int
    upper: int


@dataclass(frozen=True)
class Row:
    """One instrument's line of the market table.

    Attributes
    ----------
    group
        Id of the underlying, from 1.
    mark
        Unit value, haircut included, 1e-6 quote a lot.
    nodes
        Unit profit or loss against `mark` at each scenario node, the same scale.
    addon_long, addon_short
        Charged a unit held long, or short; not negative.
    brackets
        Tiers by size; the last upper is the position limit.
    charge_long, charge_short
        Extension ``charges``: what a unit held adds to its group's loss at the last two nodes; not negative.
    subgroup
        Extension ``subgroups``: id of a second group, from 1; 0 for none.
    subnodes
        Unit profit or loss at the two nodes of the subgroup; zeros when there is none.
    isolated_long, isolated_short
        Extension ``isolated``: what a unit costs where a group is charged position by position;
        prohibitive when left out, so that no such choice is free.
    alternatives
        Extension ``alternatives``: unit profit or loss at each node, in place of `nodes` where the group's
        positions of one subgroup are worse off by these.
    """

    group: int
    mark: int
    nodes: tuple[int, ...]
    addon_long: int
    addon_short: int
    brackets: tuple[Bracket, ...]
    charge_long: int = 0
    charge_short: int = 0
    subgroup: int = 0
    subnodes: tuple[int, ...] = (0,) * SUBNODES
    isolated_long: int = PROHIBITIVE
    isolated_short: int = PROHIBITIVE
    alternatives: tuple[int, ...] = ()


FIELDS = {
    "charges": ("charge_long", "charge_short"),
    "subgroups": ("subgroup", "subnodes"),
    "isolated": ("isolated_long", "isolated_short"),
    "alternatives": ("alternatives",),
    "one_sided": (),
}
"""The attributes of a row, and members of its entry in a file, that an extension adds."""


def columns(row: Row, extensions: tuple[str, ...] = ()) -> list[int]:
    """The row's numbers in the order of ``Layout.columns``, signed.

    Parameters
    ----------
    extensions
        The layout's.
    """
    numbers = [row.group, row.mark, *row.nodes, row.addon_long, row.addon_short]
    for bracket in row.brackets:
        numbers += [bracket.rate, bracket.deduction, bracket.upper]
    for extension in extensions:
        for name in FIELDS[extension]:
            value = getattr(row, name)
            numbers += value if isinstance(value, tuple) else (value,)
    return numbers


def undeclared(row: Row, extensions: tuple[str, ...]) -> str | None:
    """The first attribute that the row sets for an extension that is not among `extensions`, if any.

    A rule that a layout has no column for would silently charge nothing.
    """
    plain = Row(row.group, row.mark, row.nodes, row.addon_long, row.addon_short, row.brackets)
    for extension, names in FIELDS.items():
        for name in names:
            if extension not in extensions and getattr(row, name) != getattr(plain, name):
                return name
    return None


def leaf_hash(row: Row, layout: Layout) -> int:
    """The row's leaf: a chain of Poseidon hashes that starts from the leaf tag.

    Columns are cut into as few chunks of at most 15 as will do, as even as possible, the longer first.

    Raises
    ------
    FormatError
        When the row has not the layout's shape.
    """
    _shape(row, layout)
    hashed = tag("leaf")
    for chunk in chunks([to_field(number) for number in columns(row, layout.extensions)]):
        hashed = poseidon([hashed, *chunk])
    return hashed


def chunks(numbers: list[int]) -> Iterator[list[int]]:
    """A long list as what `leaf_hash` absorbs one after the other."""
    count = -(-len(numbers) // _CHUNK)
    shorter, longer = divmod(len(numbers), count)
    start = 0
    for position in range(count):
        length = shorter + (position < longer)
        # An arity of 4 or 5 would look like a tree node or a signature's challenge.
        if length + 1 in _RESERVED_ARITIES:
            raise FormatError("layout", f"cuts rows into chunks of {length}", mend="Add or drop a column")
        yield numbers[start : start + length]
        start += length


def _shape(row: Row, layout: Layout) -> None:
    wanted_alternatives = layout.nodes if "alternatives" in layout.extensions else 0
    for field, found, wanted in (
        ("nodes", len(row.nodes), layout.nodes),
        ("brackets", len(row.brackets), layout.brackets),
        ("subnodes", len(row.subnodes), SUBNODES),
        ("alternatives", len(row.alternatives), wanted_alternatives),
    ):
        if found != wanted:
            raise FormatError(field, f"has {found} entries", mend=f"The layout {layout.name} has {wanted}")
    stray = undeclared(row, layout.extensions)
    if stray is not None:
        raise FormatError(stray, "has no column", mend=f"The layout {layout.name} does not charge it")


def row_valid(row: Row, layout: Layout) -> None:
    """Check that a row is well-formed, so that no circuit or engine can be cheated by its shape.

    Raises
    ------
    FormatError
        Names the column: a width, a negative addon or charge, bounds that do not ascend, a bracket that would
        pay its holder at one of its bounds (it would mint margin), padding that is no copy of the last, or
        profits of a subgroup for a row that is in none.
    """
    _shape(row, layout)
    _widths(row)
    _brackets(row.brackets)


def _widths(row: Row) -> None:
    value, deduction, size = 1 << width("value"), 1 << width("deduction"), 1 << width("size")
    _within("group", row.group, 1, _MAX_GROUP)
    _within("mark", row.mark, 1 - value, value - 1)
    for position, node in enumerate(row.nodes):
        _within(f"nodes[{position}]", node, 1 - value, value - 1)
    _within("addon_long", row.addon_long, 0, value - 1)
    _within("addon_short", row.addon_short, 0, value - 1)
    for name in ("charge_long", "charge_short", "isolated_long", "isolated_short"):
        _within(name, getattr(row, name), 0, value - 1)
    _within("subgroup", row.subgroup, 0, _MAX_SUBGROUP)
    for name in ("subnodes", "alternatives"):
        for position, node in enumerate(getattr(row, name)):
            _within(f"{name}[{position}]", node, 1 - value, value - 1)
    if row.subgroup == 0 and any(row.subnodes):
        raise FormatError("subnodes", "are those of no subgroup", mend="Set them to 0, or name the subgroup")
    for position, bracket in enumerate(row.brackets):
        _within(f"brackets[{position}].rate", bracket.rate, 0, value - 1)
        _within(f"brackets[{position}].deduction", bracket.deduction, 1 - deduction, deduction - 1)
        _within(f"brackets[{position}].upper", bracket.upper, 1, size - 1)


def _within(field: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise FormatError(field, "is out of range", value=value, mend=f"It must be from {low} to {high}")


def _brackets(brackets: tuple[Bracket, ...]) -> None:
    lower = 0
    padding = False
    for position, bracket in enumerate(brackets):
        field = f"brackets[{position}]"
        if position and bracket.upper == lower:
            if bracket != brackets[position - 1]:
                raise FormatError(field, "pads but is no copy of the last bracket", mend="Copy it exactly")
            padding = True
            continue
        if padding or bracket.upper < lower:
            raise FormatError(
                f"{field}.upper", "does not ascend", value=bracket.upper, mend="Sort by upper; pad at the end"
            )
        # The charge is linear between the bounds: not negative at both means nowhere negative.
        for bound in (lower, bracket.upper):
            if bound * bracket.rate < bracket.deduction:
                raise FormatError(
                    f"{field}.deduction",
                    f"makes the charge negative at size {bound}",
                    value=bracket.deduction,
                    mend="A bracket may never pay its holder",
                )
        lower = bracket.upper


def rows_root(rows: Mapping[int, Row], layout: Layout) -> int:
    """Root of the quaternary tree over the rows; a leaf's place is the row's index, unlisted leaves are 0.

    Raises
    ------
    FormatError
        When an index is beyond the layout's tree, or a row has not its shape.
    """
    leaves = {}
    for index, row in rows.items():
        _within("index", index, 0, layout.capacity - 1)
        leaves[index] = leaf_hash(row, layout)
    return tree_root(leaves, layout.depth)
