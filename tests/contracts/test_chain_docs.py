"""The contract that the documentation shows, compiled against the project's."""

from __future__ import annotations

from pathlib import Path

from prover.evm.contracts import CONTRACTS, project_sources
from prover.evm.runner import compile_source

PACKAGE = "@zksolvency/contracts/"


def test_the_documentations_gate_compiles(root: Path) -> None:
    page = (root / "docs" / "on-chain.md").read_text()
    blocks = [block.split("```")[0] for block in page.split("```solidity\n")[1:]]
    (gate,) = [block for block in blocks if PACKAGE in block]
    imported = project_sources([CONTRACTS / "src" / "SolvencyGate.sol"])
    named = {PACKAGE + name if name.startswith("src/") else name: text for name, text in imported.items()}
    built = compile_source({**named, "Desk.sol": gate})
    assert built["Desk"].creation
