"""Every template of circuits/lib as a small main, with honest inputs drawn at random.

Wrappers only hang tags on a main's inputs, unchecked: what a template asks its caller to check is drawn in
range by `draw`, and what it checks itself is under test.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.circuits.references import SMALL
from tests.circuits.templates import Source
from verifier.eddsa import public_key, sign
from verifier.field import R, to_field
from verifier.packing import pack

Draw = Callable[[random.Random], dict[str, Any]]


@dataclass(frozen=True)
class Main:
    """A small main, and a way to draw inputs that it must accept."""

    source: Source
    draw: Draw


def tagged(name: str, tag: str, value: str = "", size: str = "") -> str:
    """A passing-through signal that carries a tag which nothing checked."""
    width = f" {name}_.{tag} = {value};" if value else ""
    if not size:
        return f"signal {{{tag}}} {name}_;{width} {name}_ <== {name};"
    return f"signal {{{tag}}} {name}_{size};{width} {name}_ <== {name};"


def wrapped(inputs: str, body: str, outputs: str = "") -> str:
    """The text of a wrapper template called Wrapped."""
    return f"template Wrapped() {{ {inputs} {outputs} {body} }}"


def _row(rng: random.Random, nodes: int, brackets: int) -> dict[str, Any]:
    return {
        "group": rng.randint(1, 9),
        "mark": to_field(rng.randint(-(10**9), 10**9)),
        "nodes": [to_field(rng.randint(-(10**8), 10**8)) for _ in range(nodes)],
        "addon_long": rng.getrandbits(30),
        "addon_short": rng.getrandbits(30),
        "rate": [rng.getrandbits(30) for _ in range(brackets)],
        "deduction": [to_field(rng.randint(-(2**60), 2**60)) for _ in range(brackets)],
        "upper": sorted(rng.getrandbits(63) + 1 for _ in range(brackets)),
    }


def _elements(rng: random.Random, count: int) -> list[int]:
    return [rng.randrange(R) for _ in range(count)]


_ROW_INPUTS = (
    "signal input group; signal input mark; signal input nodes[2]; signal input addon_long;"
    " signal input addon_short; signal input rate[2]; signal input deduction[2]; signal input upper[2];"
)
_ROW_ARGUMENTS = "group, mark, nodes, addon_long, addon_short, rate, deduction, upper"


def _row_leaf(rng: random.Random) -> dict[str, Any]:
    """A row with the seven columns of charges, subgroups and isolated charges."""
    columns = [rng.getrandbits(60) for _ in range(7)]
    columns[2] = rng.randint(1, 1 << 16)
    columns[3:5] = [to_field(rng.randint(-(2**60), 2**60)) for _ in range(2)]
    return {**_row(rng, 2, 2), "further": columns}


def _bracket(rng: random.Random) -> dict[str, Any]:
    upper = sorted((rng.getrandbits(40) + 2, rng.getrandbits(62) + 2**41))
    chosen = rng.choice((0, 1, None))
    low, high = (0, upper[0]) if chosen == 0 else upper
    return {
        "used": int(chosen is not None),
        "magnitude": 0 if chosen is None else rng.choice((low, high, rng.randint(low, high))),
        "choice": [int(chosen == k) for k in range(2)],
        "rate": [rng.getrandbits(62) for _ in range(2)],
        "deduction": [to_field(rng.randint(-(2**120), 2**120)) for _ in range(2)],
        "upper": upper,
    }


def _slot(rng: random.Random) -> dict[str, Any]:
    if rng.random() < 0.2:
        return {"used": 0, "index": 0, "size_magnitude": 0, "size_negative": 0}
    size = rng.choice((1, 2**64 - 1, rng.getrandbits(64) + 1))
    return {
        "used": 1,
        "index": rng.randrange(16),
        "size_magnitude": min(size, 2**64 - 1),
        "size_negative": rng.getrandbits(1),
    }


def _order(rng: random.Random) -> dict[str, Any]:
    count = rng.randint(0, 3)
    return {
        "used": [int(i < count) for i in range(3)],
        "index": [*sorted(rng.sample(range(16), count)), *[0] * (3 - count)],
    }


def _loss(rng: random.Random) -> dict[str, Any]:
    sizes = [rng.randint(-(2**63), 2**63) for _ in range(2)]
    nodes = [[rng.randint(-(2**40), 2**40) for _ in range(2)] for _ in range(2)]
    groups = [rng.randrange(2) for _ in range(2)]
    losses = [
        max(
            0,
            *(
                -sum(
                    size * node[s]
                    for size, node, group in zip(sizes, nodes, groups, strict=True)
                    if group == g
                )
                for s in range(2)
            ),
        )
        for g in range(2)
    ]
    return {
        "size": [to_field(size) for size in sizes],
        "nodes": [[to_field(value) for value in node] for node in nodes],
        "choice": [[int(group == g) for g in range(2)] for group in groups],
        "losses": [loss + rng.choice((0, 1, 10**20)) for loss in losses],
    }


def _margin(rng: random.Random) -> dict[str, Any]:
    addon, loss = rng.getrandbits(100), rng.getrandbits(100)
    ratio, floor = rng.getrandbits(8), rng.getrandbits(38)
    least = -(-((20 + ratio) * (addon + loss)) // 20) + floor * 10**14
    return {
        "equity": least + rng.choice((0, 1, 10**30)),
        "addon": addon,
        "loss": loss,
        "ratio": ratio,
        "floor": floor,
    }


def _attestation(rng: random.Random) -> dict[str, Any]:
    secret, message = rng.randbytes(32), rng.randrange(R)
    key, signature = public_key(secret), sign(secret, message)
    return {
        "message": message,
        "attestor_x": key[0],
        "attestor_y": key[1],
        "r8x": signature.r8[0],
        "r8y": signature.r8[1],
        "s": signature.s,
    }


def _terms(rng: random.Random) -> dict[str, Any]:
    values = {"version": 1, "level": rng.choice((1, 2)), "coverage": rng.choice((1, 2))}
    bits = {"as_of": 34, "subject": 160, "floor": 38, "ratio": 8}
    edge = rng.choice(("low", "high", "any"))
    for name, width in bits.items():
        values[name] = {"low": 0, "high": 2**width - 1, "any": rng.getrandbits(width)}[edge]
    return {"terms": pack("terms", values)}


def _account(rng: random.Random) -> dict[str, Any]:
    count = rng.randint(0, 4)
    return {
        "used": [int(i < count) for i in range(4)],
        "packed": [rng.getrandbits(82) if i < count else 0 for i in range(4)],
        "cash": to_field(rng.choice((-(2**120), 2**120 - 1, rng.getrandbits(119), -rng.getrandbits(119)))),
        "salt": rng.randrange(R),
        "holder": rng.randrange(R),
    }


def _assert_row(rng: random.Random) -> dict[str, Any]:
    from tests.circuits.references import merkle_root, row_leaf

    values: dict[str, Any] = _row(rng, 2, 2)
    values["used"] = rng.getrandbits(1)
    index = rng.randrange(16)
    values["position"] = [(index >> bit) & 1 for bit in range(4)]
    values["siblings"] = [_elements(rng, 3) for _ in range(2)]
    root = merkle_root(row_leaf(values), index, values["siblings"])
    values["rows_root"] = root if values["used"] else rng.randrange(R)
    return values


def _bits(*names_and_widths: tuple[str, int]) -> Draw:
    return lambda rng: {
        name: rng.choice((0, 2**width - 1, rng.getrandbits(width))) for name, width in names_and_widths
    }


_CLOCK = (("epoch", 32), ("time", 34), ("valid_until", 34), ("level", 2))
_STAMP = (("epoch", 32), ("as_of", 34), ("valid_until", 34), ("sequence", 32), ("coverage", 2))


def _inputs(*names: str) -> str:
    return " ".join(f"signal input {name};" for name in names)


def _tag_all(fields: tuple[tuple[str, int], ...]) -> str:
    return " ".join(tagged(name, "maxbit", str(width)) for name, width in fields)


def _arguments(fields: tuple[tuple[str, int], ...]) -> str:
    return ", ".join(f"{name}_" for name, _ in fields)


def _one_hot(rng: random.Random) -> dict[str, Any]:
    chosen = rng.choice((0, 1, 2, None))
    return {"active": int(chosen is not None), "choice": [int(k == chosen) for k in range(3)]}


def _group(rng: random.Random) -> dict[str, Any]:
    chosen = rng.choice((0, 1, None))
    return {
        "used": int(chosen is not None),
        "choice": [int(k == chosen) for k in range(2)],
        "groups": [rng.randint(0, 65536) for _ in range(2)],
    }


def _at_most_one(rng: random.Random) -> dict[str, Any]:
    chosen = rng.choice((0, 1, 2, None))
    return {
        "active": 1 if chosen is not None else rng.getrandbits(1),
        "choice": [int(k == chosen) for k in range(3)],
    }


def _side(rng: random.Random) -> dict[str, Any]:
    return {
        "magnitude": rng.choice((0, 2**64 - 1, rng.getrandbits(64))),
        "negative": rng.getrandbits(1),
        "long": rng.choice((0, 2**63 - 1, rng.getrandbits(63))),
        "short": rng.choice((0, 2**63 - 1, rng.getrandbits(63))),
    }


def _columns_of(rng: random.Random, draw: Draw, count: int) -> dict[str, Any]:
    drawn = [draw(rng) for _ in range(count)]
    return {name: [each[name] for each in drawn] for name in drawn[0]}


def _addon(rng: random.Random) -> dict[str, Any]:
    brackets = _columns_of(rng, _bracket, 2)
    brackets["bracket_choice"] = brackets.pop("choice")
    sides = _columns_of(rng, _side, 2)
    return {
        **brackets,
        "negative": sides["negative"],
        "addon_long": sides["long"],
        "addon_short": sides["short"],
    }


def _group_charges(rng: random.Random) -> dict[str, Any]:
    groups = [rng.randrange(2) for _ in range(2)]
    return {
        **_columns_of(rng, _side, 2),
        "choice": [[int(group == g) for g in range(2)] for group in groups],
    }


def _profits(rng: random.Random) -> dict[str, Any]:
    values = _loss(rng)
    return {name: values[name] for name in ("size", "nodes", "choice")}


def _covering(rng: random.Random, charged: int = 0) -> dict[str, Any]:
    """Profits of two groups at three nodes; the last `charged` bear their group's charge."""
    profits = [[rng.randint(-(2**100), 2**100) for _ in range(3)] for _ in range(2)]
    charges = [rng.choice((0, rng.getrandbits(100))) for _ in range(2)]
    left = [
        [profit - (charge if s >= 3 - charged else 0) for s, profit in enumerate(row)]
        for row, charge in zip(profits, charges, strict=True)
    ]
    found = {
        "profits": [[to_field(profit) for profit in row] for row in profits],
        "losses": [max(0, *(-profit for profit in row)) + rng.choice((0, 10**20)) for row in left],
    }
    return {**found, "charges": charges} if charged else found


