"""`zksolvency setup`: circuits compiled, keys made or checked."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import typer

from prover.toolchain.circom import compile_instance
from prover.toolchain.process import Progress
from prover.toolchain.setup import (
    Key,
    apply_beacon,
    begin_key,
    contribute_key,
    development_key,
    finish_key,
    production_key,
)
from verifier.circuits import Instance, every_instance, instances
from verifier.circuits import instance as instance_of
from verifier.errors import UsageError

from .options import Json
from .output import emit, progress, say

__all__ = ["register"]

_SMALLEST = "8-2"
_WORKERS = 2


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(setup)


def setup(
    size: Annotated[list[str] | None, typer.Option(help="Circuit; repeat for more. 8-2 by default.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every size.")] = False,
    circuits_only: Annotated[bool, typer.Option("--circuits-only", help="Compile, and make no key.")] = False,
    ptau: Annotated[Path | None, typer.Option(help="A published phase 1 file, for a production key.")] = None,
    contributor: Annotated[
        str | None, typer.Option(help="With --ptau or --contribute: who contributes.")
    ] = None,
    begin: Annotated[
        Path | None, typer.Option(help="With --ptau: write the key a ceremony starts from.")
    ] = None,
    contribute: Annotated[
        Path | None, typer.Option(help="Add a contribution to this key; needs --out.")
    ] = None,
    beacon: Annotated[
        str | None, typer.Option(help="With --contribute: close with this public value, hex.")
    ] = None,
    finish: Annotated[
        Path | None, typer.Option(help="With --ptau: check a ceremony's key and take it.")
    ] = None,
    target: Annotated[Path | None, typer.Option("--out", help="With --contribute: the key after it.")] = None,
    keys: Annotated[
        Path | None, typer.Option(help="Where keys go; the workspace's build/keys by default.")
    ] = None,
    json_: Json = False,
) -> None:
    """Compile circuits and make their keys, once; what is there and unchanged is kept.

    Without --ptau the keys are development keys: anybody can forge proofs under them, and their names end in
    _dev. docs/keys.md has the steps of a ceremony.

    Example: zksolvency setup --size 8-2 --size 14-24
    """

    def tell(line: str) -> None:
        if not json_:
            progress.print(line, style="dim")

    chosen = _chosen(size, every)
    started = time.monotonic()
    if contribute is not None:
        _contribute(contribute, target, contributor, beacon, json_)
        return
    if ptau is None and (begin is not None or finish is not None):
        raise UsageError("--begin and --finish need --ptau, a published phase 1 file")
    if ptau is None or circuits_only:
        results = _made(chosen, tell, keys, circuits_only=circuits_only)
    else:
        results = [_ceremony(one, ptau, begin, finish, contributor, tell, keys) for one in chosen]

    def text() -> None:
        for result in results:
            say("  ".join(f"{name}: {value}" for name, value in result.items()))
        if not circuits_only and ptau is None:
            say("development keys: anybody can forge proofs under them; for trials only")
        say(f"ready in {time.monotonic() - started:.1f} s")

    emit({"results": results}, text, as_json=json_)


def _ceremony(
    one: Instance,
    ptau: Path,
    begin: Path | None,
    finish: Path | None,
    contributor: str | None,
    tell: Progress,
    keys: Path | None,
) -> dict[str, Any]:
    """A step of a key's ceremony, or the whole of one with a single contributor."""
    if begin is not None:
        return {"circuit": one.name, "key": str(begin_key(one, ptau, begin, progress=tell))}
    if finish is not None:
        return _described(one, finish_key(one, ptau, finish, progress=tell, keys=keys))
    if contributor is None:
        raise UsageError("--contributor: is missing; the name is recorded in the key")
    return _described(one, production_key(one, ptau, contributor, progress=tell, keys=keys))


def _made(
    chosen: list[Instance], tell: Progress, keys: Path | None, *, circuits_only: bool
) -> list[dict[str, Any]]:
    """Circuits and development keys, two at a time: the compiler keeps one core busy, and up to 3 GB."""

    def make(one: Instance) -> dict[str, Any]:
        def told(line: str) -> None:
            tell(f"{one.size}: {line}" if len(chosen) > 1 else line)

        if circuits_only:
            return {"circuit": one.name, "constraints": compile_instance(one, progress=told).constraints}
        return _described(one, development_key(one, progress=told, keys=keys))

    # The largest first: alone at the end it would leave a core idle.
    largest = sorted(chosen, key=lambda one: one.max_constraints, reverse=True)
    with ThreadPoolExecutor(max_workers=min(_WORKERS, os.cpu_count() or 1)) as pool:
        made = {one.name: pool.submit(make, one) for one in largest}
        return [made[one.name].result() for one in chosen]


def _chosen(sizes: list[str] | None, every: bool) -> list[Instance]:
    if every:
        return list(instances().values())
    found = []
    for size in sizes or [_SMALLEST]:
        try:
            found.append(instance_of(size))
        except KeyError:
            known = ", ".join(each.size for each in every_instance().values())
            raise UsageError(f"--size {size}: is not known; it is one of {known}") from None
    return found


def _contribute(
    before: Path, after: Path | None, name: str | None, beacon: str | None, as_json: bool
) -> None:
    if after is None or name is None:
        raise UsageError(
            "--contribute needs --out, the key after it, and --contributor, whose name is recorded"
        )
    if beacon is None:
        published = contribute_key(before, after, name)
    else:
        try:
            value = bytes.fromhex(beacon)
        except ValueError:
            raise UsageError("--beacon: is not hex") from None
        published = apply_beacon(before, after, name, value)
    emit(
        {"key": str(after), "contribution": published},
        lambda: say(f"wrote {after}; publish the contribution's hash: {published}"),
        as_json=as_json,
    )


def _described(one: Instance, key: Key) -> dict[str, Any]:
    return {
        "circuit": one.name,
        "key": str(key.directory),
        "production": key.manifest.production,
        "verification_key": key.manifest.verification_key,
        "seconds": round(key.seconds, 1),
    }
