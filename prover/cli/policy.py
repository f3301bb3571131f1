"""`zksolvency policy`: what a verifier demands, and a fresh challenge under it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from prover.evm.encoding import address
from prover.secrets import KeyFile
from prover.toolchain.workspace import workspace
from verifier.chain import ChainChallenge, chain_challenge, contract_of
from verifier.circuits import every_instance, instances, mandate_instances
from verifier.circuits import instance as instance_of
from verifier.errors import UsageError
from verifier.files import write_atomic
from verifier.keystore import KeyStore
from verifier.mandate import Mandate, check_universe, mandate_hash
from verifier.market import Snapshot
from verifier.policy import Challenge, Policy, new_challenge

from .options import CHALLENGE, MARKET, POLICY, SECRETS, Json
from .output import emit, say

__all__ = ["register"]

_DAY = 24 * 3600
_MANDATE_SIZES = [each.size for each in mandate_instances().values()]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    policy = typer.Typer(no_args_is_help=True)
    policy.callback()(_group)
    policy.command("new")(new)
    policy.command("challenge")(challenge)
    app.add_typer(policy, name="policy")


def _group() -> None:
    """What a verifier demands, and a fresh challenge under it.

    Example: zksolvency policy new && zksolvency policy challenge
    """


def new(
    size: Annotated[list[str] | None, typer.Option(help="Accepted circuit; repeat for more.")] = None,
    keys: Annotated[Path | None, typer.Option(help="Where the keys to accept are.")] = None,
    market: Annotated[Path, typer.Option(help="A snapshot of the accepted universe.")] = MARKET,
    attestor: Annotated[
        list[str] | None,
        typer.Option(
            help="An accepted attestor: NAME=NUMBER as `keys show` prints it, or a key file; repeat."
        ),
    ] = None,
    publisher: Annotated[
        list[str] | None,
        typer.Option(help="An accepted publisher: NAME=PUBLIC_KEY, or a key file; repeat."),
    ] = None,
    quorum: Annotated[int, typer.Option(help="How many of the publishers must have signed.")] = 1,
    level: Annotated[
        str | None, typer.Option(help="maintenance or initial; the snapshot's by default.")
    ] = None,
    ratio: Annotated[str, typer.Option(help="Equity over requirement, a multiple of 0.05.")] = "1",
    floor: Annotated[int, typer.Option(help="Whole quote units that are left after the requirement.")] = 1,
    coverage: Annotated[
        str, typer.Option(help="account, or owner: all of this owner at the venue.")
    ] = "account",
    subject: Annotated[str | None, typer.Option(help="Of whom; anyone's when left out.")] = None,
    max_age: Annotated[int, typer.Option(help="Seconds after as_of for which a proof counts.")] = _DAY,
    mandate: Annotated[
        Path | None, typer.Option(help="Demand that this mandate is kept, in place of solvency.")
    ] = None,
    audience: Annotated[str, typer.Option(help="Whom proofs are made for.")] = "verifier.example",
    name: Annotated[str, typer.Option(help="What the policy is called.")] = "policy",
    allow_self_declared: Annotated[bool, typer.Option(help="Accept anyone's word for an account.")] = False,
    standing: Annotated[bool, typer.Option(help="Accept proofs that answer no fresh challenge.")] = False,
    target: Annotated[Path, typer.Option("--out", help="The policy.")] = POLICY,
    json_: Json = False,
) -> None:
    """Write a policy, and put the keys that it accepts into the key store beside it.

    Development keys are accepted only when the accepted key is one, and the output says so.

    Example: zksolvency policy new --audience lender.example --floor 1000 --size 8-2
    """
    snapshot = Snapshot.load(market)
    source = keys or workspace().keys
    store = target.parent / "keys"
    demanded = _mandate(mandate, snapshot)
    accepted, development = _accept(size or (_MANDATE_SIZES if demanded else None), source, store)
    attestors = [_public(each, "attestor", "attestor") for each in attestor or [_own("attestor")]]
    publishers = [_public(each, "publisher", "public_key") for each in publisher or [_own("publisher")]]
    made = Policy.parse(
        {
            "schema": Policy.SCHEMA,
            "name": name,
            "audience": audience,
            "circuits": accepted,
            "allow_development_keys": development,
            "attestors": attestors,
            "allow_self_declared": allow_self_declared,
            "publishers": publishers,
            "publisher_quorum": quorum,
            "universe": str(snapshot.universe.hash),
            "level": level or snapshot.level,
            "ratio": ratio,
            "floor": str(floor),
            "coverage": coverage,
            **({"subject": subject} if subject is not None else {}),
            "max_age": max_age,
            "fresh_challenge": not standing,
            **demanded,
        },
        "policy",
    )
    made.save(target)
    result = {"file": str(target), "id": str(made.id), "keys": str(store), "policy": made.to_json()}

    def text() -> None:
        margin = f"{made.level} margin × {made.ratio} + {made.floor}"
        claim = margin if mandate is None else f"the mandate {mandate}, with equity of {made.floor}"
        say(f"wrote {target}: {claim} {snapshot.universe.quote}")
        for circuit in made.circuits:
            say(f"  accepts {circuit.circuit} with key {circuit.verification_key[:23]}… (in {store})")
        if development:
            say("  it accepts DEVELOPMENT KEYS: anybody can forge proofs under them; for trials only")

    emit(result, text, as_json=json_)


def challenge(
    policy: Annotated[Path, typer.Argument(help="Your policy.")] = POLICY,
    chain: Annotated[
        str | None, typer.Option(help="Without a policy: the contract's chain, such as eip155:1.")
    ] = None,
    contract: Annotated[str | None, typer.Option(help="Without a policy: the registry's address.")] = None,
    policy_id: Annotated[
        str | None, typer.Option(help="Without a policy: the policy's id in the registry.")
    ] = None,
    target: Annotated[Path, typer.Option("--out", help="The challenge.")] = CHALLENGE,
    json_: Json = False,
) -> None:
    """Write a fresh challenge: audience, policy and a nonce of 256 bits. Send it to the prover, and keep it.

    What a contract demands is the same for everybody: it follows from chain, contract and policy.

    Example: zksolvency policy challenge policy.json

    Example: zksolvency policy challenge --chain eip155:1 --contract 0x… --policy-id 0x…
    """
    made = _challenge(policy, chain, contract, policy_id)
    made.save(target)
    remark = (
        f"policy 0x{made.policy[:16]}… there"
        if isinstance(made, ChainChallenge)
        else f"nonce {made.nonce[:16]}…"
    )
    emit(
        {"file": str(target), "challenge": made.to_json(), "context": str(made.context)},
        lambda: say(f"wrote {target} for {made.audience}, {remark}"),
        as_json=json_,
    )


def _challenge(
    policy: Path, chain: str | None, contract: str | None, policy_id: str | None
) -> Challenge | ChainChallenge:
    if chain is None and contract is None and policy_id is None:
        own = Policy.load(policy)
        return new_challenge(own) if contract_of(own) is None else chain_challenge(own)
    if chain is None or contract is None or policy_id is None:
        raise UsageError("--chain, --contract and --policy-id go together")
    content = {
        "schema": ChainChallenge.SCHEMA,
        "chain": chain,
        "contract": address(contract, "--contract"),
        "policy": policy_id.removeprefix("0x"),
    }
    return ChainChallenge.parse(content, source="options")


def _accept(sizes: list[str] | None, source: Path, store: Path) -> tuple[list[dict[str, str]], bool]:
    """Accepted circuits and their keys' hashes, copied into `store`; and whether one is for development."""
    found = KeyStore(source).entries() if source.is_dir() else []
    wanted = [_instance(size) for size in sizes] if sizes else [each.name for each in instances().values()]
    accepted, development = [], False
    for name in wanted:
        mine = [entry for entry in found if entry.manifest.circuit == name]
        if not mine and sizes:
            raise UsageError(
                f"{source}: there is no key of {name}. "
                f"Make one: zksolvency setup --size {instance_of(name).size}"
            )
        if not mine:
            continue
        best = next((entry for entry in mine if entry.manifest.production), mine[0])
        accepted.append({"circuit": name, "verification_key": best.manifest.verification_key})
        development |= not best.manifest.production
        target = store / best.manifest.name
        for file in ("verification_key.json", "manifest.json"):
            write_atomic(target / file, (best.directory / file).read_bytes())
    if not accepted:
        raise UsageError(f"{source}: there are no keys. Make them: zksolvency setup")
    return accepted, development


