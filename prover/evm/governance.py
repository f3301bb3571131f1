"""What owner and guardian of deployed contracts may do, as calls: scheduled ones, and those at once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from verifier.canonical import keccak256
from verifier.errors import UsageError
from verifier.keystore import KeyStore

from .contracts import DEPLOYED, abi
from .deploy import add_key
from .encoding import address
from .rpc import Chain

__all__ = ["AT_ONCE", "DELAYED", "OwnersCall", "owners_call"]

DELAYED = {
    "VerifyingKeyRegistry": ("addKey", "setGuardian"),
    "MarketOracle": ("addPublisher", "setFeedSource", "setGuardian", "setQuorum"),
    "SolvencyRegistry": ("addAttestor", "restoreAttestor", "setGuardian"),
}
"""What loosens a check: scheduled, and made after the delay."""

AT_ONCE = {
    "VerifyingKeyRegistry": ("deprecateKey",),
    "MarketOracle": ("haltUniverse", "resumeUniverse", "revokePublisher", "revokeSnapshot"),
    "SolvencyRegistry": ("pause", "resetBreaker", "revokeAttestor", "unpause"),
}
"""What tightens one, or undoes that: made at once."""

_NUMBER = re.compile(r"[0-9]{1,78}|0x[0-9a-fA-F]{1,64}", re.ASCII)
_WORD = re.compile(r"0x[0-9a-fA-F]{64}", re.ASCII)


class OwnersCall:
    """A call of a deployed contract.

    Attributes
    ----------
    contract, function
        Which contract's, and what it is called.
    bound
        web3.py's object, to be estimated or sent.
    data
        Its call data; a scheduled call is known by the hash of exactly these bytes.
    """

    def __init__(self, chain: Chain, contract: str, place: str, function: str, arguments: list[Any]) -> None:
        found = chain.contract(contract, place)
        self.contract, self.function = contract, function
        self.bound = found.functions[function](*arguments)
        self.data = bytes.fromhex(str(found.encode_abi(function, args=arguments)).removeprefix("0x"))

    @property
    def identity(self) -> bytes:
        """The id that it is scheduled under."""
        return keccak256(self.data)


def owners_call(
    chain: Chain, contract: str, place: str, function: str, words: list[str], *, delayed: bool
) -> OwnersCall:
    """A call from words, as they stand on a command line.

    Parameters
    ----------
    contract, place
        Its name, and its address.
    function
        One of `DELAYED` or of `AT_ONCE`.
    words
        An argument each: numbers, addresses, 32 bytes in hex, structures as JSON lists; for ``addKey`` the
        folder of a key.
    delayed
        Which of the two lists it must be of.

    Raises
    ------
    UsageError
        When there is no such call, or the words are not its arguments.
    """
    listed = (DELAYED if delayed else AT_ONCE).get(contract)
    if listed is None:
        raise UsageError(
            f"{contract[:60]}: is no contract of a deployment; it is one of {', '.join(DEPLOYED)}"
        )
    if function not in listed:
        raise UsageError(f"{contract} has no such call {function[:60]!r} here; it has {', '.join(listed)}")
    if function == "addKey":
        return _add_key(chain, place, words)
    inputs = next(each["inputs"] for each in abi(contract) if each.get("name") == function)
    if len(words) != len(inputs):
        wanted = ", ".join(f"{each['name']} ({each['type']})" for each in inputs) or "nothing"
        raise UsageError(f"{function}: takes {wanted}; {len(words)} arguments were given")
    arguments = [_argument(chain, each, word) for each, word in zip(inputs, words, strict=True)]
    return OwnersCall(chain, contract, place, function, arguments)


def _add_key(chain: Chain, place: str, words: list[str]) -> OwnersCall:
    if len(words) != 1:
        raise UsageError("addKey: takes the folder of one key, such as build/keys/NAME")
    folder = Path(words[0])
    entries = KeyStore(folder.parent).entries() if folder.parent.is_dir() else []
    for entry in entries:
        if entry.directory.resolve() == folder.resolve():
            arguments = add_key(entry)
            return OwnersCall(chain, "VerifyingKeyRegistry", place, "addKey", list(arguments))
    raise UsageError(f"{folder}: is no key's folder; it needs verification_key.json and manifest.json")


def _argument(chain: Chain, wanted: dict[str, Any], word: str) -> Any:
    kind, name = str(wanted["type"]), str(wanted["name"])
    if kind == "tuple":
        return _structure(chain, wanted, word)
    readers: list[tuple[bool, Callable[[str], Any]]] = [
        (kind == "address", lambda text: chain.checksum(address(text, name))),
        (kind == "bytes32" and bool(_WORD.fullmatch(word)), lambda text: bytes.fromhex(text[2:])),
        (kind.startswith("uint") and bool(_NUMBER.fullmatch(word)), lambda text: int(text, 0)),
    ]
    for fits, read in readers:
        if fits:
            value = read(word)
            if kind.startswith("uint") and value >> int(kind.removeprefix("uint")):
                break
            return value
    raise UsageError(f"{name}: {word[:80]!r} is no {kind}")


def _structure(chain: Chain, wanted: dict[str, Any], word: str) -> tuple[Any, ...]:
    parts = wanted["components"]
    try:
        values = json.loads(word)
    except ValueError:
        values = None
    if not isinstance(values, list) or len(values) != len(parts):
        names = ", ".join(str(each["name"]) for each in parts)
        raise UsageError(f'{wanted["name"]}: write a JSON list of {names}, such as ["0x…", "0x…", "0x…", 0]')
    return tuple(_argument(chain, part, str(value)) for part, value in zip(parts, values, strict=True))
