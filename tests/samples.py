"""A small market, policy, bundle and key that fit together, for tests to break one thing at a time.

The key's trapdoor is known here, so a proof for any public signals is three scalar multiplications: a real
proof under a real key, which only a test may have.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from py_ecc.optimized_bn128 import G1, G2, curve_order, multiply, normalize

from prover.accounts import Account, Position, Source
from prover.secrets import Key, sign_snapshot
from verifier.circuits import instance
from verifier.market import Feed, Node, RowEntry, Snapshot, market_root
from verifier.policy import Challenge, Policy
from verifier.rows import Bracket, Row
from verifier.statement import subject_number
from verifier.universe import Instrument, Universe

NOW = 1_800_000_000
CIRCUIT = "account_solvency_8_2"
SUBJECT = "eip155:1:0x" + "ab" * 20

HOLDER = Key("holder", "test holder", bytes(1) + bytes(range(1, 32)))
ATTESTOR = Key("attestor", "test attestor", bytes(range(32)))
OTHER_ATTESTOR = Key("attestor", "another attestor", bytes(range(1, 33)))
PUBLISHER = Key("publisher", "test publisher", bytes(range(32, 64)))
OTHER_PUBLISHER = Key("publisher", "another publisher", bytes(range(33, 65)))


def universe() -> Universe:
    """Two perpetuals, an option, a deposit and a retired line."""
    return Universe(
        name="test",
        venue="testvenue",
        quote="USDC",
        period="2027",
        underlyings=("BTC", "ETH", "USDC"),
        instruments=(
            Instrument(id="testvenue:BTC", kind="perpetual", underlying="BTC", lot="0.01"),
            Instrument(id="testvenue:ETH", kind="perpetual", underlying="ETH", lot="1"),
            Instrument(
                id="testvenue:ETH-C",
                kind="option",
                underlying="ETH",
                lot="1",
                expiry=NOW + 10_000,
                strike="3000",
                option_type="call",
            ),
            Instrument(id="testvenue:USDC", kind="deposit", underlying="USDC", lot="1000"),
            Instrument(id="testvenue:OLD", kind="perpetual", underlying="BTC", lot="1", retired=True),
        ),
    )


def row(group: int = 1, mark: int = 600_000_000, *, deposit: bool = False) -> Row:
    """A row of the layout s2-k4-d5 with two brackets and padding; a deposit's cannot be held short."""
    first = Bracket(10_000_000, 0, 10**12)
    second = Bracket(20_000_000, 10**12 * 10_000_000, 10**13)
    short = (1 << 63) - 1 if deposit else 1
    return Row(group, mark, (-30_000_000, 30_000_000), 1, short, (first, second, second, second))


def unsigned_snapshot() -> Snapshot:
    """A maintenance snapshot with a band of about 5 %."""
    return Snapshot(
        universe=universe(),
        layout="s2-k4-d5",
        level="maintenance",
        epoch=7,
        time=NOW - 100,
        valid_until=NOW + 3600,
        feeds=(
            Feed(id="BTC-mark", kind="mark", underlying="BTC", price="60000", low="57000", high="63000"),
            Feed(id="ETH-mark", kind="mark", underlying="ETH", price="3000", low="2850", high="3150"),
        ),
        frozen=("USDC",),
        nodes=(Node(corner="low", stress="none"), Node(corner="high", stress="none")),
        rows=(
            RowEntry.of(0, row()),
            RowEntry.of(1, row(2, 3_000_000_000)),
            RowEntry.of(3, row(3, 1_000_000_000, deposit=True)),
        ),
    )


def snapshot() -> Snapshot:
    """The same, signed by the test publisher."""
    return sign_snapshot(unsigned_snapshot(), PUBLISHER)


def account() -> Account:
    """Long BTC, short ETH, some cash."""
    return Account(
        venue="testvenue",
        universe=universe().hash,
        as_of=NOW - 50,
        cash="123456.789",
        positions=(
            Position(instrument="testvenue:ETH", size="-2.5"),
            Position(instrument="testvenue:BTC", size="0.75"),
        ),
        source=Source(format="test", sha256="00" * 32),
    )


_ALPHA, _BETA, _GAMMA, _DELTA = 11, 13, 17, 19
_IC = (23, 29, 31, 37, 41, 43)
_A, _B = 47, 53


def _g1(scalar: int) -> list[str]:
    x, y = normalize(multiply(G1, scalar % curve_order))
    return [str(x), str(y), "1"]


def _g2(scalar: int) -> list[list[str]]:
    x, y = normalize(multiply(G2, scalar % curve_order))
    return [[str(c) for c in x.coeffs], [str(c) for c in y.coeffs], ["1", "0"]]


