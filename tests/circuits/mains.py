"""Every template of circuits/lib as a small main, with honest inputs drawn at random.

Wrappers only hang tags on a main's inputs, unchecked: what a template asks its caller to check is drawn in
range by `draw`, and what it checks itself is under test.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

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


MAINS: dict[str, Main] = {
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
    "RowLeaf": Main(Source(("lib/market_row.circom",), "RowLeaf(2, 2)"), lambda rng: _row(rng, 2, 2)),
    "AssertRow": Main(
        Source(
            ("lib/market_row.circom",),
            "Wrapped()",
            wrapped(
                "signal input used; signal input position[4]; signal input siblings[2][3];"
                " signal input rows_root; " + _ROW_INPUTS,
                tagged("used", "binary")
                + tagged("position", "binary", size="[4]")
                + f" AssertRow(2, 2, 2)(used_, position_, siblings, rows_root, {_ROW_ARGUMENTS});",
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
