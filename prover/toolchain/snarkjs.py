"""snarkjs, driven as a program: proofs, checks of keys, and the steps of a ceremony."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from verifier.errors import EnvironmentFault

from .process import node, run
from .workspace import Workspace

__all__ = [
    "beacon",
    "begin",
    "check_key",
    "contribute",
    "prove",
    "verification_key",
    "verify",
]

_SCRIPT = Path(__file__).with_name("snarkjs.mjs")
_PROOF_LIMIT = 900.0
_KEY_LIMIT = 4 * 3600.0
_QUICK_LIMIT = 300.0


def prove(where: Workspace, proving_key: Path, witness: bytes) -> tuple[dict[str, Any], list[str]]:
    """A proof and its public signals; the witness goes through a pipe and never to a disk.

    Parameters
    ----------
    witness
        The content of a wtns file.

    Raises
    ------
    EnvironmentFault
        When Node or snarkjs is missing, fails, or takes longer than a quarter of an hour.
    """
    made = _call(
        where, "proving", "prove", proving_key, private_input=witness, limit=_PROOF_LIMIT, mend=_KEY_MEND
    )
    return made["proof"], made["publicSignals"]


def verify(where: Workspace, key: Path, public: Path, proof: Path) -> bool:
    """Whether snarkjs accepts a proof (three JSON files). Note that it does not count the signals."""
    return bool(_call(where, "verifying with snarkjs", "verify", key, public, proof))


def verification_key(where: Workspace, proving_key: Path) -> dict[str, Any]:
    """snarkjs's verification_key.json of a zkey."""
    made: dict[str, Any] = _call(where, "exporting the verification key", "verificationKey", proving_key)
    return made


def begin(where: Workspace, r1cs: Path, ptau: Path, zkey: Path) -> str:
    """Write the key of a circuit before anybody contributed; returns the circuit's hash."""
    return str(_call(where, "beginning the key", "begin", r1cs, ptau, zkey, limit=_KEY_LIMIT))


def contribute(where: Workspace, before: Path, after: Path, name: str, entropy: bytes) -> str:
    """Contribute to a key; returns the hash to publish.

    Parameters
    ----------
    entropy
        Mixed with the operating system's; goes through a pipe, never through the arguments.
    """
    made = _call(
        where,
        "contributing to the key",
        "contribute",
        before,
        after,
        name,
        limit=_KEY_LIMIT,
        private_input=entropy.hex().encode(),
    )
    return str(made)


def beacon(where: Workspace, before: Path, after: Path, name: str, value: bytes, exponent: int) -> str:
    """Close a key with a public random value, hashed 2^exponent times; returns the hash to publish."""
    made = _call(
        where,
        "applying the beacon",
        "beacon",
        before,
        after,
        name,
        value.hex(),
        str(exponent),
        limit=_KEY_LIMIT,
    )
    return str(made)


def check_key(where: Workspace, r1cs: Path, ptau: Path, zkey: Path) -> bool:
    """Whether a key follows from circuit and phase 1 by the contributions that it records.

    A key with no contribution at all passes too: count them (`binfile.contributions`).
    """
    return bool(_call(where, "checking the key", "check", r1cs, ptau, zkey, limit=_KEY_LIMIT))


_KEY_MEND = "If the key may be damaged, make it again: zksolvency setup"


def _call(
    where: Workspace,
    what: str,
    action: str,
    *parameters: str | Path,
    limit: float = _QUICK_LIMIT,
    private_input: bytes | None = None,
    mend: str = "",
) -> Any:
    where.package_version("snarkjs")
    output = run(
        [node(), _SCRIPT, action, *(_absolute(parameter) for parameter in parameters)],
        cwd=where.root,
        limit=limit,
        what=what,
        mend=mend,
        private_input=private_input,
    )
    try:
        return json.loads(output.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        raise EnvironmentFault(f"{what}: snarkjs answered nothing\n{output.tail}") from None


def _absolute(parameter: str | Path) -> str | Path:
    """Paths are the caller's, while snarkjs runs in the workspace."""
    return parameter.absolute() if isinstance(parameter, Path) else parameter
