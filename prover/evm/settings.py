"""What the owner of a deployment has set, as its events say: keys, universes, policies, calls that wait."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from typing import Any

from .events import call_text

__all__ = ["Feed", "Key", "Policy", "Scheduled", "Settings", "Universe", "moment"]


def moment(second: int) -> str:
    """A second since 1970 in UTC, for people; as a number when it is beyond any calendar."""
    if second >> 34:
        return str(second)
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(second))


@dataclass
class Key:
    """A key of the registry, as it was added in `block`, and whether it was deprecated since."""

    name: str
    key_hash: str
    verifier: str
    development: bool
    block: int
    deprecated: bool = False


@dataclass(frozen=True)
class Feed:
    """Where a price is read: `feed` is a hash; `check` is None without a second source."""

    feed: str
    adapter: str
    check: str | None
    max_divergence: int


@dataclass
class Universe:
    """A universe as it is now.

    Attributes
    ----------
    quorum, max_window
        How many must sign, and the longest window in seconds.
    block
        In which it was registered.
    tightened
        The last block in which a publisher was revoked or the quorum raised; 0 when there is none.
    """

    quorum: int
    max_window: int
    block: int
    publishers: list[str] = field(default_factory=list)
    feeds: dict[int, Feed] = field(default_factory=dict)
    halted: bool = False
    tightened: int = 0


@dataclass
class Policy:
    """A policy: its terms as the contract has them, and the block in which each attestor was added."""

    terms: dict[str, Any]
    block: int
    attestors: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Scheduled:
    """A call that waits to be made, from one second to another, both included."""

    contract: str
    id: bytes
    data: bytes
    not_before: int
    not_after: int

    @property
    def text(self) -> str:
        """The call in words."""
        return call_text(self.contract, self.data)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "contract": self.contract,
            "id": f"0x{self.id.hex()}",
            "call": self.text,
            "data": f"0x{self.data.hex()}",
            "not_before": self.not_before,
            "not_after": self.not_after,
        }


@dataclass
class Settings:
    """What the owner has set, at one block.

    Attributes
    ----------
    first, block, time
        The first block of the contracts, the one after which all of this is so, and its second.
    keys, universes, policies
        By circuit id, by hash, by id.
    revoked
        Attestors whose word is taken under no policy.
    tripped
        Universes whose breaker has tripped.
    scheduled
        Calls that can still be made.
    seen
        Names of the events of each contract.
    """

    first: int
    block: int
    time: int
    keys: dict[bytes, Key] = field(default_factory=dict)
    universes: dict[int, Universe] = field(default_factory=dict)
    policies: dict[bytes, Policy] = field(default_factory=dict)
    revoked: set[int] = field(default_factory=set)
    tripped: set[int] = field(default_factory=set)
    paused: bool = False
    scheduled: dict[tuple[str, bytes], Scheduled] = field(default_factory=dict)
    seen: dict[str, set[str]] = field(default_factory=dict)

    def accepted(self, policy: bytes) -> list[int]:
        """The attestors whose word a policy takes now."""
        return sorted(set(self.policies[policy].attestors) - self.revoked)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values; numbers of more than 53 bits as text."""
        return {
            "block": self.block,
            "time": self.time,
            "keys": [{"circuit": f"0x{circuit.hex()}", **asdict(key)} for circuit, key in self.keys.items()],
            "universes": [
                self._universe_json(number, universe) for number, universe in self.universes.items()
            ],
            "policies": [self._policy_json(identity) for identity in self.policies],
            "revoked_attestors": [str(each) for each in sorted(self.revoked)],
            "scheduled": [each.to_json() for each in self.scheduled.values()],
            "paused": self.paused,
        }

    def _universe_json(self, number: int, universe: Universe) -> dict[str, Any]:
        return {
            "universe": str(number),
            "quorum": universe.quorum,
            "publishers": universe.publishers,
            "max_window": universe.max_window,
            "feeds": [asdict(feed) for _, feed in sorted(universe.feeds.items())],
            "halted": universe.halted,
            "breaker_tripped": number in self.tripped,
            "block": universe.block,
        }

    def _policy_json(self, identity: bytes) -> dict[str, Any]:
        policy = self.policies[identity]
        terms = policy.terms
        return {
            "id": f"0x{identity.hex()}",
            "name": terms["name"],
            "universe": str(terms["universe"]),
            "layout": str(terms["layoutId"]),
            "level": terms["level"],
            "coverage": terms["coverage"],
            "ratio": terms["ratio"],
            "floor": str(terms["floor"]),
            "max_age": terms["maxAge"],
            "circuits": [f"0x{circuit.hex()}" for circuit in terms["circuits"]],
            "attestors": [
                {"attestor": str(each), "block": block, "revoked": each in self.revoked}
                for each, block in policy.attestors.items()
            ],
            "block": policy.block,
        }
