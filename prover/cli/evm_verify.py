"""`zksolvency evm verify-deployment`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from prover.evm.check_settings import circuit_text, recorded
from prover.evm.deployment import Deployment
from prover.evm.rpc import connect
from prover.evm.settings import Settings, Universe, moment
from prover.evm.verify_deployment import verify_deployment
from prover.toolchain.process import quiet
from prover.toolchain.workspace import workspace
from verifier.circuits import table as circuits_table
from verifier.errors import UsageError
from verifier.keystore import KeyStore
from verifier.statement import ratio_to_text

from .evm_options import DEPLOYMENT, Development, Keys, Rpc
from .options import Json
from .output import emit, progress, say, table

__all__ = ["register"]


def register(evm: typer.Typer) -> None:
    """Add the command."""
    evm.command("verify-deployment")(verify_deployment_)


def verify_deployment_(
    deployment: Annotated[Path, typer.Argument(help="The record of the deployment.")] = DEPLOYMENT,
    rpc: Rpc = None,
    keys: Keys = None,
    allow_development_keys: Development = False,
    allow_scheduled: Annotated[
        bool, typer.Option("--allow-scheduled", help="Accept the calls that wait to be made.")
    ] = False,
    record: Annotated[
        Path | None,
        typer.Option(
            help="Write the record with the universes and policies found, to be compared from then on."
        ),
    ] = None,
    json_: Json = False,
) -> int:
    """Compare a deployment with the chain: code with the sources here, keys with ours, owner and settings.

    Every event since its creation is read, so that nothing the owner has set stays hidden. Universes and
    policies are compared when the record has them, and listed for you to judge. Exit code 0 when all is as
    the record says, 1 when anything is not.

    Example: zksolvency evm verify-deployment deployment.json --rpc http://127.0.0.1:8545
    """
    if record is not None and record.exists():
        raise UsageError(
            f"{record}: is there already; a record is never overwritten. Name another with --record"
        )
    wanted = Deployment.load(deployment)
    report = verify_deployment(
        connect(rpc),
        wanted,
        KeyStore(keys or workspace().keys),
        allow_development_keys=allow_development_keys,
        allow_scheduled=allow_scheduled,
        progress=quiet if json_ else progress.print,
    )
    good, settings = report.good, report.settings
    if record is not None and good and settings is not None:
        recorded(wanted, settings).save(record)

    def text() -> None:
        rows = [["yes" if each.passed else "NO", each.name, each.detail] for each in report.findings]
        table("", ["", "checked", "found"], rows)
        if settings is not None:
            say()
            table(
                f"what the owner has set, at block {settings.block} ({moment(settings.time)})",
                ["what", "is"],
                [*_lines(settings)],
            )
            say()
        say("AS RECORDED" if good else "NOT AS RECORDED", "bold green" if good else "bold red")
        if wanted.universes is None or wanted.policies is None:
            say("The record does not say which universes and policies are right: judge those listed here.")
        if record is not None:
            say(f"wrote {record}" if good else f"{record}: not written")

    result = {
        "valid": good,
        "chain": wanted.chain,
        "checks": [each.to_json() for each in report.findings],
        "compared": {
            "universes": wanted.universes is not None,
            "policies": wanted.policies is not None,
        },
    }
    if settings is not None:
        result["settings"] = settings.to_json()
    if record is not None and good:
        result["file"] = str(record)
    emit(result, text, as_json=json_)
    return 0 if good else 1


def _lines(settings: Settings) -> Iterator[list[str]]:
    yield ["registry", "PAUSED" if settings.paused else "not paused"]
    for key in settings.keys.values():
        state = ", deprecated" if key.deprecated else ", DEVELOPMENT KEY" if key.development else ""
        yield [f"key {key.name}", f"{key.key_hash[:23]}… since block {key.block}{state}"]
    for number, universe in settings.universes.items():
        yield from _universe(number, universe, tripped=number in settings.tripped)
    for identity in settings.policies:
        yield from _policy(identity, settings)


def _universe(number: int, universe: Universe, *, tripped: bool) -> Iterator[list[str]]:
    stopped = ", HALTED" * universe.halted + ", BREAKER TRIPPED" * tripped
    yield [
        f"universe {number}",
        f"{universe.quorum} of {len(universe.publishers)} publishers, windows of {universe.max_window} s at "
        f"most, since block {universe.block}{stopped}",
    ]
    for publisher in sorted(universe.publishers):
        yield ["  publisher", publisher]
    for _, feed in sorted(universe.feeds.items()):
        second = f", checked by {feed.check} to {feed.max_divergence} basis points" if feed.check else ""
        yield [f"  feed {feed.feed}", f"{feed.adapter}{second}"]


def _policy(identity: bytes, settings: Settings) -> Iterator[list[str]]:
    policy = settings.policies[identity]
    terms = policy.terms
    yield [f"policy 0x{identity.hex()}", f"{terms['name']!r}, since block {policy.block}"]
    yield [
        "  demands",
        f"{_name('levels', terms['level'])} margin, ratio {ratio_to_text(terms['ratio'])}, floor "
        f"{terms['floor']}, coverage {_name('coverages', terms['coverage'])}, {terms['maxAge']} s old at "
        "most",
    ]
    yield ["  universe", str(terms["universe"])]
    yield ["  circuits", ", ".join(circuit_text(circuit, settings) for circuit in terms["circuits"])]
    for attestor, block in policy.attestors.items():
        later = f", added in block {block}" if block != policy.block else ""
        yield ["  attestor", f"{attestor}{', REVOKED' * (attestor in settings.revoked)}{later}"]


def _name(group: str, number: int) -> str:
    return next((name for name, each in circuits_table()[group].items() if each == number), str(number))
