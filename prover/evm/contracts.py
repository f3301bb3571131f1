"""The contracts of the Foundry project, compiled: what is deployed, and what deployed code is compared with.

The settings are those of ``foundry.toml``, so this and forge give the same code. Compiling takes a while, so
the answer is kept under ``build/contracts`` by the hash of everything that went in. How to talk to deployed
contracts is in ``abi.json`` beside this module, so that only deploying needs a compiler; write it anew with
``python -m prover.evm.contracts`` when an interface changes.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from prover.toolchain.process import node, run
from prover.toolchain.workspace import workspace
from verifier.errors import EnvironmentFault
from verifier.files import write_atomic

from .statement import CONTRACTS

__all__ = [
    "ABI_FILE",
    "DEPLOYED",
    "Artifact",
    "abi",
    "abi_text",
    "artifact",
    "artifacts",
    "compile_contracts",
    "project_sources",
]

ABI_FILE = Path(__file__).with_name("abi.json")
"""How to talk to the contracts of a deployment."""

DEPLOYED = ("VerifyingKeyRegistry", "MarketOracle", "SolvencyRegistry")
"""What a deployment consists of, in the order in which it is made."""

_LIMIT = 300.0
_IMPORT = re.compile(r"""^\s*import\s[^;]*?["']([^"']+)["']\s*;""", re.M)
_COMPILER = Path(__file__).with_name("compile.cjs")
_OUTPUT = [
    "abi",
    "evm.bytecode.object",
    "evm.deployedBytecode.object",
    "evm.deployedBytecode.immutableReferences",
]


@dataclass(frozen=True)
class Artifact:
    """A compiled contract.

    Attributes
    ----------
    name
        The contract's.
    abi
        As solc writes it.
    creation, runtime
        The code that creates it, and the code on chain with zeros where immutables go.
    filled
        Of each immutable, (first byte, bytes) of each place of `runtime` that the constructor writes it to.
    """

    name: str
    abi: list[dict[str, Any]]
    creation: bytes
    runtime: bytes
    filled: tuple[tuple[tuple[int, int], ...], ...]

    @property
    def immutables(self) -> tuple[tuple[int, int], ...]:
        """All places of `filled`, in order."""
        return tuple(sorted(place for places in self.filled for place in places))

    def consistent(self, code: bytes) -> bool:
        """Whether each immutable is the same wherever code of `runtime`'s length has it."""
        return all(
            len({code[start : start + length] for start, length in places}) == 1 for places in self.filled
        )

    def masked(self, code: bytes) -> bytes:
        """Code with zeros where immutables go; unchanged when it has another length."""
        if len(code) != len(self.runtime):
            return code
        masked = bytearray(code)
        for start, length in self.immutables:
            masked[start : start + length] = bytes(length)
        return bytes(masked)


@cache
def artifacts() -> dict[str, Artifact]:
    """The contracts of a deployment and the verifier of one key, by name.

    Raises
    ------
    EnvironmentFault
        When sources, packages or Node are missing, or the contracts do not compile.
    """
    return compile_contracts([f"{name}.sol" for name in DEPLOYED] + ["verifier/Groth16Verifier.sol"])


def artifact(name: str) -> Artifact:
    """One of `artifacts`."""
    return artifacts()[name]


def abi(name: str) -> list[dict[str, Any]]:
    """How to talk to a contract of a deployment, without compiling it."""
    return _abis()[name]


@cache
def _abis() -> dict[str, list[dict[str, Any]]]:
    loaded: dict[str, list[dict[str, Any]]] = json.loads(ABI_FILE.read_text())
    return loaded


def abi_text() -> str:
    """What `ABI_FILE` must be: an entry a line, without the compiler's internal types."""
    parts = []
    for name, found in artifacts().items():
        entries = ",\n".join(json.dumps(_plain(entry), separators=(",", ":")) for entry in found.abi)
        parts.append(f'"{name}": [\n{entries}\n]')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items() if key != "internalType"}
    return value


def compile_contracts(files: Iterable[str], folder: Path = CONTRACTS / "src") -> dict[str, Artifact]:
    """Compile files of the project, with what they import.

    Parameters
    ----------
    files
        Paths below `folder`; each holds a contract of its own name.
    folder
        Where they are.

    Raises
    ------
    EnvironmentFault
        When sources, packages or Node are missing, or solc reports an error.
    """
    wanted = {_unit(folder / file): Path(file).stem for file in files}
    request = json.dumps(
        {
            "language": "Solidity",
            "sources": {
                name: {"content": text} for name, text in project_sources(folder / f for f in files).items()
            },
            "settings": {
                **_settings(),
                "outputSelection": {unit: {name: _OUTPUT} for unit, name in wanted.items()},
            },
        },
        sort_keys=True,
    )
    answer = _answer(request)
    return {name: _artifact(name, answer["contracts"][unit][name]) for unit, name in wanted.items()}


