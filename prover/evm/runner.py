"""Compile an exported verifier and call it inside an EVM in this process (pyrevm): no node, no network.

What a transaction costs is counted as a chain counts it: base, call data and execution together.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prover.toolchain.process import node, run
from prover.toolchain.workspace import workspace
from verifier.errors import EnvironmentFault, FormatError, UsageError
from verifier.files import write_atomic

from .encoding import WORD, calldata

__all__ = ["BLOCK_GAS", "Call", "Compiled", "Deployed", "compile_source"]

BLOCK_GAS = 30_000_000
"""Gas that a call gets when nothing else is said: a block's."""

_EVM_VERSION = "shanghai"
_RUNS = 1_000_000
_COMPILE_LIMIT = 120.0
_COMPILER = Path(__file__).with_name("compile.cjs")
_CALLER = "0x" + "11" * 20
_SPECIFICATION = "CANCUN"
_REVERTED = re.compile(r"output: 0x([0-9a-f]*)")  # pyrevm gives a revert's data in its message alone


@dataclass(frozen=True)
class Compiled:
    """A contract: its name and the code that creates it."""

    name: str
    creation: bytes
    runtime: bytes


@dataclass(frozen=True)
class Call:
    """How a call ended.

    Attributes
    ----------
    accepted
        Whether it succeeded and answered exactly the word 1.
    succeeded
        Whether it ended without reverting.
    gas
        Of the whole transaction: 21,000, call data, execution.
    output
        What it returned, or the data of the revert.
    """

    accepted: bool
    succeeded: bool
    gas: int
    output: bytes


def compile_source(sources: str | Mapping[str, str], *, via_ir: bool = False) -> dict[str, Compiled]:
    """Compile Solidity with the solc of the Node packages.

    Parameters
    ----------
    sources
        One source, or several by name.
    via_ir
        Use the compiler's newer way of generating code.

    Returns
    -------
    dict
        Contracts and libraries by name.

    Raises
    ------
    FormatError
        When the compiler reports an error or a warning.
    EnvironmentFault
        When Node or solc is missing.
    """
    named = {"Verifier.sol": sources} if isinstance(sources, str) else dict(sources)
    request = {
        "language": "Solidity",
        "sources": {name: {"content": content} for name, content in named.items()},
        "settings": {
            "optimizer": {"enabled": True, "runs": _RUNS},
            "viaIR": via_ir,
            "evmVersion": _EVM_VERSION,
            "metadata": {"bytecodeHash": "none", "appendCBOR": False},
            "outputSelection": {"*": {"*": ["evm.bytecode.object", "evm.deployedBytecode.object"]}},
        },
    }
    place = workspace()
    place.package_version("solc")
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "input.json"
        write_atomic(file, json.dumps(request))
        output = run(
            [node(), _COMPILER, file],
            cwd=place.root,
            limit=_COMPILE_LIMIT,
            what="compiling the Solidity verifier",
            mend="Run: zksolvency setup (or npm ci)",
        )
    answer = json.loads(output.stdout)
    for problem in answer.get("errors", []):
        raise FormatError("contract", str(problem.get("formattedMessage", problem)).strip())
    return {
        name: Compiled(
            name,
            bytes.fromhex(contract["evm"]["bytecode"]["object"]),
            bytes.fromhex(contract["evm"]["deployedBytecode"]["object"]),
        )
        for file_contracts in answer["contracts"].values()
        for name, contract in file_contracts.items()
    }


class Deployed:
    """A contract in an EVM of its own.

    Parameters
    ----------
    contract
        What to deploy.

    Raises
    ------
    EnvironmentFault
        When pyrevm is not installed or refuses the contract.
    """

    def __init__(self, contract: Compiled) -> None:
        try:
            from pyrevm import EVM
        except ImportError:
            raise EnvironmentFault("pyrevm is not installed. Run: pip install 'zksolvency[evm]'") from None
        self.name = contract.name
        self._evm: Any = EVM(spec_id=_SPECIFICATION)
        try:
            self.address: str = self._evm.deploy(_CALLER, contract.creation, 0, BLOCK_GAS)
        except RuntimeError as error:
            raise EnvironmentFault(f"{contract.name} cannot be deployed ({error})") from None
        self.deployment_gas = self._gas()

    @classmethod
    def from_source(cls, source: Path | str) -> Deployed:
        """Compile an exported verifier, a file or its text, and deploy it.

        Raises
        ------
        UsageError
            When the file cannot be read.
        FormatError
            When it does not compile, or holds no contract or more than one.
        """
        if isinstance(source, Path):
            try:
                source = source.read_text()
            except OSError as error:
                raise UsageError(f"{source}: cannot be read ({error.strerror or error})") from None
        found = [
            contract for contract in compile_source(source).values() if not contract.name.endswith("Signals")
        ]
        if len(found) != 1:
            raise FormatError("contract", "is not exactly one in the file", value=len(found))
        return cls(found[0])

    def verify(self, proof: Any, public: Sequence[int]) -> tuple[bool, int]:
        """Ask the contract about snarkjs's proof.json and public signals.

        Returns
        -------
        tuple
            Whether it accepted, and the gas of the whole transaction.
        """
        call = self.call(calldata(proof, public))
        return call.accepted, call.gas

    def call(self, data: bytes, gas: int = BLOCK_GAS) -> Call:
        """Send any call data with at most `gas` for the whole transaction."""
        try:
            output = bytes(self._evm.message_call(_CALLER, self.address, data, 0, gas))
            succeeded = True
        except RuntimeError as error:
            reverted = _REVERTED.search(str(error))
            output, succeeded = bytes.fromhex(reverted[1]) if reverted else b"", False
        return Call(
            accepted=succeeded and output == (1).to_bytes(WORD, "big"),
            succeeded=succeeded,
            gas=self._gas(),
            output=output,
        )

    def _gas(self) -> int:
        """What the last transaction used; 0 when it was refused before it began."""
        return 0 if self._evm.result is None else int(self._evm.result.gas_used)