def verification_key() -> dict[str, Any]:
    """snarkjs's verification_key.json of the test key."""
    return {
        "protocol": "groth16",
        "curve": "bn128",
        "nPublic": 5,
        "vk_alpha_1": _g1(_ALPHA),
        "vk_beta_2": _g2(_BETA),
        "vk_gamma_2": _g2(_GAMMA),
        "vk_delta_2": _g2(_DELTA),
        "IC": [_g1(scalar) for scalar in _IC],
    }


def proof_of(public: list[int]) -> dict[str, Any]:
    """A proof that holds for `public`: C = (a·b − α·β − x·γ) / δ for any a and b."""
    x = _IC[0] + sum(scalar * signal for scalar, signal in zip(_IC[1:], public, strict=True))
    c = (_A * _B - _ALPHA * _BETA - x * _GAMMA) * pow(_DELTA, -1, curve_order)
    return {
        "pi_a": _g1(_A),
        "pi_b": _g2(_B),
        "pi_c": _g1(c),
        "protocol": "groth16",
        "curve": "bn128",
    }


def key_hash() -> str:
    """Hash of the test key."""
    from verifier.groth16 import key_hash as hash_of

    return hash_of(verification_key())


def write_keys(folder: Path, *, production: bool = False, circuit: str = CIRCUIT) -> Path:
    """A key store with the test key in `folder`."""
    name = circuit if production else f"{circuit}_dev"
    place = folder / name
    place.mkdir(parents=True, exist_ok=True)
    (place / "verification_key.json").write_text(json.dumps(verification_key()))
    used = instance(circuit)
    manifest = {
        "schema": "zksolvency/key/1",
        "name": name,
        "circuit": circuit,
        "parameters": {
            "slots": used.slots,
            "nodes": used.nodes,
            "groups": used.groups,
            "brackets": used.brackets,
            "depth": used.depth,
        },
        "r1cs_sha256": "11" * 32,
        "compiler": "test",
        "ptau": {"file": "test.ptau", "blake2b_512": "22" * 64} if production else None,
        "contributions": 1,
        "verification_key": key_hash(),
        "proving_key_sha256": "33" * 32,
        "production": production,
    }
    (place / "manifest.json").write_text(json.dumps(manifest))
    return folder


def policy(**changes: Any) -> Policy:
    """A policy that the sample bundle satisfies."""
    made = {
        "schema": Policy.SCHEMA,
        "name": "test policy",
        "audience": "lender.example",
        "circuits": [{"circuit": CIRCUIT, "verification_key": key_hash()}],
        "allow_development_keys": True,
        "attestors": [{"name": "test attestor", "attestor": str(ATTESTOR.attestor)}],
        "allow_self_declared": False,
        "publishers": [{"name": "test publisher", "public_key": PUBLISHER.public_key}],
        "publisher_quorum": 1,
        "universe": str(universe().hash),
        "level": "maintenance",
        "ratio": "1.1",
        "floor": "1000",
        "coverage": "account",
        "subject": SUBJECT,
        "max_age": 1800,
        "fresh_challenge": True,
    }
    made.update(changes)
    return Policy.parse({name: value for name, value in made.items() if value is not None})


def challenge(of: Policy | None = None, nonce: str = "5c" * 32) -> Challenge:
    """A challenge under the sample policy."""
    used = of or policy()
    return Challenge(audience=used.audience, policy=used.id, nonce=nonce)


def bundle(
    *,
    market: Snapshot | None = None,
    sent: Challenge | None = None,
    terms: dict[str, Any] | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """A bundle whose signals, root, context and proof are made to fit what is given."""
    from verifier.statement import Statement

    market = market or snapshot()
    sent = sent or challenge()
    statement = {
        "market_root": str(market_root(market)),
        "attestor": str(ATTESTOR.attestor),
        "terms": {
            "version": 1,
            "level": "maintenance",
            "coverage": "account",
            "as_of": NOW - 50,
            "subject": str(subject_number(SUBJECT)),
            "floor": "1000",
            "ratio": 2,
            **(terms or {}),
        },
        "nullifier": "987654321",
        "context": str(sent.part().context),
        **changes,
    }
    public = Statement.model_validate(statement, context={"reading": True}).signals(instance(CIRCUIT).public)
    return {
        "schema": "zksolvency/bundle/1",
        "circuit": CIRCUIT,
        "verification_key": key_hash(),
        "statement": statement,
        "public": [str(signal) for signal in public],
        "proof": proof_of(public),
        "market": market.to_json(),
        "challenge": sent.part().to_json(),
    }


def edited(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A deep copy with the member at a path such as ``rows.0.index`` set; ``...`` removes it."""
    copied: dict[str, Any] = copy.deepcopy(document)
    at: Any = copied
    *above, last = path.split(".")
    for part in above:
        at = at[int(part)] if isinstance(at, list) else at[part]
    key: Any = int(last) if isinstance(at, list) else last
    if value is ...:
        del at[key]
    else:
        at[key] = value
    return copied
