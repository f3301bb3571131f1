"""Talk to a chain: web3.py behind one door, with time limits, and this project's errors.

An RPC's address may hold a secret (a provider's key), so messages show its host and no more.
"""

from __future__ import annotations

import contextlib
import copy
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from verifier.errors import EnvironmentFault, InvalidError, UsageError

from .contracts import abi

if TYPE_CHECKING:
    from web3 import Web3
    from web3.contract import Contract

__all__ = ["DEVELOPMENT_CHAINS", "RPC_VARIABLE", "Chain", "abi_type", "connect"]

RPC_VARIABLE = "ETH_RPC_URL"
"""The environment variable with the RPC's address; it keeps a secret out of the process list."""

DEVELOPMENT_CHAINS = frozenset({31337, 1337, 11155111, 17000, 560048, 84532, 11155420, 421614})
"""Chains on which a development key may be deployed: local ones and test networks, as DevelopmentChains.sol
has them. On any other chain, the main networks among them, it is refused whatever is asked for."""

_TIMEOUT = 30.0
_NO_CODE = b""


class Chain:
    """A chain behind an RPC.

    Parameters
    ----------
    web3
        Connected.
    host
        What messages call the RPC.
    """

    def __init__(self, web3: Web3, host: str) -> None:
        self.web3 = web3
        self.host = host
        self.at: int | None = None
        with self.talking():
            self.id = int(web3.eth.chain_id)

    def pinned(self, block: int) -> Self:
        """The same chain, read as it was after one block, so that answers go together."""
        found = copy.copy(self)
        found.at = block
        return found

    @property
    def _when(self) -> Any:
        return "latest" if self.at is None else self.at

    def head(self) -> int:
        """The number of the newest block."""
        with self.talking():
            return int(self.web3.eth.block_number)

    def time_of(self, block: int) -> int:
        """The second of a block.

        Raises
        ------
        EnvironmentFault
            When the RPC has no such block, or does not answer.
        """
        # Not through web3.py's own call, which refuses the longer headers of some chains.
        method: Any = "eth_getBlockByNumber"
        with self.talking():
            answer = self.web3.provider.make_request(method, [hex(block), False])
        try:
            return int(answer["result"]["timestamp"], 16)
        except (KeyError, TypeError, ValueError):
            raise EnvironmentFault(f"{self.host}: tells nothing of block {block}") from None

    @property
    def name(self) -> str:
        """By CAIP-2."""
        return f"eip155:{self.id}"

    @property
    def development(self) -> bool:
        """Whether development keys may be deployed here."""
        return self.id in DEVELOPMENT_CHAINS

    def contract(self, name: str, address: str) -> Contract:
        """A deployed contract of this project.

        Raises
        ------
        UsageError
            When there is no code at the address: a call to it would look like an answer.
        """
        if self.code(address) == _NO_CODE:
            raise UsageError(f"{address}: there is no contract on chain {self.id}. Is it another chain's?")
        found: Contract = self.web3.eth.contract(address=self.checksum(address), abi=abi(name))
        return found

    def checksum(self, address: str) -> Any:
        """An address as web3.py wants it."""
        return self.web3.to_checksum_address(address)

    def code(self, address: str) -> bytes:
        """The code at an address; empty when there is none."""
        with self.talking():
            return bytes(self.web3.eth.get_code(self.checksum(address), self._when))

    def transaction(self, digest: str) -> tuple[Any, Any]:
        """A transaction and its receipt.

        Raises
        ------
        InvalidError
            When the chain has none, or not in a block yet.
        EnvironmentFault
            When the RPC does not answer.
        """
        from web3.exceptions import TransactionNotFound

        with self.talking():
            try:
                # The RPC's own types do not say which members a node may leave out.
                wanted: Any = digest
                return self.web3.eth.get_transaction(wanted), self.web3.eth.get_transaction_receipt(wanted)
            except TransactionNotFound:
                raise InvalidError(f"there is no transaction {digest}") from None

    def read(self, call: Any, *, source: str = "") -> Any:
        """Call a view function.

        Raises
        ------
        InvalidError
            When the contract refuses; tells its error by name.
        EnvironmentFault
            When the RPC does not answer.
        """
        with self.talking(source):
            return call.call(block_identifier=self._when)

    @contextlib.contextmanager
    def talking(self, what: str = "") -> Iterator[None]:
        """Turn what web3.py raises into this project's errors."""
        import requests
        from web3.exceptions import (
            ContractCustomError,
            ContractLogicError,
            TimeExhausted,
            Web3Exception,
            Web3RPCError,
        )

        about = f"{what}: " if what else ""
        try:
            yield
        except ContractCustomError as error:
            raise InvalidError(f"{about}the contract refuses: {explain(error.data)}") from None
        except ContractLogicError as error:
            reason = explain(error.data) if error.data else str(error.message)
            raise InvalidError(f"{about}the contract refuses: {reason}") from None
        except TimeExhausted as error:
            raise EnvironmentFault(f"{about}{self.host}: no answer in time ({error})") from None
        except Web3RPCError as error:
            raise EnvironmentFault(f"{about}{self.host} refuses: {_words(error)}") from None
        except requests.RequestException as error:
            raise EnvironmentFault(
                f"{about}{self.host}: the RPC does not answer ({type(error).__name__}). "
                f"Name another with --rpc or ${RPC_VARIABLE}"
            ) from None
        except Web3Exception as error:
            raise EnvironmentFault(f"{about}{self.host}: {type(error).__name__}: {error}") from None


