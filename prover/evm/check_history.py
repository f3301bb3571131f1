"""Judge the history of a deployment: are its events whole, and what is on its way?"""

from __future__ import annotations

from functools import partial
from typing import Any

from verifier.errors import InvalidError

from .deployment import Deployment
from .finding import Finding, attempt
from .history import places
from .rpc import Chain
from .settings import Feed, Scheduled, Settings, moment

__all__ = ["check_history"]

_NOBODY = "0x" + "00" * 20
_SHOWN = 80


def check_history(
    chain: Chain, deployment: Deployment, settings: Settings, *, allow_scheduled: bool = False
) -> list[Finding]:
    """Compare a deployment's events with the contracts' own answers, and tell what its owner can do next.

    Parameters
    ----------
    chain
        Pinned to the last block of `settings`.
    deployment
        What should be there.
    settings
        What the events say.
    allow_scheduled
        Whether a call that waits to be made passes.

    Returns
    -------
    list
        Every check, passed or not.

    Raises
    ------
    EnvironmentFault
        When the RPC does not answer.
    """
    findings = []
    for name, place in places(deployment).items():
        contract = chain.contract(name, place)
        findings += [
            attempt(f"{name}: events", partial(_check_events, chain, contract, settings, name)),
            attempt(f"{name}: pending owner", partial(_check_pending, chain, contract, deployment)),
            *_scheduled(settings, name, allow_scheduled=allow_scheduled),
        ]
    return findings


# The events themselves.


def _check_events(chain: Chain, contract: Any, settings: Settings, name: str) -> str:
    """A node that leaves events out would hide what this is looking for; some of that can be noticed."""
    missing = {"OwnershipTransferred", "GuardianSet", "WentLive"} - settings.seen[name]
    if missing == {"WentLive"} and not chain.read(contract.functions.isLive()):
        missing = set()
    if missing:
        raise InvalidError(f"the RPC leaves events out: there is no {', '.join(sorted(missing))}")
    agree = {
        "VerifyingKeyRegistry": _agree_keys,
        "MarketOracle": _agree_oracle,
        "SolvencyRegistry": _agree_registry,
    }[name]
    agree(chain, contract.functions, settings)
    return f"from block {settings.first} to {settings.block}"


def _same(what: str, said: object, replayed: object) -> None:
    if said != replayed:
        raise InvalidError(
            f"{what}: the contract says {said}, and its events {replayed}. Does the RPC leave events out?"
        )


def _agree_keys(chain: Chain, functions: Any, settings: Settings) -> None:
    for circuit, key in settings.keys.items():
        verifier, _, development, deprecated, digest = chain.read(functions.keyOf(circuit))
        said = (str(verifier).lower(), development, deprecated, "sha256:" + digest.hex())
        _same(f"key {key.name[:_SHOWN]}", said, (key.verifier, key.development, key.deprecated, key.key_hash))


def _agree_oracle(chain: Chain, functions: Any, settings: Settings) -> None:
    for number, universe in settings.universes.items():
        name = f"universe {number}"
        quorum = tuple(chain.read(functions.quorumOf(number)))
        _same(f"{name}, quorum and publishers", quorum, (universe.quorum, len(universe.publishers)))
        for publisher in universe.publishers:
            call = functions.isPublisher(number, chain.checksum(publisher))
            _same(f"{name}, publisher {publisher}", chain.read(call), True)
        feeds = [
            Feed("0x" + feed.hex(), adapter.lower(), None if check == _NOBODY else check.lower(), divergence)
            for feed, adapter, check, divergence in chain.read(functions.feedsOf(number))
        ]
        _same(f"{name}, feeds", feeds, [universe.feeds[place] for place in sorted(universe.feeds)])
        _same(f"{name}, halted", chain.read(functions.isHalted(number)), universe.halted)


def _agree_registry(chain: Chain, functions: Any, settings: Settings) -> None:
    _same("paused", chain.read(functions.paused()), settings.paused)
    for number in settings.universes:
        _same(f"breaker of {number}", chain.read(functions.isTripped(number)), number in settings.tripped)
    for identity, policy in settings.policies.items():
        for attestor in policy.attestors:
            said = chain.read(functions.isAttestor(identity, attestor))
            _same(f"policy 0x{identity.hex()}, attestor {attestor}", said, attestor not in settings.revoked)


# Who may change things, and what is on its way.


def _check_pending(chain: Chain, contract: Any, deployment: Deployment) -> str:
    waiting = str(chain.read(contract.functions.pendingOwner())).lower()
    if waiting == _NOBODY:
        return "nobody"
    if waiting == deployment.owner:
        return f"{waiting}, the deployment's own owner"
    raise InvalidError(f"{waiting} can take it over at any time (acceptOwnership)")


def _scheduled(settings: Settings, name: str, *, allow_scheduled: bool) -> list[Finding]:
    waiting = [each for (contract, _), each in settings.scheduled.items() if contract == name]
    if not waiting:
        return [Finding(f"{name}: scheduled calls", True, "none")]
    return [
        Finding(
            f"{name}: scheduled call",
            allow_scheduled,
            _when(each, settings) + ("" if allow_scheduled else " (--allow-scheduled accepts it)"),
        )
        for each in sorted(waiting, key=lambda each: each.not_before)
    ]


def _when(each: Scheduled, settings: Settings) -> str:
    can = "can be made now" if each.not_before <= settings.time else f"from {moment(each.not_before)}"
    return f"{each.text}: {can}, until {moment(each.not_after)}"
