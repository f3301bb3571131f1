"""Read contracts' events in ranges of blocks that a node answers, and put scheduled calls into words."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from prover.toolchain.process import Progress, quiet
from verifier.canonical import keccak256
from verifier.errors import EnvironmentFault

from .contracts import abi
from .rpc import Chain, abi_type

__all__ = ["RANGE", "Event", "call_text", "read_events"]

RANGE = 10_000
"""Blocks of one request, at most."""

_CALM = 8
"""Answers in a row after which a range that was halved is doubled again."""

_TELL = 3.0
_SHOWN = 160


@dataclass(frozen=True)
class Event:
    """One event of a contract.

    Attributes
    ----------
    contract, name
        The contract's name, and the event's.
    arguments
        By name, as Python values; a structure is a dict.
    block, place
        Its block, and its place among the events of that block.
    """

    contract: str
    name: str
    arguments: dict[str, Any]
    block: int
    place: int


def read_events(
    chain: Chain,
    places: Mapping[str, str],
    wanted: Mapping[str, frozenset[str]],
    first: int,
    last: int,
    progress: Progress = quiet,
) -> list[Event]:
    """The events of some contracts in a range of blocks, in the order in which they happened.

    A range is at most `RANGE` blocks, and is halved when the node refuses it.

    Parameters
    ----------
    chain
        Where to look.
    places
        Address of each contract, by its name.
    wanted
        Names of the events to read, by the contract's name.
    first, last
        The blocks, both included; none when `last` is the smaller.
    progress
        Called now and then, when the range is long.

    Raises
    ------
    EnvironmentFault
        When the RPC does not answer, refuses a single block, or answers what makes no sense.
    """
    known = {
        (places[contract].lower(), _topic(entry)): (contract, entry)
        for contract in places
        for entry in abi(contract)
        if entry["type"] == "event" and entry["name"] in wanted[contract]
    }
    query = {
        "address": [chain.checksum(place) for place in places.values()],
        "topics": [sorted({"0x" + topic.hex() for _, topic in known})],
    }
    found = []
    for low, high, logs in _ranges(chain, query, first, last, progress):
        for log in logs:
            try:
                event = _decoded(log, known)
            except Exception:  # whatever an RPC answers
                event = None
            if event is None or not low <= event.block <= high:
                raise EnvironmentFault(f"{chain.host}: tells of an event that the contracts do not have")
            found.append(event)
    return _in_order(found)


def _in_order(found: list[Event]) -> list[Event]:
    return sorted(found, key=lambda event: (event.block, event.place))


def _ranges(
    chain: Chain, query: dict[str, Any], first: int, last: int, progress: Progress
) -> Iterator[tuple[int, int, list[Any]]]:
    span, calm, told = RANGE, 0, time.monotonic()
    while first <= last:
        high = min(first + span - 1, last)
        logs = _logs(chain, {**query, "fromBlock": first, "toBlock": high}, final=high == first)
        if logs is None:
            span, calm = (high - first + 1) // 2, 0
            continue
        yield first, high, logs
        first, calm = high + 1, calm + 1
        if calm >= _CALM:
            span, calm = min(RANGE, 2 * span), 0
        if first <= last and time.monotonic() - told > _TELL:
            progress(f"events: read to block {high:,} of {last:,}")
            told = time.monotonic()


def _logs(chain: Chain, query: dict[str, Any], *, final: bool) -> list[Any] | None:
    """What a node answers; None when it refuses, and a smaller range can be asked for."""
    import requests
    from web3.exceptions import BadResponseFormat, Web3RPCError

    refusals = (
        Web3RPCError,
        BadResponseFormat,
        requests.HTTPError,
        requests.ReadTimeout,
        requests.exceptions.ChunkedEncodingError,
    )
    with chain.talking("events"):
        try:
            return list(chain.web3.eth.get_logs(query))  # type: ignore[arg-type]
        except refusals:
            if final:
                raise
            return None


def _decoded(log: Any, known: Mapping[tuple[str, bytes], tuple[str, dict[str, Any]]]) -> Event:
    topics = [bytes(topic) for topic in log["topics"]]
    contract, entry = known[str(log["address"]).lower(), topics[0]]
    indexed = [each for each in entry["inputs"] if each["indexed"]]
    plain = [each for each in entry["inputs"] if not each["indexed"]]
    values = {
        each["name"]: _values([each], topic)[0] for each, topic in zip(indexed, topics[1:], strict=True)
    }
    values |= {
        each["name"]: value for each, value in zip(plain, _values(plain, bytes(log["data"])), strict=True)
    }
    return Event(contract, entry["name"], values, int(log["blockNumber"]), int(log["logIndex"]))


def call_text(contract: str, data: bytes) -> str:
    """A call of a contract in words: its function and arguments, or its bytes when it is none of these.

    Parameters
    ----------
    contract
        The contract's name.
    data
        Call data, selector included.
    """
    for entry in abi(contract):
        if entry["type"] != "function" or keccak256(_signature(entry).encode())[:4] != data[:4]:
            continue
        try:
            values = _values(entry["inputs"], data[4:])
        except Exception:  # an owner can schedule any bytes
            break
        words = [
            f"{each['name']} {_shown(value)}" for each, value in zip(entry["inputs"], values, strict=True)
        ]
        return f"{entry['name']}({', '.join(words)})"
    return f"the call 0x{data.hex()[:_SHOWN]}{'…' if len(data) > _SHOWN // 2 else ''}"


def _signature(entry: Mapping[str, Any]) -> str:
    return f"{entry['name']}({','.join(abi_type(each) for each in entry['inputs'])})"


def _topic(entry: Mapping[str, Any]) -> bytes:
    return keccak256(_signature(entry).encode())


def _values(inputs: list[dict[str, Any]], data: bytes) -> list[Any]:
    """Arguments as Python values: addresses in lower case, structures as dicts."""
    values = _decoder().decode([abi_type(each) for each in inputs], data)
    return [_named(each, value) for each, value in zip(inputs, values, strict=True)]


def _named(wanted: Mapping[str, Any], value: Any) -> Any:
    kind = str(wanted["type"])
    if kind.endswith("]"):
        inner = {**wanted, "type": kind[: kind.rindex("[")]}
        return [_named(inner, each) for each in value]
    if kind == "tuple":
        return {
            part["name"]: _named(part, each) for part, each in zip(wanted["components"], value, strict=True)
        }
    return value.lower() if kind == "address" else value


def _shown(value: Any) -> str:
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        text = f"({', '.join(map(_shown, value))})"
        return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
    return str(value)[:_SHOWN]


@cache
def _decoder() -> Any:
    """The ABI's decoder, but that text need not be UTF-8: a contract takes any bytes as a name."""
    from eth_abi import codec, decoding, registry

    # None of this has types.
    made: tuple[Any, Any, Any] = codec.ABIDecoder, decoding.StringDecoder, registry.registry
    decoder, text, known = made
    kinds = known.copy()
    kinds.unregister_decoder("string")
    kinds.register_decoder("string", text("backslashreplace"))
    return decoder(kinds)
