"""Write a verification key as a Solidity contract.

The contract is filled in from ``verifier.sol.template``; names of signals, and the fields packed into them,
come from circuits.json. A key under which anybody can forge is refused before anything is written.
"""

from __future__ import annotations

import re
from pathlib import Path
from string import Template
from typing import Any

from verifier.circuits import Instance, packing, table
from verifier.errors import InvalidError, UsageError
from verifier.field import R
from verifier.groth16 import G1Point, G2Point, Q, VerificationKey, key_hash, parse_verification_key

__all__ = ["DEVELOPMENT_SUFFIX", "camel", "contract_name", "export_verifier"]

DEVELOPMENT_SUFFIX = "Dev"
"""What the name of a contract with a development key ends in."""

_TEMPLATE = Path(__file__).with_name("verifier.sol.template")
_NAME = re.compile(r"[A-Z][A-Za-z0-9]{0,59}")
_SELECTOR_BYTES = 4
_WORD_BYTES = 32
_PROOF_WORDS = 8


def contract_name(name: str, *, production: bool) -> str:
    """The contract's name: `name`, with ``Dev`` at its end exactly when the key is a development key.

    Raises
    ------
    UsageError
        When it is no plain capitalised identifier, or a production contract would be called ``…Dev``.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name[:60]!r} is not a contract's name: write a capital, then letters and digits")
    if production and name.endswith(DEVELOPMENT_SUFFIX):
        raise UsageError(
            f"{name} ends in {DEVELOPMENT_SUFFIX}, and the key is for production: choose another name"
        )
    return name if production or name.endswith(DEVELOPMENT_SUFFIX) else name + DEVELOPMENT_SUFFIX


def export_verifier(
    vk: dict[str, Any], instance: Instance, name: str = "SolvencyVerifier", *, production: bool = False
) -> str:
    """The Solidity source of a verifier for this key.

    Parameters
    ----------
    vk
        snarkjs's verification_key.json.
    instance
        The circuit; its public signals are named in the contract.
    name
        What to call the contract; see `contract_name`.
    production
        Whether the key came from a ceremony, as its manifest says. A development contract says so in its
        name and in its constant ``PRODUCTION``.

    Raises
    ------
    FormatError
        When the key is malformed.
    InvalidError
        When anybody can forge under the key, or it has another number of signals than the circuit.
    UsageError
        When the name will not do.
    """
    name = contract_name(name, production=production)
    key = parse_verification_key(vk)
    if key.signals != len(instance.public):
        raise InvalidError(
            f"the key has {key.signals} public signals, and {instance.name} {len(instance.public)}"
        )
    words = _PROOF_WORDS + key.signals
    warning = (
        "Its key came from a ceremony."
        if production
        else "DEVELOPMENT KEY: whoever made it can forge proofs. For trials only."
    )
    return Template(_TEMPLATE.read_text()).substitute(
        contract=name,
        circuit=instance.name,
        warning=warning,
        production="true" if production else "false",
        key_hash="0x" + key_hash(vk).removeprefix("sha256:"),
        count=key.signals,
        words=words,
        length=_SELECTOR_BYTES + _WORD_BYTES * words,
        r=R,
        q=Q,
        constants=_constants(key),
        sum=_sum(key.signals),
        accessors=_accessors(instance),
    )


def _constants(key: VerificationKey) -> str:
    numbers = _g1_constants("ALPHA", G1Point(key.alpha.x, Q - key.alpha.y))
    numbers |= _g2_constants("BETA", key.beta)
    numbers |= _g2_constants("GAMMA", key.gamma, negated=True)
    numbers |= _g2_constants("DELTA", key.delta, negated=True)
    for position, point in enumerate(key.ic):
        numbers |= _g1_constants(f"IC{position}", point)
    return "\n".join(f"    uint256 private constant {name} = {value};" for name, value in numbers.items())


def _g1_constants(name: str, point: G1Point) -> dict[str, int]:
    return {f"{name}_X": point.x, f"{name}_Y": point.y}


def _g2_constants(name: str, point: G2Point, *, negated: bool = False) -> dict[str, int]:
    y = tuple(-part % Q for part in point.y) if negated else point.y
    return {
        f"{name}_X_IMAGINARY": point.x[1],
        f"{name}_X_REAL": point.x[0],
        f"{name}_Y_IMAGINARY": y[1],
        f"{name}_Y_REAL": y[0],
    }


def _sum(signals: int) -> str:
    return "".join(
        f"        _addTerm(pairs, {i}, IC{i + 1}_X, IC{i + 1}_Y, signals[{i}]);\n" for i in range(signals)
    )


def _accessors(instance: Instance) -> str:
    """One function a signal, and one a field of each signal that circuits.json packs several fields into."""
    parts = []
    count = len(instance.public)
    for position, signal in enumerate(instance.public):
        parts.append(
            f"""
    /// @notice The signal `{signal}`, number {position}.
    function {camel(signal)}(uint256[{count}] calldata signals) internal pure returns (uint256) {{
        return signals[{position}];
    }}"""
        )
        if signal not in table()["packings"]:
            continue
        for field in packing(signal):
            name = camel(f"{signal}_{field.name}")
            parts.append(
                f"""
    /// @notice The field `{field.name}` of `{signal}`: {field.bits} bits above bit {field.offset}.
    function {name}(uint256[{count}] calldata signals) internal pure returns (uint256) {{
        return (signals[{position}] >> {field.offset}) & ((1 << {field.bits}) - 1);
    }}"""
            )
    return "\n".join(parts)


def camel(name: str) -> str:
    """A name of circuits.json as Solidity writes names: `market_root` is `marketRoot`."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
