"""Options that the commands about chains share, and how they tell what was sent or would be."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from prover.evm.deployment import Deployment
from prover.evm.encoding import address
from prover.evm.rpc import RPC_VARIABLE, Chain, connect
from prover.evm.signer import KEY_VARIABLE, Sender, Transaction, find_sender
from verifier.errors import UsageError

from .options import passphrase
from .output import emit, say, table

__all__ = [
    "DEPLOYMENT",
    "MARKET_ROOT",
    "Development",
    "From",
    "Keys",
    "Keystore",
    "KeystorePassphrase",
    "Rpc",
    "Send",
    "contract_address",
    "sender",
    "tell",
]

DEPLOYMENT = Path("deployment.json")
MARKET_ROOT = Path("market-root.json")

Rpc = Annotated[
    str | None,
    typer.Option(help=f"The chain's RPC. ${RPC_VARIABLE} does the same, and hides a secret in it."),
]
Keystore = Annotated[
    Path | None,
    typer.Option(help=f"Encrypted keystore file of the sender; ${KEY_VARIABLE} does the same."),
]
KeystorePassphrase = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        help="File whose first line opens the keystore; $ZKSOLVENCY_PASSPHRASE does the same.",
    ),
]
From = Annotated[str | None, typer.Option("--from", help="Who would send it: for an estimate without a key.")]
Keys = Annotated[Path | None, typer.Option(help="Your key store; the workspace's by default.")]
Development = Annotated[
    bool,
    typer.Option(
        "--allow-development-keys", help="For a trial, on a chain for trials: under them anybody can forge."
    ),
]
Send = Annotated[bool, typer.Option("--send", help="Send it. Without this only the gas is estimated.")]


def sender(
    rpc: str | None, keystore: Path | None, passphrase_file: Path | None, from_: str | None, send: bool
) -> Sender:
    """Connect, and find who sends."""
    phrase = passphrase(passphrase_file) if keystore is not None else None
    return find_sender(connect(rpc), keystore, phrase, from_, send=send)


def tell(
    by: Sender, transactions: list[Transaction], more: dict[str, Any], lines: list[str], *, as_json: bool
) -> None:
    """Print what was sent, or what it would cost, with the rest of a command's result."""
    total = sum(each.gas for each in transactions)
    price = gas_price(by.chain)
    result = {
        "sent": by.send,
        "chain": by.chain.name,
        "from": by.address,
        "transactions": [each.to_json() for each in transactions],
        "gas": total,
        "gas_price": str(price),
        **more,
    }

    def text() -> None:
        rows = [[each.what, f"{each.gas:,}", each.hash or ""] for each in transactions]
        table("", ["transaction", "gas", "hash"], rows, right=frozenset({1}))
        say(
            f"{total:,} gas on chain {by.chain.id}: {total * price / 10**18:.6f} of its coin at the price now"
        )
        for line in lines:
            say(line)
        if not by.send:
            say("dry run: nothing was sent. Add --send to send it", "bold")

    emit(result, text, as_json=as_json)


def gas_price(chain: Chain) -> int:
    """The chain's gas price now, in its smallest unit."""
    with chain.talking():
        return int(chain.web3.eth.gas_price)


def contract_address(name: str, given: str | None, deployment: Path, option: str) -> tuple[str | None, str]:
    """(chain, address) of a contract: as given, or from the file of a deployment."""
    if given is not None:
        return None, address(given, option)
    if not deployment.exists():
        raise UsageError(f"name the contract with {option}, or the file of its deployment with --deployment")
    found = Deployment.load(deployment)
    return found.chain, found.address(name)