def _sub_loss(rng: random.Random) -> dict[str, Any]:
    values = _loss(rng)
    return {**{name: values[name] for name in ("size", "choice", "losses")}, "subnodes": values["nodes"]}


def _either_or(rng: random.Random) -> dict[str, Any]:
    names = ("scan", "isolated")
    found: dict[str, Any] = {name: [rng.getrandbits(128) for _ in range(2)] for name in names}
    return {**found, "choice": [rng.getrandbits(1) for _ in range(2)]}


def _worse(rng: random.Random) -> dict[str, Any]:
    own, other = (rng.choice((0, 2**60, -(2**60), rng.randint(-(2**60), 2**60))) for _ in range(2))
    take = int(other < own) if other != own else rng.getrandbits(1)
    return {"own": to_field(own), "other": to_field(other), "take_other": take}


def _cells(rng: random.Random) -> dict[str, Any]:
    """Two cells of one group or two, and two positions in them, in none, or not there at all."""
    groups = rng.sample(range(1, 65537), 2)
    subgroups = [rng.randint(0, 65536) for _ in range(2)]
    places = [rng.randrange(2) for _ in range(2)]
    found: dict[str, Any] = {
        "groups": groups,
        "cell_subgroup": subgroups,
        "cell_group_choice": [[int(place == g) for g in range(2)] for place in places],
        "used": [],
        "group": [],
        "subgroup": [],
        "cell_choice": [],
    }
    for _ in range(2):
        cell = rng.choice((0, 1, None))
        used = 1 if cell is not None else rng.getrandbits(1)
        found["used"].append(used)
        found["group"].append(groups[places[cell]] if cell is not None else used * rng.choice(groups))
        found["subgroup"].append(subgroups[cell] if cell is not None else 0)
        found["cell_choice"].append([int(cell == c) for c in range(2)])
    return found


