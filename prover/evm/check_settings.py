"""Judge what the owner of a deployment has set: whatever loosens a check must be in its record."""

from __future__ import annotations

from functools import partial

from verifier.chain import circuit_id, key_name
from verifier.circuits import every_instance
from verifier.errors import InvalidError

from .deployment import DeployedFeed, DeployedPolicy, DeployedUniverse, Deployment
from .events import read_events
from .finding import Finding, attempt
from .rpc import Chain
from .settings import Key, Policy, Settings, Universe, moment

__all__ = ["check_settings", "circuit_text", "recorded"]

_SHOWN = 80


def check_settings(chain: Chain, deployment: Deployment, settings: Settings) -> list[Finding]:
    """Compare keys, universes and policies with the record of a deployment.

    Every key that counts must be in the record. Universes and policies are compared when the record has them;
    else they are for the reader to judge, but for a policy that takes proofs of mandates.

    Parameters
    ----------
    chain
        Pinned to the last block of `settings`.
    deployment
        What should be there.
    settings
        What the events say.

    Returns
    -------
    list
        Every check, passed or not.

    Raises
    ------
    EnvironmentFault
        When the RPC does not answer.
    """
    return [
        *_unnamed_keys(deployment, settings),
        *_universes(deployment, settings),
        *_policies(deployment, settings),
        *_old_snapshots(chain, deployment, settings),
    ]


def recorded(deployment: Deployment, settings: Settings) -> Deployment:
    """The record of a deployment with the universes and policies that are set now.

    Raises
    ------
    FormatError
        When there are more than a record holds.
    """
    universes = [
        _universe_as_recorded(number, each).to_json() for number, each in sorted(settings.universes.items())
    ]
    policies = [
        {"id": f"0x{identity.hex()}", "attestors": [str(each) for each in settings.accepted(identity)]}
        for identity in sorted(settings.policies)
    ]
    content = {**deployment.to_json(), "universes": universes, "policies": policies}
    return Deployment.parse(content, source="the record")


def circuit_text(circuit: bytes, settings: Settings) -> str:
    """A circuit id as the name of its key, and whether the registry has that key."""
    if circuit in settings.keys:
        return settings.keys[circuit].name[:_SHOWN]
    return f"{_known_circuits().get(circuit, ('0x' + circuit.hex(), False))[0]} (no key)"


def _known_circuits() -> dict[bytes, tuple[str, bool]]:
    """Name of each circuit's key, and whether the circuit claims a mandate, by circuit id."""
    return {
        circuit_id(name): (name, each.claims_mandate)
        for each in every_instance().values()
        for development in (False, True)
        for name in (key_name(each.name, development=development),)
    }


def _unnamed_keys(deployment: Deployment, settings: Settings) -> list[Finding]:
    named = {circuit_id(each.name) for each in deployment.keys}
    return [
        Finding(f"key {key.name[:_SHOWN]}", False, _unnamed_key(key))
        for circuit, key in settings.keys.items()
        if circuit not in named and not key.deprecated
    ]


def _unnamed_key(key: Key) -> str:
    kind = "DEVELOPMENT KEY" if key.development else "key"
    return (
        f"the deployment does not name this {kind}, added in block {key.block}: {key.key_hash} at "
        f"{key.verifier}. Whoever made it may be able to forge proofs"
    )


def _universes(deployment: Deployment, settings: Settings) -> list[Finding]:
    if deployment.universes is None:
        return []
    named = {each.universe: each for each in deployment.universes}
    return [
        attempt(
            f"universe {number}",
            partial(_check_universe, named.get(number), settings.universes.get(number)),
        )
        for number in sorted({*named, *settings.universes})
    ]


def _check_universe(wanted: DeployedUniverse | None, found: Universe | None) -> str:
    if found is None:
        raise InvalidError("is not registered")
    if wanted is None:
        raise InvalidError(f"the deployment does not name it; it was registered in block {found.block}")
    wrong = [
        f"{publisher} is a publisher, and the deployment does not name it"
        for publisher in found.publishers
        if publisher not in wanted.publishers
    ]
    if found.quorum < wanted.quorum:
        wrong.append(f"the quorum is {found.quorum}, and the deployment says {wanted.quorum}")
    if found.max_window > wanted.max_window:
        wrong.append(
            f"windows of {found.max_window} s are taken, and the deployment says {wanted.max_window}"
        )
    wrong += [
        f"feed {one.feed} is read at {one.adapter}"
        + (f" and {one.check}, {one.max_divergence} basis points apart at most" if one.check else "")
        + ", and the deployment does not say so"
        for one in _feeds_as_recorded(found)
        if one not in wanted.feeds
    ]
    if len(found.feeds) < len(wanted.feeds):
        wrong.append("a feed is missing")
    if wrong:
        raise InvalidError("; ".join(wrong))
    return f"{found.quorum} of {len(found.publishers)} publishers must sign"


