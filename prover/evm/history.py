"""What the owner of a deployment has done since its contracts were created: their events, replayed.

Before `goLive` nothing waits, and mappings cannot be listed, so an attestor, a publisher or a key that nobody
was told of is in the events alone.
"""

from __future__ import annotations

from prover.toolchain.process import Progress, quiet
from verifier.errors import EnvironmentFault

from .deployment import Deployment
from .events import Event, read_events
from .rpc import Chain
from .settings import Feed, Key, Policy, Scheduled, Settings, Universe

__all__ = ["places", "replay"]

_NOBODY = "0x" + "00" * 20

_GOVERNED = frozenset({"OwnershipTransferred", "GuardianSet", "Scheduled", "WentLive"})
_WANTED = {
    "VerifyingKeyRegistry": _GOVERNED | {"KeyAdded", "KeyDeprecated"},
    "MarketOracle": _GOVERNED
    | {
        "FeedSet",
        "PublisherAdded",
        "PublisherRevoked",
        "QuorumSet",
        "UniverseHalted",
        "UniverseRegistered",
        "UniverseResumed",
    },
    "SolvencyRegistry": _GOVERNED
    | {
        "AttestorAdded",
        "AttestorRestored",
        "AttestorRevoked",
        "BreakerReset",
        "BreakerTripped",
        "Paused",
        "PolicyAdded",
        "Unpaused",
    },
}


def places(deployment: Deployment) -> dict[str, str]:
    """Address of each contract of a deployment, by its name."""
    return {each.name: each.address for each in deployment.contracts}


def replay(chain: Chain, deployment: Deployment, progress: Progress = quiet) -> tuple[Chain, Settings]:
    """Read the events of a deployment from its first block to the newest one, and apply them in order.

    Returns
    -------
    tuple
        The chain pinned to the last block that was read, and what is set after it.

    Raises
    ------
    EnvironmentFault
        When the RPC does not answer, or leaves events out that others rest on.
    """
    first = min(each.block for each in deployment.contracts)
    events: list[Event] = []
    start, last = first, first - 1
    # The second pass reads what came during the first, so that the last block is still fresh: few nodes keep
    # the state of an old one.
    for _ in range(2):
        last = max(last, chain.head())
        events += read_events(chain, places(deployment), _WANTED, start, last, progress)
        start = last + 1
    settings = Settings(first, last, chain.time_of(last), seen={name: set() for name in _WANTED})
    for event in events:
        try:
            _apply(settings, event)
        except KeyError:
            raise EnvironmentFault(
                f"{chain.host}: leaves events out: {event.name} in block {event.block} has no beginning"
            ) from None
    pinned = chain.pinned(last)
    settings.scheduled = {
        key: each for key, each in settings.scheduled.items() if _waits(pinned, deployment, settings, each)
    }
    return pinned, settings


def _waits(chain: Chain, deployment: Deployment, settings: Settings, each: Scheduled) -> bool:
    """Whether a call can still be made. That it was made shows in no event."""
    if each.not_after < settings.time:
        return False
    contract = chain.contract(each.contract, deployment.address(each.contract))
    return int(chain.read(contract.functions.scheduledFor(each.id))) != 0


def _apply(settings: Settings, event: Event) -> None:
    settings.seen[event.contract].add(event.name)
    if event.name == "Scheduled":
        found = _scheduled(event)
        settings.scheduled[found.contract, found.id] = found
    elif event.contract == "VerifyingKeyRegistry":
        _apply_keys(settings, event)
    elif event.contract == "MarketOracle":
        _apply_oracle(settings, event)
    else:
        _apply_registry(settings, event)


def _scheduled(event: Event) -> Scheduled:
    of = event.arguments
    return Scheduled(event.contract, of["id"], of["call"], of["notBefore"], of["notAfter"])


def _apply_keys(settings: Settings, event: Event) -> None:
    of = event.arguments
    if event.name == "KeyAdded":
        digest = "sha256:" + of["keyHash"].hex()
        settings.keys[of["circuit"]] = Key(of["name"], digest, of["verifier"], of["development"], event.block)
    elif event.name == "KeyDeprecated":
        settings.keys[of["circuit"]].deprecated = True


def _apply_oracle(settings: Settings, event: Event) -> None:
    of = event.arguments
    if event.name == "UniverseRegistered":
        settings.universes[of["universe"]] = Universe(of["quorum"], of["maxWindow"], event.block)
        return
    if "universe" not in of:
        return
    universe = settings.universes[of["universe"]]
    match event.name:
        case "FeedSet":
            check = None if of["check"] == _NOBODY else of["check"]
            feed = Feed("0x" + of["feed"].hex(), of["adapter"], check, of["maxDivergence"])
            universe.feeds[of["position"]] = feed
        case "PublisherAdded":
            universe.publishers.append(of["publisher"])
        case "PublisherRevoked":
            if of["publisher"] not in universe.publishers:
                raise KeyError
            universe.publishers.remove(of["publisher"])
            universe.tightened = event.block
        case "QuorumSet":
            if of["quorum"] > universe.quorum:
                universe.tightened = event.block
            universe.quorum = of["quorum"]
        case "UniverseHalted" | "UniverseResumed":
            universe.halted = event.name == "UniverseHalted"


def _apply_registry(settings: Settings, event: Event) -> None:
    of = event.arguments
    match event.name:
        case "PolicyAdded":
            settings.policies[of["policyId"]] = Policy(of["policy"], event.block)
        case "AttestorAdded":
            settings.policies[of["policyId"]].attestors[of["attestor"]] = event.block
        case "AttestorRevoked":
            settings.revoked.add(of["attestor"])
        case "AttestorRestored":
            settings.revoked.remove(of["attestor"])
        case "BreakerTripped":
            settings.tripped.add(of["universe"])
        case "BreakerReset":
            settings.tripped.remove(of["universe"])
        case "Paused" | "Unpaused":
            settings.paused = event.name == "Paused"
