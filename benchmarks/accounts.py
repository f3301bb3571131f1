"""An account for each circuit: its witness, and the files that `zksolvency prove` takes."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from prover.accounts import Account, Position, Source, sign_statement
from prover.secrets import Key, save_key, sign_snapshot
from prover.toolchain.circom import compiled
from prover.toolchain.setup import development_key
from prover.toolchain.wasm import witness_file
from tests.circuits.accounts import at_boundary, circuit_inputs, random_account, random_market
from verifier.circuits import Instance, Layout
from verifier.files import write_json
from verifier.market import Feed, Node, RowEntry, Snapshot
from verifier.policy import Challenge, Policy
from verifier.rows import Bracket, Row
from verifier.universe import Instrument, Universe

SUBJECT = "eip155:1:0x" + "ab" * 20


@dataclass(frozen=True)
class Case:
    """A circuit, its key, and a witness of an account with every slot in use."""

    instance: Instance
    r1cs: Path
    key: Path
    verification_key: Path
    wtns: Path


def case(instance: Instance, folder: Path) -> Case:
    """Compile, make the key and the witness where they are not there yet."""
    circuit = compiled(instance)
    key = development_key(instance)
    rng = random.Random(1)
    market = random_market(rng, instance.layout)
    full = random_account(rng, market, instance)
    while len(full.positions) < min(instance.slots, 8):
        full = random_account(rng, market, instance)
    inputs = circuit_inputs(at_boundary(full, market, 1), market, instance)
    wtns = folder / f"{instance.name}.wtns"
    wtns.write_bytes(witness_file(circuit, inputs))
    return Case(instance, circuit.r1cs, key.proving_key, key.verification_key, wtns)


def _extended(row: Row, layout: Layout) -> Row:
    """The row with columns of the layout's extensions."""
    further: dict[str, Any] = {}
    if "charges" in layout.extensions:
        further |= {"charge_long": 10_000, "charge_short": 20_000}
    if "subgroups" in layout.extensions:
        further |= {"subgroup": row.group, "subnodes": (-50_000, 50_000)}
    if "isolated" in layout.extensions:
        further |= {"isolated_long": 30_000_000, "isolated_short": 40_000_000}
    if "alternatives" in layout.extensions:
        further["alternatives"] = tuple(node * 9 // 10 for node in row.nodes)
    return replace(row, **further)


def documents(instance: Instance, verification_key: str, folder: Path) -> list[str]:
    """Write an account's files for this circuit; returns the arguments of `zksolvency prove`."""
    holder = Key("holder", "benchmark holder", bytes(1) + bytes(range(1, 32)))
    attestor = Key("attestor", "benchmark attestor", bytes(range(2, 34)))
    publisher = Key("publisher", "benchmark publisher", bytes(range(3, 35)))
    now = int(time.time())
    universe = Universe(
        name="benchmark",
        venue="testvenue",
        quote="USDC",
        period="2027",
        underlyings=("BTC", "ETH"),
        instruments=tuple(
            Instrument(id=f"testvenue:{name}-{i}", kind="perpetual", underlying=name, lot="0.01")
            for i in range(instance.slots // 2)
            for name in ("BTC", "ETH")
        ),
    )
    layout = instance.layout
    moves = tuple((i // 2) * (1_000_000 if i % 2 else -1_000_000) for i in range(layout.nodes))
    brackets = [Bracket(10_000_000, 0, 10**12), Bracket(20_000_000, 10**19, 10**13)][: layout.brackets]
    brackets += [brackets[-1]] * (layout.brackets - len(brackets))
    rows = {
        place: _extended(Row(1 + place % 2, 600_000_000, moves, 1, 1, tuple(brackets)), layout)
        for place in range(len(universe.instruments))
    }
    stresses = ["none", "none", *(f"{i}" for i in range(layout.nodes - 2))]
    nodes = tuple(
        Node(corner="low" if i % 2 == 0 else "high", stress=stress) for i, stress in enumerate(stresses)
    )
    snapshot = sign_snapshot(
        Snapshot(
            universe=universe,
            layout=layout.name,
            level="maintenance",
            epoch=7,
            time=now - 100,
            valid_until=now + 36000,
            feeds=(
                Feed(id="BTC-mark", kind="mark", underlying="BTC", price="60000", low="57000", high="63000"),
                Feed(id="ETH-mark", kind="mark", underlying="ETH", price="3000", low="2850", high="3150"),
            ),
            frozen=("USDC",),
            nodes=nodes,
            rows=tuple(RowEntry.of(place, row, layout) for place, row in rows.items()),
        ),
        publisher,
    )
    account = Account(
        venue="testvenue",
        universe=universe.hash,
        as_of=now - 50,
        cash="1234567.89",
        positions=tuple(
            Position(instrument=each.id, size="-0.5" if i % 3 else "0.75")
            for i, each in enumerate(universe.instruments)
        ),
        source=Source(format="benchmark", sha256="00" * 32),
    )
    statement = sign_statement(
        account,
        universe,
        attestor.secret,
        holder=holder.holder,
        subject=SUBJECT,
        epoch=7,
        valid_until=now + 72000,
        sequence=3,
    )
    policy = Policy.parse(
        {
            "schema": Policy.SCHEMA,
            "name": "benchmark",
            "audience": "benchmark.example",
            "circuits": [{"circuit": instance.name, "verification_key": verification_key}],
            "allow_development_keys": True,
            "attestors": [{"name": "benchmark", "attestor": str(attestor.attestor)}],
            "allow_self_declared": False,
            "publishers": [{"name": "benchmark", "public_key": publisher.public_key}],
            "publisher_quorum": 1,
            "universe": str(universe.hash),
            "level": "maintenance",
            "ratio": "1",
            "floor": "1000",
            "coverage": "account",
            "subject": SUBJECT,
            "max_age": 72000,
            "fresh_challenge": True,
        }
    )
    challenge = Challenge(audience=policy.audience, policy=policy.id, nonce="5c" * 32)
    files = {
        name: folder / f"{name}.json"
        for name in ("statement", "market", "policy", "challenge", "holder", "bundle")
    }
    write_json(files["statement"], statement.to_json(), private=True)
    for name, content in (("market", snapshot), ("policy", policy), ("challenge", challenge)):
        write_json(files[name], content.to_json())
    files["holder"].unlink(missing_ok=True)
    save_key(holder, files["holder"])
    options = [f"--{name}={files[name]}" for name in ("market", "policy", "challenge", "holder")]
    return ["prove", str(files["statement"]), *options, f"--out={files['bundle']}", "--json"]