def _distinct(rng: random.Random) -> dict[str, Any]:
    """Three cells that ascend, in two groups that do."""
    groups = sorted(rng.sample(range(1, 65537), 2))
    places = sorted(rng.randrange(2) for _ in range(3))
    return {
        "groups": groups,
        "in_group": [[int(place == g) for g in range(2)] for place in places],
        "cell_subgroup": sorted(rng.sample(range(65537), 3)),
    }


def _gain(rng: random.Random) -> dict[str, Any]:
    profit = rng.choice((0, rng.randint(-(2**64) + 1, 2**64 - 1)))
    return {"profit": to_field(profit), "is_loss": int(profit < 0 or (profit == 0 and rng.random() < 0.5))}


def _one_sided(rng: random.Random) -> dict[str, Any]:
    """Two cells and their groups, each with a sum at four nodes."""
    worse = [[rng.randint(-(2**100), 2**100) for _ in range(4)] for _ in range(2)]
    places = [rng.randrange(2) for _ in range(2)]
    return {
        "profits": [[to_field(rng.randint(-(2**101), 2**101)) for _ in range(4)] for _ in range(2)],
        "worse": [[to_field(each) for each in cell] for cell in worse],
        "in_group": [[int(place == g) for g in range(2)] for place in places],
        "is_loss": [[int(each < 0) for each in cell[1:]] for cell in worse],
    }