def connect(url: str | None) -> Chain:
    """Connect to an RPC.

    Parameters
    ----------
    url
        Its address; that of $ETH_RPC_URL when left out.

    Raises
    ------
    UsageError
        When none is named, or it is no http address.
    EnvironmentFault
        When web3.py is not installed, or the RPC does not answer.
    """
    url = url or os.environ.get(RPC_VARIABLE)
    if not url:
        raise UsageError(f"name the chain's RPC with --rpc or ${RPC_VARIABLE}")
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        shown = f"{host}:{parts.port}" if parts.port else host
    except ValueError:
        parts, shown = None, ""
    if parts is None or parts.scheme not in ("http", "https") or not shown:
        raise UsageError("the RPC's address is no http or https address, such as http://127.0.0.1:8545")
    try:
        from web3 import HTTPProvider, Web3
    except ImportError:
        raise EnvironmentFault("web3.py is not installed. Run: pip install 'zksolvency[evm]'") from None
    provider = HTTPProvider(url, request_kwargs={"timeout": _TIMEOUT}, exception_retry_configuration=None)
    return Chain(Web3(provider), shown)


def explain(data: Any) -> str:
    """A contract's error by name and arguments; its first bytes when it is none of this project's."""
    from web3 import Web3

    raw = _bytes(data)
    if raw is None or len(raw) < 4:
        return "it reverts without a reason"
    codec = Web3().codec
    for entry in _errors():
        inputs = entry["inputs"]
        signature = f"{entry['name']}({','.join(abi_type(each) for each in inputs)})"
        if bytes(Web3.keccak(text=signature)[:4]) != raw[:4]:
            continue
        try:
            values = codec.decode([abi_type(each) for each in inputs], raw[4:])
        except Exception:  # whatever a hostile contract answers, its error still has a name
            return str(entry["name"])
        named = [f"{each['name']} {_show(value)}" for each, value in zip(inputs, values, strict=True)]
        return f"{entry['name']} ({', '.join(named)})" if named else str(entry["name"])
    return f"an error that is not known here, 0x{raw[:4].hex()}"


def _errors() -> Iterator[dict[str, Any]]:
    yield {"name": "Error", "inputs": [{"type": "string", "name": "reason"}]}
    yield {"name": "Panic", "inputs": [{"type": "uint256", "name": "code"}]}
    for name in ("SolvencyRegistry", "MarketOracle", "VerifyingKeyRegistry", "Groth16Verifier"):
        yield from (entry for entry in abi(name) if entry["type"] == "error")


def abi_type(parameter: dict[str, Any]) -> str:
    """A parameter's type as signatures have it."""
    kind = str(parameter["type"])
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(abi_type(each) for each in parameter['components'])}){kind.removeprefix('tuple')}"


def _bytes(data: Any) -> bytes | None:
    if isinstance(data, str):
        try:
            return bytes.fromhex(data.removeprefix("0x"))
        except ValueError:
            return None
    return bytes(data) if isinstance(data, bytes) else None


def _show(value: Any) -> str:
    return f"0x{value.hex()}" if isinstance(value, bytes) else str(value)[:120]


def _words(error: Any) -> str:
    response = getattr(error, "rpc_response", None) or {}
    inner = response.get("error", {}) if isinstance(response, dict) else {}
    message = inner.get("message") if isinstance(inner, dict) else None
    return str(message or error)[:300]
