"""Random accounts and markets for the circuit's tests, down to the integers that the circuit takes.

This is the independent twin of `prover.witness`: it goes straight from integers to inputs, without documents,
decimals or names, so that it is fast and reaches the edges of every width.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from prover.engine import MarginReport, evaluate
from verifier.circuits import ONE_SIDED_NODES, Instance, Layout, table, tag, width
from verifier.eddsa import public_key, sign
from verifier.field import R, to_field
from verifier.merkle import Tree
from verifier.packing import pack
from verifier.poseidon import poseidon
from verifier.rows import Bracket, Row, leaf_hash, row_valid

Inputs = dict[str, Any]

SUBGROUPS = 7
"""Subgroups of a random market: some have positions of several groups, most several positions."""

_SIZE_LIMIT = (1 << 64) - 1
_CASH_LIMIT = (1 << 120) - 1
_TIME_LIMIT = (1 << 34) - 1
_ATTESTORS = tuple(bytes([n]) * 32 for n in range(1, 5))


@dataclass(frozen=True)
class Market:
    """A market snapshot as integers."""

    layout: Layout
    rows: dict[int, Row]
    tree: Tree
    universe: int
    epoch: int
    time: int
    valid_until: int
    level: int
    envelope: int

    @property
    def root(self) -> int:
        clock = pack(
            "clock",
            {"epoch": self.epoch, "time": self.time, "valid_until": self.valid_until, "level": self.level},
        )
        header = [tag("header"), self.tree.root, self.universe, self.layout.id, clock, self.envelope]
        return poseidon(header)


@dataclass(frozen=True)
class Account:
    """An account, its statement and what is claimed of it, as integers."""

    positions: tuple[tuple[int, int], ...]
    cash: int
    ratio: int
    floor: int
    secret: int
    salt: int
    venue: int
    subject: int
    coverage: int
    as_of: int
    valid_until: int
    sequence: int
    context: int
    attestor: bytes = _ATTESTORS[0]


# --- markets ----------------------------------------------------------------------------------------


def random_row(rng: random.Random, layout: Layout, group: int, bits: int) -> Row:
    """A well-formed row whose values have up to `bits` bits; now and then at the edge of a width."""
    edge = (1 << bits) - 1

    def signed() -> int:
        return rng.choice((0, edge, -edge)) if rng.random() < 0.05 else rng.randint(-edge, edge)

    def unsigned() -> int:
        return rng.choice((0, edge)) if rng.random() < 0.05 else rng.randint(0, edge)

    small = max(1, edge >> rng.randint(2, 8))

    def profits(count: int) -> tuple[int, ...]:
        if rng.random() < 0.8:
            return tuple(rng.randint(-small, small) for _ in range(count))
        return tuple(signed() for _ in range(count))

    row = Row(
        group=group,
        mark=signed(),
        nodes=profits(layout.nodes),
        addon_long=rng.randint(0, small) if rng.random() < 0.9 else unsigned(),
        addon_short=rng.randint(0, small) if rng.random() < 0.9 else unsigned(),
        brackets=_random_brackets(rng, layout.brackets, bits),
    )
    row = replace(row, **_random_extensions(rng, layout, row, small, profits))
    row_valid(row, layout)
    return row


def _random_extensions(
    rng: random.Random, layout: Layout, row: Row, small: int, profits: Callable[[int], tuple[int, ...]]
) -> dict[str, Any]:
    """Columns of the layout's extensions, of a size that lets each of them decide now and then."""
    found: dict[str, Any] = {}
    if "charges" in layout.extensions:
        found |= {name: rng.choice((0, rng.randint(0, small))) for name in ("charge_long", "charge_short")}
    if "subgroups" in layout.extensions and rng.random() < 0.8:
        found |= {"subgroup": rng.randint(1, SUBGROUPS), "subnodes": profits(2)}
    if "isolated" in layout.extensions:
        prohibitive = (1 << 63) - 1
        found |= {
            name: rng.choice((0, small, prohibitive, rng.randint(0, small)))
            for name in ("isolated_long", "isolated_short")
        }
    if "alternatives" in layout.extensions:
        # Discounts of a node, the same, nothing at all, its opposite, or any other number.
        found["alternatives"] = tuple(
            rng.choice((node, 0, -node, node * 3 // 4, node * 5 // 4, other))
            for node, other in zip(row.nodes, profits(layout.nodes), strict=True)
        )
    return found


def _random_brackets(rng: random.Random, count: int, bits: int) -> tuple[Bracket, ...]:
    """Continuous, jumping and concave tiers, a fixed charge at times, and padding at the end."""
    tiers = rng.randint(1, count)
    limit = _SIZE_LIMIT if rng.random() < 0.2 else rng.randint(tiers + 1, 1 << rng.randint(8, 63))
    uppers = [*sorted(rng.sample(range(1, min(limit, 1 << 60)), tiers - 1)), limit]
    top = (1 << max(1, bits - 3)) - 1
    rates = [rng.randint(0, top) for _ in range(tiers)]
    if rng.random() < 0.7:
        rates.sort()
    continuous = rng.random() < 0.6
    brackets: list[Bracket] = []
    lower = deduction = 0
    for rate, upper in zip(rates, uppers, strict=True):
        if not brackets:
            deduction = -rng.randint(0, 1 << 40) if rng.random() < 0.3 else 0
        elif continuous:
            deduction += lower * (rate - brackets[-1].rate)
        else:
            deduction = rng.randint(-(1 << 60), lower * rate)
        if deduction > lower * rate:  # the charge must not be negative at either bound
            deduction = lower * rate
        brackets.append(Bracket(rate, deduction, upper))
        lower = upper
    return tuple(brackets + [brackets[-1]] * (count - tiers))


def random_market(rng: random.Random, layout: Layout, rows: int = 40, underlyings: int = 12) -> Market:
    """A market of `rows` rows, scattered over the tree's whole index range."""
    bits = rng.choice((20, 30, 40, 48))
    indexes = sorted({*rng.sample(range(layout.capacity), rows - 2), 0, layout.capacity - 1})
    return market_of(
        rng,
        layout,
        {index: random_row(rng, layout, rng.randint(1, underlyings), bits) for index in indexes},
    )


def market_of(rng: random.Random, layout: Layout, rows: dict[int, Row]) -> Market:
    """A market of these rows."""
    time = rng.randint(0, _TIME_LIMIT - 1000)
    return Market(
        layout=layout,
        rows=rows,
        tree=Tree({index: leaf_hash(row, layout) for index, row in rows.items()}, layout.depth),
        universe=rng.getrandbits(248),
        epoch=rng.getrandbits(32),
        time=time,
        valid_until=time + rng.choice((0, 1, 1000)),
        level=rng.choice((1, 2)),
        envelope=rng.getrandbits(248),
    )


# --- accounts ---------------------------------------------------------------------------------------


def random_account(rng: random.Random, market: Market, instance: Instance) -> Account:
    """An account that fits the instance, without cash: sizes at bracket bounds, beside them, or free."""
    while True:
        count = rng.choice((0, 1, instance.slots, rng.randint(0, instance.slots)))
        chosen: list[int] = []
        for index in rng.sample(sorted(market.rows), len(market.rows)):
            if len(chosen) < count and has_room([*chosen, index], market, instance):
                chosen.append(index)
        positions = tuple((index, _random_size(rng, market.rows[index])) for index in sorted(chosen))
        as_of = rng.choice((market.time, market.valid_until, rng.randint(market.time, market.valid_until)))
        account = Account(
            positions=positions,
            cash=0,
            ratio=rng.choice((0, 0, 1, 5, 255, rng.randint(0, 255))),
            floor=rng.choice((0, 0, 1, rng.getrandbits(20), (1 << 38) - 1)),
            secret=rng.randrange(R),
            salt=rng.getrandbits(248),
            venue=rng.getrandbits(248),
            subject=rng.getrandbits(160),
            coverage=rng.choice((1, 2)),
            as_of=as_of,
            valid_until=rng.choice((market.valid_until, _TIME_LIMIT)),
            sequence=rng.getrandbits(32),
            context=rng.getrandbits(248),
            attestor=rng.choice(_ATTESTORS),
        )
        if abs(report(account, market).slack) // 20 < _CASH_LIMIT - 2:
            return account


def has_room(indexes: Sequence[int], market: Market, instance: Instance) -> bool:
    """Whether positions in these rows need no more groups, subgroups and cells than the circuit has."""
    rows = [market.rows[index] for index in indexes]
    cells = {(row.group, row.subgroup) for row in rows if row.subgroup}
    return (
        len({row.group for row in rows}) <= instance.groups
        and len({subgroup for _, subgroup in cells}) <= instance.subgroups
        and (not instance.cells or len(cells) <= instance.cells)
    )


def _random_size(rng: random.Random, row: Row) -> int:
    """A size within the position limit, at a bracket's bound or one beside it half of the time."""
    limit = row.brackets[-1].upper
    if rng.random() < 0.5:
        size = rng.choice(row.brackets).upper + rng.choice((-1, 0, 1))
    else:
        size = rng.randint(1, min(limit, 1 << rng.randint(1, 64)))
    size = max(1, min(size, limit))
    return size if rng.random() < 0.5 else -size


def report(account: Account, market: Market) -> MarginReport:
    """What the exact engine says."""
    return evaluate(account.positions, account.cash, market.rows, account.ratio, account.floor, market.layout)


def at_boundary(account: Account, market: Market, distance: int) -> Account:
    """The account with `distance` units of cash more than the least that satisfies its claim."""
    slack = report(replace(account, cash=0), market).slack
    return replace(account, cash=-(slack // 20) + distance)


# --- inputs -----------------------------------------------------------------------------------------


def account_hash(account: Account) -> int:
    """The commitment, from the design's formula."""
    per_element = table()["slots"]["per_element"]
    elements = [0] * (table()["slots"]["max"] // per_element)
    for place, (index, size) in enumerate(account.positions):
        slot = (index + 1) * 2**65 + size + 2**64
        elements[place // per_element] += slot << (82 * (place % per_element))
    holder = poseidon([tag("holder"), account.secret])
    return poseidon(
        [tag("account"), len(account.positions), (account.cash + 2**120) % R, account.salt, holder, *elements]
    )


def message(account: Account, market: Market) -> int:
    """What the attestor signs."""
    stamp = pack(
        "stamp",
        {
            "epoch": market.epoch,
            "as_of": account.as_of,
            "valid_until": account.valid_until,
            "sequence": account.sequence,
            "coverage": account.coverage,
        },
    )
    return poseidon(
        [tag("statement"), account_hash(account), market.universe, account.subject, stamp, account.venue]
    )


def circuit_inputs(account: Account, market: Market, instance: Instance) -> Inputs:
    """Inputs of an honest prover; whether the claim holds, or cash is in range, is not asked."""
    result = report(replace(account, cash=0), market)
    key = public_key(account.attestor)
    signature = sign(account.attestor, message(account, market))
    names = sorted(result.losses)
    named = names + [0] * (instance.groups - len(names))
    either_or = "isolated" in instance.layout.extensions
    if either_or:  # names must differ
        while 0 in named:
            named[named.index(0)] = max(named) + 1
    losses = result.scan_losses if either_or else result.losses
    inputs: Inputs = {
        "market_root": market.root,
        "attestor": poseidon([tag("attestor"), *key]),
        "terms": pack(
            "terms",
            {
                "version": table()["terms_version"],
                "level": market.level,
                "coverage": account.coverage,
                "as_of": account.as_of,
                "subject": account.subject,
                "floor": account.floor,
                "ratio": account.ratio,
            },
        ),
        "nullifier": poseidon([tag("nullifier"), account.secret, account.context]),
        "context": account.context,
        "rows_root": market.tree.root,
        "universe": market.universe,
        "epoch": market.epoch,
        "time": market.time,
        "valid_until": market.valid_until,
        "envelope": market.envelope,
        "statement_valid_until": account.valid_until,
        "sequence": account.sequence,
        "venue": account.venue,
        "salt": account.salt,
        "secret": account.secret,
        "cash": to_field(account.cash),
        "attestor_x": key[0],
        "attestor_y": key[1],
        "r8x": signature.r8[0],
        "r8y": signature.r8[1],
        "s": signature.s,
        "groups": named,
        "losses": [losses[name] for name in names] + [0] * (instance.groups - len(names)),
    }
    inputs.update(_slot_inputs(result, market, instance, named))
    _extend(inputs, result, market, instance)
    return inputs


def _extend(inputs: Inputs, result: MarginReport, market: Market, instance: Instance) -> None:
    """Add what the circuits of a portfolio margin take beside."""
    extensions = instance.layout.extensions
    held = [market.rows[position.index] for position in result.positions]
    empty = [None] * (instance.slots - len(held))
    rows = [*held, *empty]

    def column(name: str, blank: Any) -> list[Any]:
        return [blank if row is None else getattr(row, name) for row in rows]

    def signed(name: str, count: int) -> list[list[int]]:
        return [[to_field(x) for x in numbers] for numbers in column(name, (0,) * count)]

    if "charges" in extensions:
        inputs |= {name: column(name, 0) for name in ("charge_long", "charge_short")}
    if "isolated" in extensions:
        inputs |= {name: column(name, 0) for name in ("isolated_long", "isolated_short")}
        inputs["isolated_choice"] = [int(group in result.is_isolated) for group in inputs["groups"]]
    if "subgroups" in extensions:
        found = sorted({row.subgroup for row in held} - {0})
        idle = [0] * (instance.subgroups - len(found))
        inputs["subgroups"] = found + idle
        inputs["sub_losses"] = [result.sub_losses[subgroup] for subgroup in found] + idle
        inputs["subgroup_choice"] = [
            [int(bool(number) and number == name) for name in inputs["subgroups"]]
            for number in column("subgroup", 0)
        ]
        inputs["subnodes"] = signed("subnodes", 2)
    if "alternatives" in extensions:
        cells = sorted({(row.group, row.subgroup) for row in held if row.subgroup})
        spare = instance.cells - len(cells)
        inputs["cell_subgroup"] = [subgroup for _, subgroup in cells] + [0] * spare
        inputs["cell_group_choice"] = [
            [int(group == name) for name in inputs["groups"]] for group, _ in cells
        ] + [one_hot(0, instance.groups)] * spare
        inputs["cell_choice"] = [
            [int(row is not None and (row.group, row.subgroup) == cell) for cell in cells] + [0] * spare
            for row in rows
        ]
        inputs["take_alternative"] = [
            [int(taken) for taken in result.alternative_taken[cell]] for cell in cells
        ] + [[0] * instance.nodes] * spare
        inputs["alternatives"] = signed("alternatives", instance.nodes)
    if "one_sided" in extensions:
        # Idle cells are named after the last, as if in the first group.
        ends = [(group << width("group")) + subgroup for group, subgroup in cells]
        first = inputs["groups"][0] << width("group")
        last = max(ends, default=first) - first
        inputs["cell_subgroup"][len(cells) :] = [last + 1 + place for place in range(spare)]
        inputs["is_loss"] = [[int(not gains) for gains in result.turned[cell]] for cell in cells] + [
            [0] * ONE_SIDED_NODES
        ] * spare


def _slot_inputs(report: MarginReport, market: Market, instance: Instance, groups: Sequence[int]) -> Inputs:
    """The inputs that there is one of for every slot; all zero for an empty one."""
    nodes, brackets, depth = instance.nodes, instance.brackets, instance.depth
    found: Inputs = {
        "used": [], "index": [], "size_magnitude": [], "size_negative": [],
        "group_choice": [], "bracket_choice": [],
        "mark": [], "nodes": [], "addon_long": [], "addon_short": [],
        "rate": [], "deduction": [], "upper": [], "siblings": [],
    }  # fmt: skip
    for position in report.positions:
        row = market.rows[position.index]
        slot: Inputs = {
            "used": 1,
            "index": position.index,
            "size_magnitude": abs(position.size),
            "size_negative": int(position.size < 0),
            "group_choice": one_hot(groups.index(row.group), instance.groups),
            "bracket_choice": one_hot(position.bracket, brackets),
            "mark": to_field(row.mark),
            "nodes": [to_field(node) for node in row.nodes],
            "addon_long": row.addon_long,
            "addon_short": row.addon_short,
            "rate": [bracket.rate for bracket in row.brackets],
            "deduction": [to_field(bracket.deduction) for bracket in row.brackets],
            "upper": [bracket.upper for bracket in row.brackets],
            "siblings": [list(level) for level in market.tree.path(position.index)],
        }
        for name, value in slot.items():
            found[name].append(value)
    empty: Inputs = {
        "group_choice": [0] * instance.groups,
        "bracket_choice": [0] * brackets,
        "nodes": [0] * nodes,
        "rate": [0] * brackets,
        "deduction": [0] * brackets,
        "upper": [0] * brackets,
        "siblings": [[0, 0, 0]] * depth,
    }
    for name, values in found.items():
        values += [empty.get(name, 0)] * (instance.slots - len(values))
    return found


def one_hot(place: int, length: int) -> list[int]:
    """A list of zeros with a one at `place`."""
    return [int(i == place) for i in range(length)]