def _discounted(rng: random.Random) -> dict[str, Any]:
    """Two cells, two groups, three positions; each position in its cell's group."""
    sizes = [rng.randint(-(2**62), 2**62) for _ in range(3)]
    columns = {
        name: [[rng.randint(-(2**40), 2**40) for _ in range(2)] for _ in range(3)]
        for name in ("nodes", "alternatives")
    }
    places = [rng.randrange(2) for _ in range(2)]
    cells = [rng.choice((0, 1, None)) for _ in range(3)]
    groups = [places[cell] if cell is not None else rng.randrange(2) for cell in cells]

    def total(name: str, cell: int, s: int) -> int:
        return sum(sizes[i] * columns[name][i][s] for i in range(3) if cells[i] == cell)

    return {
        "size": [to_field(size) for size in sizes],
        **{name: [[to_field(x) for x in row] for row in rows] for name, rows in columns.items()},
        "choice": [[int(group == g) for g in range(2)] for group in groups],
        "in_cell": [[int(cell == c) for c in range(2)] for cell in cells],
        "in_group": [[int(place == g) for g in range(2)] for place in places],
        "take_alternative": [
            [int(total("alternatives", c, s) < total("nodes", c, s)) for s in range(2)] for c in range(2)
        ],
    }


_OPENED = (
    "market_root", "attestor", "terms", "nullifier", "context", "rows_root", "universe", "epoch", "time",
    "valid_until", "envelope", "statement_valid_until", "sequence", "venue", "salt", "secret", "cash",
    "attestor_x", "attestor_y", "r8x", "r8y", "s", "used", "index", "size_magnitude", "size_negative",
)  # fmt: skip


def _opening(rng: random.Random) -> dict[str, Any]:
    from tests.circuits.accounts import circuit_inputs
    from tests.circuits.reduced import honest, reduced

    of = reduced(slots=2)
    account, market = honest(rng.getrandbits(32), of, held=rng.randint(0, 2))
    inputs = circuit_inputs(account, market, of)
    return {name: inputs[name] for name in _OPENED}


_ONE = 10**14


def _mandate(rng: random.Random) -> dict[str, Any]:
    limits = (0, (1 << 88) - 1, rng.getrandbits(88))
    return {
        "universe": rng.randrange(R),
        "groups": sorted(rng.sample(range(1, 65537), 2)),
        "limits": [[rng.choice(limits) for _ in range(4)] for _ in range(2)],
        "leverage": rng.choice((0, (1 << 24) - 1, rng.getrandbits(24))),
        "share": rng.choice((0, 10_000, (1 << 14) - 1)),
    }