def project_sources(files: Iterable[Path]) -> dict[str, str]:
    """The text of files and of all that they import, by the names that the compiler knows them by.

    Raises
    ------
    EnvironmentFault
        When one is missing.
    """
    found: dict[str, str] = {}
    waiting = list(files)
    while waiting:
        path = waiting.pop()
        unit = _unit(path)
        if unit in found:
            continue
        try:
            found[unit] = path.read_text()
        except OSError as error:
            raise EnvironmentFault(
                f"{path}: cannot be read ({error.strerror or error}). "
                "Contracts are deployed from a checkout; there: make setup"
            ) from None
        waiting += [_imported(target, path) for target in _IMPORT.findall(found[unit])]
    return found


def _imported(target: str, importer: Path) -> Path:
    if target.startswith("."):
        return (importer.parent / target).resolve()
    return _packages(target) / target


def _packages(target: str) -> Path:
    """The node_modules that has it: the contracts' own, or the workspace's."""
    own = CONTRACTS / "node_modules"
    return own if (own / target).is_file() else workspace().node_modules


def _unit(path: Path) -> str:
    """The compiler's name of a file: a package's as it is imported, another from the contracts' folder on."""
    text = path.as_posix()
    if "/node_modules/" in text:
        return text.rsplit("/node_modules/", 1)[1]
    return path.relative_to(CONTRACTS).as_posix() if path.is_relative_to(CONTRACTS) else text


def _settings() -> dict[str, Any]:
    """foundry.toml's settings in the compiler's words."""
    try:
        profile = tomllib.loads((CONTRACTS / "foundry.toml").read_text())["profile"]["default"]
    except OSError as error:
        raise EnvironmentFault(
            f"{CONTRACTS / 'foundry.toml'}: cannot be read ({error.strerror or error}). "
            "Contracts are deployed from a checkout"
        ) from None
    return {
        "optimizer": {"enabled": profile["optimizer"], "runs": profile["optimizer_runs"]},
        "viaIR": profile.get("via_ir", False),
        "evmVersion": profile["evm_version"],
        "metadata": {"bytecodeHash": profile["bytecode_hash"], "appendCBOR": profile["cbor_metadata"]},
    }


def _answer(request: str) -> dict[str, Any]:
    place = workspace()
    version = place.package_version("solc")
    key = hashlib.sha256(f"{version}\n{request}".encode()).hexdigest()
    kept = place.build / "contracts" / f"compiled-{key[:32]}.json"
    with place.lock("contracts"):
        if not kept.is_file():
            write_atomic(kept, json.dumps({"contracts": _compiled(request, kept.with_suffix(".input.json"))}))
    loaded: dict[str, Any] = json.loads(kept.read_text())
    return loaded


def _compiled(request: str, file: Path) -> dict[str, Any]:
    """What solc makes of a request, which it reads from a file."""
    write_atomic(file, request)
    try:
        output = run(
            [node(), _COMPILER, file],
            cwd=workspace().root,
            limit=_LIMIT,
            what="compiling the contracts",
            mend="Run: make setup",
        )
    finally:
        file.unlink(missing_ok=True)
    answer: dict[str, Any] = json.loads(output.stdout)
    wrong = [problem for problem in answer.get("errors", []) if problem.get("severity") == "error"]
    if wrong:
        raise EnvironmentFault(f"the contracts do not compile: {wrong[0].get('formattedMessage', wrong[0])}")
    contracts: dict[str, Any] = answer["contracts"]
    return contracts


def _artifact(name: str, compiled: dict[str, Any]) -> Artifact:
    deployed = compiled["evm"]["deployedBytecode"]
    return Artifact(
        name,
        compiled["abi"],
        bytes.fromhex(compiled["evm"]["bytecode"]["object"]),
        bytes.fromhex(deployed["object"]),
        tuple(
            tuple(sorted((place["start"], place["length"]) for place in places))
            for _, places in sorted(deployed["immutableReferences"].items())
        ),
    )


if __name__ == "__main__":
    write_atomic(ABI_FILE, abi_text())
