"""Who sends transactions: the key of an encrypted keystore or of the environment, never of an argument."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prover.sealing import load_discreetly
from verifier.errors import EnvironmentFault, FormatError, InvalidError, UsageError

from .encoding import address as read_address
from .rpc import Chain

__all__ = ["KEY_VARIABLE", "Sender", "Transaction", "find_sender"]

KEY_VARIABLE = "ZKSOLVENCY_EVM_KEY"
"""The environment variable with a sender's secp256k1 key in hex."""

_RECEIPT_LIMIT = 180.0
_POLL = 0.5
_MARGIN = 4
"""Part of an estimate that is added to it: what is stored may change until a transaction is included, and
what is not used is not paid."""


@dataclass(frozen=True)
class Transaction:
    """A transaction that was sent, or would be.

    Attributes
    ----------
    what
        What it does, in words.
    gas
        Used; or estimated, when it was not sent.
    hash, block, contract
        Of a sent one: its hash, the block that it is in, the address that it created.
    """

    what: str
    gas: int
    hash: str | None = None
    block: int | None = None
    contract: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        shown: dict[str, Any] = {"what": self.what, "gas": self.gas}
        for name in ("hash", "block", "contract"):
            if getattr(self, name) is not None:
                shown[name] = getattr(self, name)
        return shown


@dataclass
class Sender:
    """Estimates transactions, and sends them when told to.

    Attributes
    ----------
    chain
        Where to.
    address
        From whom.
    key
        Signs; none for estimates only.
    send
        Whether to send.
    """

    chain: Chain
    address: str
    key: bytes | None = field(default=None, repr=False)
    send: bool = False

    def do(self, call: Any, what: str) -> Transaction:
        """Estimate a call or a creation, and send it when told to.

        Parameters
        ----------
        call
            A bound function or constructor of web3.py.
        what
            What it does, in words.

        Raises
        ------
        InvalidError
            When the contract refuses it, in the estimate or when it is included.
        EnvironmentFault
            When the RPC does not answer, or it is not included in time.
        """
        account = self.chain.checksum(self.address)
        with self.chain.talking(what):
            gas = int(call.estimate_gas({"from": account}))
        if not self.send:
            return Transaction(what, gas)
        if self.key is None:
            raise UsageError("there is no key to send with")
        web3 = self.chain.web3
        with self.chain.talking(what):
            made = call.build_transaction(
                {
                    "from": account,
                    "gas": gas + gas // _MARGIN,
                    "nonce": web3.eth.get_transaction_count(account, "pending"),
                    "chainId": self.chain.id,
                }
            )
            signed = web3.eth.account.sign_transaction(made, self.key)
            digest = web3.eth.send_raw_transaction(signed.raw_transaction)
            receipt = web3.eth.wait_for_transaction_receipt(
                digest, timeout=_RECEIPT_LIMIT, poll_latency=_POLL
            )
        if receipt["status"] != 1:
            raise InvalidError(f"{what}: it was included and reverted (transaction 0x{bytes(digest).hex()})")
        created = receipt.get("contractAddress")
        return Transaction(
            what,
            int(receipt["gasUsed"]),
            f"0x{bytes(digest).hex()}",
            int(receipt["blockNumber"]),
            str(created).lower() if created else None,
        )


def find_sender(
    chain: Chain, keystore: Path | None, phrase: str | None, from_: str | None, *, send: bool
) -> Sender:
    """The sender of a keystore, or of the environment; for an estimate an address is enough.

    Parameters
    ----------
    chain
        Where to send.
    keystore
        An encrypted keystore file (version 3, as geth, Foundry and eth-account write them).
    phrase
        Its passphrase.
    from_
        For an estimate: the address that would send.
    send
        Whether transactions are sent.

    Raises
    ------
    UsageError
        When nothing names a key and transactions are to be sent, or the passphrase is missing.
    InvalidError
        When the passphrase does not open the keystore.
    FormatError
        When the keystore or the key of the environment is malformed.
    """
    key = _from_keystore(keystore, phrase) if keystore is not None else _from_environment()
    if key is None:
        if send:
            raise UsageError(
                f"--send needs a key: name an encrypted keystore with --keystore, or set ${KEY_VARIABLE}"
            )
        if from_ is None:
            raise UsageError(
                f"say who would send it: --from ADDRESS for an estimate, --keystore FILE or ${KEY_VARIABLE}"
            )
        return Sender(chain, read_address(from_, "--from"))
    from eth_account import Account

    own = str(Account.from_key(key).address).lower()
    if from_ is not None and read_address(from_, "--from") != own:
        raise UsageError(f"--from: the key is that of {own}")
    return Sender(chain, own, key, send)


def _from_keystore(path: Path, phrase: str | None) -> bytes:
    content = load_discreetly(path)
    if not isinstance(content, dict) or "crypto" not in {str(key).lower() for key in content}:
        raise FormatError("crypto", "is missing", mend="Is it an encrypted keystore file?", source=str(path))
    if phrase is None:
        raise UsageError(f"{path}: is encrypted; give its passphrase with --passphrase-file")
    try:
        from eth_account import Account
    except ImportError:
        raise EnvironmentFault("eth-account is not installed. Run: pip install 'zksolvency[evm]'") from None
    try:
        return bytes(Account.decrypt(content, phrase))
    except ValueError:
        raise InvalidError(f"{path}: the passphrase does not open it") from None
    except Exception as error:  # a keystore of another form, whatever that brings about
        raise FormatError("crypto", f"cannot be read ({type(error).__name__})", source=str(path)) from None


def _from_environment() -> bytes | None:
    text = os.environ.get(KEY_VARIABLE)
    if not text:
        return None
    try:
        key = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        key = b""
    if len(key) != 32 or not any(key):
        raise FormatError(f"${KEY_VARIABLE}", "is no key", mend="It must be 64 hex digits")
    return key