def _greeks(rng: random.Random) -> dict[str, Any]:
    net = [rng.randint(-(2**128), 2**128) for _ in range(4)]
    allowance = rng.getrandbits(64)
    return {
        "net": [[to_field(each) for each in net]],
        "allowance": [allowance],
        "limit": [[-(-(abs(each) + allowance) // _ONE) for each in net]],
    }


def _leverage(rng: random.Random) -> dict[str, Any]:
    least, leverage = rng.getrandbits(128), rng.getrandbits(24)
    most = min(leverage * least // 100, 2**128)
    return {"least": least, "gross": rng.choice((0, most)), "leverage": leverage}


def _concentration(rng: random.Random) -> dict[str, Any]:
    gross, allowance = [rng.getrandbits(127) for _ in range(2)], [rng.getrandbits(40) for _ in range(2)]
    total = sum(gross)
    left = [total - sum(allowance) + each for each in allowance]
    share = max(-(-10_000 * one // other) for one, other in zip(gross, left, strict=True))
    return {
        "gross": gross,
        "allowance": allowance,
        "total": total,
        "conceded": sum(allowance),
        "share": share,
    }


def _floor(rng: random.Random) -> dict[str, Any]:
    floor = rng.choice((0, (1 << 38) - 1, rng.getrandbits(38)))
    return {"least": floor * _ONE + rng.choice((0, 2**127)), "floor": floor}


def _group_sizes(rng: random.Random) -> dict[str, Any]:
    return {
        "magnitude": [rng.choice((0, 2**64 - 1, rng.getrandbits(64))) for _ in range(2)],
        "choice": [[int(group == g) for g in range(2)] for group in (rng.randrange(2) for _ in range(2))],
    }


def _of_mandate(inputs: str, body: str, outputs: str = "") -> Source:
    return Source(("lib/mandate.circom",), "Wrapped()", wrapped(inputs, body, outputs))


_MANDATE_MAINS = {
    "Mandate": Main(Source(("lib/mandate.circom",), "Mandate(2)"), _mandate),
    "GroupSizes": Main(
        _of_mandate(
            "signal input magnitude[2]; signal input choice[2][2];"
            + tagged("magnitude", "maxbit", "64", "[2]")
            + tagged("choice", "binary", size="[2][2]"),
            "sizes <== GroupSizes(2, 2)(magnitude_, choice_);",
            "signal output sizes[2];",
        ),
        _group_sizes,
    ),
    "AssertGreeks": Main(
        _of_mandate(
            "signal input net[1][4]; signal input allowance[1]; signal input limit[1][4];"
            + tagged("limit", "maxbit", "88", "[1][4]"),
            "AssertGreeks(2, 1)(net, allowance, limit_);",
        ),
        _greeks,
    ),
    "AssertFloor": Main(
        _of_mandate(
            _inputs("least", "floor") + tagged("floor", "maxbit", "38"), "AssertFloor(2)(least, floor_);"
        ),
        _floor,
    ),
    "AssertLeverage": Main(
        _of_mandate(
            _inputs("least", "gross", "leverage") + tagged("leverage", "maxbit", "24"),
            "AssertLeverage(2)(least, gross, leverage_);",
        ),
        _leverage,
    ),
    "AssertConcentration": Main(
        _of_mandate(
            "signal input gross[2]; signal input allowance[2];"
            + _inputs("total", "conceded", "share")
            + tagged("share", "maxbit", "14"),
            "AssertConcentration(2, 2)(gross, allowance, total, conceded, share_);",
        ),
        _concentration,
    ),
}

MAINS: dict[str, Main] = _MANDATE_MAINS | {
    "ToBits": Main(Source(("lib/range.circom",), "ToBits(8)"), _bits(("in", 8))),
    "AssertBounded": Main(Source(("lib/range.circom",), "AssertBounded(64)"), _bits(("in", 64))),
    "Bounded": Main(Source(("lib/range.circom",), "Bounded(121)"), _bits(("in", 121))),
    "Boolean": Main(Source(("lib/range.circom",), "Boolean()"), _bits(("in", 1))),
    "AssertOrdered": Main(
        Source(
            ("lib/range.circom",),
            "Wrapped()",
            wrapped(
                _inputs("low", "high"),
                _tag_all((("low", 34), ("high", 34))) + " AssertOrdered(34)(low_, high_);",
            ),
        ),
        lambda rng: dict(zip(("low", "high"), sorted(rng.getrandbits(34) for _ in range(2)), strict=True)),
    ),
    "OneHot": Main(
        Source(
            ("lib/range.circom",),
            "Wrapped()",
            wrapped(
                "signal input active; signal input choice[3];",
                tagged("active", "binary") + " out <== OneHot(3)(active_, choice);",
                "signal output {binary} out[3];",
            ),
        ),
        _one_hot,
    ),
    "Pick": Main(
        Source(
            ("lib/range.circom",),
            "Wrapped()",
            wrapped(
                "signal input choice[3]; signal input values[3];",
                tagged("choice", "binary", size="[3]") + " out <== Pick(3)(choice_, values);",
                "signal output out;",
            ),
        ),
        lambda rng: {"choice": _one_hot(rng)["choice"], "values": _elements(rng, 3)},
    ),
    "AtMostOne": Main(
        Source(
            ("lib/range.circom",),
            "Wrapped()",
            wrapped(
                "signal input active; signal input choice[3];",
                tagged("active", "binary") + " (out, some) <== AtMostOne(3)(active_, choice);",
                "signal output {binary} out[3]; signal output {binary} some;",
            ),
        ),
        _at_most_one,
    ),
    "SideCharge": Main(
        Source(
            ("lib/charges.circom",),
            "Wrapped()",
            wrapped(
                _inputs("magnitude", "negative", "long", "short"),
                tagged("magnitude", "maxbit", "64")
                + tagged("negative", "binary")
                + " charge <== SideCharge()(magnitude_, negative_, long, short);",
                "signal output charge;",
            ),
        ),
        _side,
    ),
    "Equity": Main(
        Source(("lib/charges.circom",), "Equity(2)"),
        lambda rng: {"cash": rng.getrandbits(119), "size": _elements(rng, 2), "mark": _elements(rng, 2)},
    ),
    "Addon": Main(
        Source(
            ("lib/charges.circom",),
            "Wrapped()",
            wrapped(
                "signal input used[2]; signal input magnitude[2]; signal input negative[2];"
                " signal input addon_long[2]; signal input addon_short[2]; signal input bracket_choice[2][2];"
                " signal input rate[2][2]; signal input deduction[2][2]; signal input upper[2][2];",
                tagged("used", "binary", size="[2]")
                + tagged("magnitude", "maxbit", "64", size="[2]")
                + tagged("negative", "binary", size="[2]")
                + " addon <== Addon(2, 2)(used_, magnitude_, negative_, addon_long, addon_short,"
                " bracket_choice, rate, deduction, upper);",
                "signal output addon;",
            ),
        ),
        _addon,
    ),
    "GroupCharges": Main(
        Source(
            ("lib/charges.circom", "lib/scenario_loss.circom"),
            "Wrapped()",
            wrapped(
                "signal input magnitude[2]; signal input negative[2]; signal input choice[2][2];"
                " signal input long[2]; signal input short[2];",
                tagged("magnitude", "maxbit", "64", size="[2]")
                + tagged("negative", "binary", size="[2]")
                + tagged("choice", "binary", size="[2][2]")
                + " charges <== GroupCharges(2, 2)(magnitude_, negative_, choice_, long, short);",
                "signal output charges[2];",
            ),
        ),
        _group_charges,
    ),
    "GroupProfits": Main(
        Source(
            ("lib/scenario_loss.circom",),
            "Wrapped()",
            wrapped(
                "signal input size[2]; signal input nodes[2][2]; signal input choice[2][2];",
                tagged("choice", "binary", size="[2][2]")
                + " profits <== GroupProfits(2, 2, 2)(size, nodes, choice_);",
                "signal output profits[2][2];",
            ),
        ),
        _profits,
    ),
    "CoveringLosses": Main(
        Source(("lib/scenario_loss.circom",), "CoveringLosses(3, 2, 128)"), lambda rng: _covering(rng)
    ),
    "ChargedLosses": Main(
        Source(("lib/scenario_loss.circom",), "ChargedLosses(2, 3, 2, 2)"), lambda rng: _covering(rng, 2)
    ),
    "SubgroupChoice": Main(
        Source(
            ("lib/subgroups.circom",),
            "Wrapped()",
            wrapped(
                "signal input used; signal input choice[3]; signal input subgroups[3];",
                tagged("used", "binary")
                + " (chosen, subgroup) <== SubgroupChoice(3)(used_, choice, subgroups);",
                "signal output {binary} chosen[3]; signal output subgroup;",
            ),
        ),
        lambda rng: {
            **{{"active": "used"}.get(name, name): value for name, value in _at_most_one(rng).items()},
            "subgroups": [rng.randint(0, 65536) for _ in range(3)],
        },
    ),
    "SubgroupLoss": Main(
        Source(
            ("lib/subgroups.circom",),
            "Wrapped()",
            wrapped(
                "signal input size[2]; signal input subnodes[2][2]; signal input choice[2][2];"
                " signal input losses[2];",
                tagged("choice", "binary", size="[2][2]")
                + " total <== SubgroupLoss(2, 2)(size, subnodes, choice_, losses);",
                "signal output total;",
            ),
        ),
        _sub_loss,
    ),
    "AssertAscending": Main(
        Source(("lib/isolated.circom",), "AssertAscending(3, 17)"),
        lambda rng: {"ids": sorted(rng.sample(range(65540), 3))},
    ),
    "EitherOr": Main(Source(("lib/isolated.circom",), "EitherOr(2)"), _either_or),
    "WorseOf": Main(Source(("lib/alternatives.circom",), "WorseOf(64)"), _worse),
    "CellChoice": Main(
        Source(
            ("lib/alternatives.circom",),
            "Wrapped()",
            wrapped(
                "signal input used[2]; signal input group[2]; signal input subgroup[2];"
                " signal input groups[2]; signal input cell_subgroup[2];"
                " signal input cell_group_choice[2][2]; signal input cell_choice[2][2];",
                tagged("used", "binary", size="[2]")
                + " (in_cell, in_group) <== CellChoice(2, 2, 2)(used_, group, subgroup, groups,"
                " cell_subgroup, cell_group_choice, cell_choice);",
                "signal output {binary} in_cell[2][2]; signal output {binary} in_group[2][2];",
            ),
        ),
        _cells,
    ),
    "DiscountedProfits": Main(
        Source(
            ("lib/alternatives.circom",),
            "Wrapped()",
            wrapped(
                "signal input size[3]; signal input nodes[3][2]; signal input alternatives[3][2];"
                " signal input choice[3][2]; signal input in_cell[3][2]; signal input in_group[2][2];"
                " signal input take_alternative[2][2];",
                tagged("choice", "binary", size="[3][2]")
                + tagged("in_cell", "binary", size="[3][2]")
                + tagged("in_group", "binary", size="[2][2]")
                + " (profits, worse) <== DiscountedProfits(3, 2, 2, 2)(size, nodes, alternatives, choice_,"
                " in_cell_, in_group_, take_alternative);",
                "signal output profits[2][2]; signal output worse[2][2];",
            ),
        ),
        _discounted,
    ),
    "AssertDistinctCells": Main(
        Source(
            ("lib/one_sided.circom",),
            "Wrapped()",
            wrapped(
                "signal input in_group[3][2]; signal input groups[2]; signal input cell_subgroup[3];",
                tagged("in_group", "binary", size="[3][2]")
                + " AssertDistinctCells(3, 2)(in_group_, groups, cell_subgroup);",
            ),
        ),
        _distinct,
    ),
    "Gain": Main(Source(("lib/one_sided.circom",), "Gain(64)"), _gain),
    "OneSidedProfits": Main(
        Source(
            ("lib/one_sided.circom",),
            "Wrapped()",
            wrapped(
                "signal input profits[2][4]; signal input worse[2][4]; signal input in_group[2][2];"
                " signal input is_loss[2][3];",
                tagged("in_group", "binary", size="[2][2]")
                + " turned <== OneSidedProfits(2, 4, 2, 2)(profits, worse, in_group_, is_loss);",
                "signal output turned[2][4];",
            ),
        ),
        _one_sided,
    ),
    "OpenAccount": Main(Source(("lib/account_opening.circom",), f"OpenAccount(2, 2, {SMALL.id})"), _opening),
    "BracketCharge": Main(
        Source(
            ("lib/brackets.circom",),
            "Wrapped()",
            wrapped(
                "signal input used; signal input magnitude; signal input choice[2]; signal input rate[2];"
                " signal input deduction[2]; signal input upper[2];",
                tagged("used", "binary")
                + tagged("magnitude", "maxbit", "64")
                + " charge <== BracketCharge(2)(used_, magnitude_, choice, rate, deduction, upper);",
                "signal output charge;",
            ),
        ),
        _bracket,
    ),
    "Slot": Main(Source(("lib/slot.circom",), "Slot(2)"), _slot),
    "AssertSlotOrder": Main(
        Source(
            ("lib/slot.circom",),
            "Wrapped()",
            wrapped(
                "signal input used[3]; signal input index[3];",
                tagged("used", "binary", size="[3]")
                + tagged("index", "maxbit", "4", size="[3]")
                + " AssertSlotOrder(3, 2)(used_, index_);",
            ),
        ),
        _order,
    ),
    "AccountHash": Main(
        Source(
            ("lib/account_hash.circom",),
            "Wrapped()",
            wrapped(
                "signal input used[4]; signal input packed[4];" + _inputs("cash", "salt", "holder"),
                tagged("used", "binary", size="[4]")
                + tagged("packed", "maxbit", "82", size="[4]")
                + " account <== AccountHash(4)(used_, packed_, cash, salt, holder);",
                "signal output account;",
            ),
        ),
        _account,
    ),
    "Attestation": Main(Source(("lib/attestation.circom",), "Attestation()"), _attestation),
    "Holder": Main(Source(("lib/holder.circom",), "Holder()"), lambda rng: {"secret": rng.randrange(R)}),
    "Nullifier": Main(
        Source(("lib/holder.circom",), "Nullifier()"),
        lambda rng: {"secret": rng.randrange(R), "context": rng.randrange(R)},
    ),
    "AssertMargin": Main(
        Source(
            ("lib/margin_claim.circom",),
            "Wrapped()",
            wrapped(
                _inputs("equity", "addon", "loss", "ratio", "floor"),
                _tag_all((("ratio", 8), ("floor", 38)))
                + " AssertMargin(2, 2)(equity, addon, loss, ratio_, floor_);",
            ),
        ),
        _margin,
    ),
    "MarketHeader": Main(
        Source(
            ("lib/market_header.circom",),
            "Wrapped()",
            wrapped(
                _inputs("rows_root", "universe", "envelope", *(name for name, _ in _CLOCK)),
                _tag_all(_CLOCK)
                + f" market_root <== MarketHeader(777)(rows_root, universe, {_arguments(_CLOCK)}, envelope);",
                "signal output market_root;",
            ),
        ),
        lambda rng: {
            **_bits(*_CLOCK)(rng),
            **dict(zip(("rows_root", "universe", "envelope"), _elements(rng, 3), strict=True)),
        },
    ),
    "PackClock": Main(
        Source(
            ("lib/packing.circom",),
            "Wrapped()",
            wrapped(
                _inputs(*(name for name, _ in _CLOCK)),
                _tag_all(_CLOCK) + f" out <== PackClock()({_arguments(_CLOCK)});",
                "signal output out;",
            ),
        ),
        _bits(*_CLOCK),
    ),
    "PackStamp": Main(
        Source(
            ("lib/packing.circom",),
            "Wrapped()",
            wrapped(
                _inputs(*(name for name, _ in _STAMP)),
                _tag_all(_STAMP) + f" out <== PackStamp()({_arguments(_STAMP)});",
                "signal output out;",
            ),
        ),
        _bits(*_STAMP),
    ),
    "StatementMessage": Main(
        Source(
            ("lib/statement.circom",),
            "Wrapped()",
            wrapped(
                _inputs("account", "universe", "subject", "venue", *(name for name, _ in _STAMP)),
                _tag_all((("subject", 160), *_STAMP)) + " message <== StatementMessage()"
                f"(account, universe, subject_, {_arguments(_STAMP)}, venue);",
                "signal output message;",
            ),
        ),
        lambda rng: {
            **_bits(("subject", 160), *_STAMP)(rng),
            **dict(zip(("account", "universe", "venue"), _elements(rng, 3), strict=True)),
        },
    ),
    "RowLeaf": Main(Source(("lib/market_row.circom",), "RowLeaf(2, 2, 7)"), _row_leaf),
    "AssertRow": Main(
        Source(
            ("lib/market_row.circom",),
            "Wrapped()",
            wrapped(
                "signal input used; signal input position[4]; signal input siblings[2][3];"
                " signal input rows_root; " + _ROW_INPUTS,
                tagged("used", "binary")
                + tagged("position", "binary", size="[4]")
                + " signal none[0];"
                + f" AssertRow(2, 2, 0, 2)(used_, position_, siblings, rows_root, {_ROW_ARGUMENTS}, none);",
            ),
        ),
        _assert_row,
    ),
    "Children4": Main(
        Source(
            ("lib/merkle4.circom",),
            "Wrapped()",
            wrapped(
                _inputs("low", "high", "child") + " signal input siblings[3];",
                tagged("low", "binary")
                + tagged("high", "binary")
                + " out <== Children4()(low_, high_, child, siblings);",
                "signal output out[4];",
            ),
        ),
        lambda rng: {
            "low": rng.getrandbits(1),
            "high": rng.getrandbits(1),
            "child": rng.randrange(R),
            "siblings": _elements(rng, 3),
        },
    ),
    "Merkle4Root": Main(
        Source(
            ("lib/merkle4.circom",),
            "Wrapped()",
            wrapped(
                "signal input leaf; signal input position[4]; signal input siblings[2][3];",
                tagged("position", "binary", size="[4]")
                + " root <== Merkle4Root(2)(leaf, position_, siblings);",
                "signal output root;",
            ),
        ),
        lambda rng: {
            "leaf": rng.randrange(R),
            "position": [rng.getrandbits(1) for _ in range(4)],
            "siblings": [_elements(rng, 3) for _ in range(2)],
        },
    ),
    "PoseidonList": Main(
        Source(("lib/poseidon_list.circom",), "PoseidonList(17, 7)"), lambda rng: {"in": _elements(rng, 17)}
    ),
    "GroupChoice": Main(
        Source(
            ("lib/scenario_loss.circom",),
            "Wrapped()",
            wrapped(
                "signal input used; signal input choice[2]; signal input groups[2];",
                tagged("used", "binary") + " (chosen, group) <== GroupChoice(2)(used_, choice, groups);",
                "signal output {binary} chosen[2]; signal output group;",
            ),
        ),
        _group,
    ),
    "ScenarioLoss": Main(
        Source(
            ("lib/scenario_loss.circom",),
            "Wrapped()",
            wrapped(
                "signal input size[2]; signal input nodes[2][2]; signal input choice[2][2];"
                " signal input losses[2];",
                tagged("choice", "binary", size="[2][2]")
                + " total <== ScenarioLoss(2, 2, 2)(size, nodes, choice_, losses);",
                "signal output total;",
            ),
        ),
        _loss,
    ),
    "BitsAt": Main(
        Source(
            ("lib/terms.circom",),
            "Wrapped()",
            wrapped(
                "signal input bits[8];",
                tagged("bits", "binary", size="[8]") + " out <== BitsAt(8, 3, 4)(bits_);",
                "signal output out;",
            ),
        ),
        lambda rng: {"bits": [rng.getrandbits(1) for _ in range(8)]},
    ),
    "UnpackTerms": Main(Source(("lib/terms.circom",), "UnpackTerms()"), _terms),
}
"""By template name; `test_lint` requires one for every template of circuits/lib."""
