"""A chain on this machine for a test: anvil on the loopback address, ended with the test."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prover.evm.contracts import CONTRACTS, Artifact, compile_contracts
from prover.evm.forge import foundry_program
from prover.evm.rpc import Chain
from prover.evm.signer import Sender

HERE = Path(__file__).resolve().parent
LIFE = 900
"""Seconds after which a chain ends whatever becomes of the test."""

_START = 30.0
_RICH = 10**22


@contextlib.contextmanager
def anvil(chain_id: int, at: int) -> Iterator[str]:
    """A chain that began at the second `at`; its RPC's address.

    Raises
    ------
    EnvironmentFault
        When anvil is not installed.
    """
    program = foundry_program("anvil")
    bounded = [shutil.which("timeout"), str(LIFE)] if shutil.which("timeout") else []
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryFile() as log:
        port = _free_port()
        process = subprocess.Popen(
            [
                *bounded,
                program,
                *("--host", "127.0.0.1", "--port", str(port)),
                *("--chain-id", str(chain_id), "--timestamp", str(at)),
                *("--hardfork", "cancun", "--accounts", "1", "--silent"),
            ],
            env={"HOME": home, "PATH": os.environ["PATH"]},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(process, port)
            yield url
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + _START
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"anvil ended with {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError("anvil does not listen")


def ask(chain: Chain, method: str, *parameters: Any) -> Any:
    """One of anvil's own methods."""
    answer = chain.web3.provider.make_request(method, list(parameters))  # type: ignore[arg-type]
    assert "error" not in answer, answer
    return answer["result"]


@dataclass(frozen=True)
class Party:
    """Somebody with a key and enough coins."""

    key: bytes
    address: str

    @classmethod
    def number(cls, number: int) -> Party:
        """The same one in each run."""
        from eth_account import Account

        key = number.to_bytes(32, "big")
        return cls(key, str(Account.from_key(key).address).lower())

    def on(self, chain: Chain) -> Sender:
        """Sends on a chain, with coins."""
        ask(chain, "anvil_setBalance", self.address, hex(_RICH))
        return Sender(chain, self.address, self.key, send=True)


def create(by: Sender, made: Artifact, *arguments: Any) -> Any:
    """Deploy any contract; web3.py's object of it."""
    chain = by.chain
    creation = chain.web3.eth.contract(abi=made.abi, bytecode="0x" + made.creation.hex())
    place = by.do(creation.constructor(*arguments), made.name).contract
    return chain.web3.eth.contract(address=chain.checksum(str(place)), abi=made.abi)


def helpers() -> dict[str, Artifact]:
    """Contracts around those of a deployment: a price, its adapter, a token, a credit line."""
    found = compile_contracts(["SettableFeed.sol", "Coin.sol"], HERE)
    return found | compile_contracts(
        ["adapters/ChainlinkAdapter.sol", "examples/CreditLine.sol"], CONTRACTS / "src"
    )
