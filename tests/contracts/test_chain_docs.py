"""The contract that the documentation shows, compiled against the project's; its JavaScript, run."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from prover.evm.contracts import CONTRACTS, project_sources
from prover.evm.runner import compile_source
from prover.toolchain.process import node

PACKAGE = "@zksolvency/contracts/"


def test_the_documentations_gate_compiles(root: Path) -> None:
    page = (root / "docs" / "on-chain.md").read_text()
    blocks = [block.split("```")[0] for block in page.split("```solidity\n")[1:]]
    (gate,) = [block for block in blocks if PACKAGE in block]
    imported = project_sources([CONTRACTS / "src" / "SolvencyGate.sol"])
    named = {PACKAGE + name if name.startswith("src/") else name: text for name, text in imported.items()}
    built = compile_source({**named, "Desk.sol": gate})
    assert built["Desk"].creation


COMMAND = "evm calldata bundle.json --json"

# What the script asks of Hardhat, written down instead of sent.
HARDHAT = """
const done = [];
const wait = async () => ({});
exports.ethers = {
  getSigners: async () => [{ sendTransaction: async (call) => (done.push(call), { wait }) }],
  getContractAt: async (name, place) => ({ open: async () => (done.push([name, place]), { wait }) }),
};
process.on("exit", () => console.log(JSON.stringify(done)));
"""


def test_the_documentations_javascript_runs(root: Path, tmp_path: Path) -> None:
    page = (root / "docs" / "on-chain.md").read_text()
    settings, script = [block.split("```")[0] for block in page.split("```js\n")[1:]]
    call = {"function": "attest", "to": "0x" + "12" * 20, "data": "0x1234"}
    files = {
        "hardhat.config.js": settings,
        "open.js": script,
        "node_modules/hardhat/index.js": HARDHAT,
        "node_modules/@nomicfoundation/hardhat-ethers/index.js": "",
        "bin/zksolvency": f"#!/bin/sh\n[ \"$*\" = '{COMMAND}' ] && echo '{json.dumps(call)}'\n",
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    (tmp_path / "bin" / "zksolvency").chmod(0o755)

    def run(*words: str) -> object:
        path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            [str(node()), *words],
            cwd=tmp_path,
            env={**os.environ, "PATH": path, "DESK": "0xDesk"},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    sent = run("open.js")
    assert sent == [{"to": call["to"], "data": call["data"]}, ["Desk", "0xDesk"]]
    made = run("-p", "JSON.stringify(require('./hardhat.config.js'))")
    assert isinstance(made, dict) and made["solidity"]["settings"]["evmVersion"] == "cancun"