def _policies(deployment: Deployment, settings: Settings) -> list[Finding]:
    named = None if deployment.policies is None else {each.id: each for each in deployment.policies}
    found = {"0x" + identity.hex(): identity for identity in settings.policies}
    findings = []
    for shown in sorted({*found, *(named or {})}):
        if named is None and not _of_mandates(settings.policies[found[shown]]):
            continue
        check = partial(_check_policy, named, shown, found.get(shown), settings)
        findings.append(attempt(f"policy {shown}", check))
    return findings


def _check_policy(
    named: dict[str, DeployedPolicy] | None, shown: str, identity: bytes | None, settings: Settings
) -> str:
    if identity is None:
        raise InvalidError("was not added")
    policy = settings.policies[identity]
    mandates = _of_mandates(policy)
    if mandates:
        raise InvalidError(f"takes proofs of mandates, which say nothing of solvency: {', '.join(mandates)}")
    if int(policy.terms["universe"]) not in settings.universes:
        raise InvalidError(
            "is over a universe that is not registered: whoever owns it chooses its publishers"
        )
    wanted = (named or {}).get(shown)
    if wanted is None:
        raise InvalidError(f"the deployment does not name it; it was added in block {policy.block}")
    accepted = settings.accepted(identity)
    more = [each for each in accepted if each not in wanted.attestors]
    if more:
        raise InvalidError(
            "; ".join(
                f"takes the word of {each}, added in block {policy.attestors[each]}, and the deployment does "
                "not name it"
                for each in more
            )
        )
    return f"{len(accepted)} attestors"


def _of_mandates(policy: Policy) -> list[str]:
    known = _known_circuits()
    return [known[each][0] for each in policy.terms["circuits"] if known.get(each, ("", False))[1]]


def _old_snapshots(chain: Chain, deployment: Deployment, settings: Settings) -> list[Finding]:
    """Snapshots that others signed than who may now: a revoked publisher's stay until their window ends."""
    findings = []
    for number, universe in settings.universes.items():
        oldest = settings.time - universe.max_window
        if not universe.tightened or chain.time_of(universe.tightened) < oldest:
            continue
        start = _first_since(chain, oldest, universe.block, universe.tightened)
        events = read_events(
            chain,
            {"MarketOracle": deployment.address("MarketOracle")},
            {"MarketOracle": frozenset({"SnapshotPosted", "SnapshotRevoked"})},
            start,
            settings.block,
        )
        revoked = {
            each.arguments["marketRoot"]
            for each in events
            if each.name == "SnapshotRevoked" and each.arguments["universe"] == number
        }
        findings += [
            Finding(
                f"universe {number}: snapshot of block {each.block}",
                False,
                f"counts until {moment(each.arguments['validUntil'])}, and was posted before a publisher was "
                f"revoked or the quorum raised: root {each.arguments['marketRoot']}",
            )
            for each in events
            if each.name == "SnapshotPosted"
            and each.arguments["universe"] == number
            and each.block <= universe.tightened
            and each.arguments["validUntil"] >= settings.time
            and each.arguments["marketRoot"] not in revoked
        ]
    return findings


def _first_since(chain: Chain, second: int, low: int, high: int) -> int:
    """The first block from `low` to `high` whose time is `second` or later; `high` is such a block."""
    while low < high:
        middle = (low + high) // 2
        if chain.time_of(middle) < second:
            low = middle + 1
        else:
            high = middle
    return low


def _universe_as_recorded(number: int, universe: Universe) -> DeployedUniverse:
    return DeployedUniverse(
        universe=number,
        quorum=universe.quorum,
        publishers=tuple(sorted(universe.publishers)),
        max_window=universe.max_window,
        feeds=_feeds_as_recorded(universe),
    )


def _feeds_as_recorded(universe: Universe) -> tuple[DeployedFeed, ...]:
    return tuple(
        DeployedFeed(
            feed=each.feed, adapter=each.adapter, check=each.check, max_divergence=each.max_divergence
        )
        for _, each in sorted(universe.feeds.items())
    )