def _mandate(file: Path | None, snapshot: Snapshot) -> dict[str, str]:
    """The policy's member of a mandate, once its ids are those of the snapshot's universe."""
    if file is None:
        return {}
    read = Mandate.load(file)
    check_universe(read, snapshot.universe)
    return {"mandate": str(mandate_hash(read, next(iter(mandate_instances().values()))))}


def _instance(size: str) -> str:
    try:
        return instance_of(size).name
    except KeyError:
        known = ", ".join(each.size for each in every_instance().values())
        raise UsageError(f"--size {size}: is not known; it is one of {known}") from None


def _own(kind: str) -> str:
    """The key file that `init` makes, for who plays all roles."""
    return str(SECRETS / f"{kind}.json")


def _public(given: str, kind: str, member: str) -> dict[str, str]:
    """Name and public number: given as NAME=NUMBER, or read from a key file."""
    name, equals, number = given.partition("=")
    if equals and name and number:
        return {"name": name, member: number}
    path = Path(given)
    if not path.exists():
        raise UsageError(f"{path}: there is no such key file; name one with --{kind}, or give NAME=NUMBER")
    file = KeyFile.load(path)
    if file.kind != kind:
        raise UsageError(f"{path}: is a {file.kind}'s key, and a {kind}'s is needed")
    return {"name": file.name, member: file.public[member]}
