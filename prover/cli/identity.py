"""`zksolvency init` and `zksolvency keys`: a folder to work in, and the key files of the three roles."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from prover.secrets import KeyFile, Role, create_key
from verifier.canonical import load_json
from verifier.errors import UsageError
from verifier.files import write_json

from .options import MARKET_INPUT, SECRETS, Json, PassphraseFile, passphrase
from .output import emit, say

__all__ = ["register"]

RESPONSE = Path("response.json")
_DAY = 24 * 3600
_MINUTE = 60
_FIRST_ROLES: tuple[Role, ...] = ("holder", "attestor", "publisher")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(init)
    keys = typer.Typer(no_args_is_help=True)
    keys.callback()(_group)
    keys.command("new")(new)
    keys.command("show")(show)
    app.add_typer(keys, name="keys")


def _group() -> None:
    """Key files of holders, attestors and publishers.

    Example: zksolvency keys new holder
    """


def init(
    folder: Annotated[Path, typer.Argument(help="Where to put the files.")] = Path(),
    demo: Annotated[
        bool, typer.Option("--demo", help="Replace the example files of an earlier run.")
    ] = False,
    json_: Json = False,
) -> None:
    """A folder to work in: an example account, margin tiers, and key files for the three roles.

    The example account and its prices are real figures of a venue, with their times set to now so that they
    can be proven today. Existing files are kept.

    Example: zksolvency init && zksolvency market build
    """
    now = int(time.time()) - _MINUTE
    wrote: list[str] = []
    examples = examples_directory()
    response = load_json(examples / "hyperliquid-account.json")
    response["time"] = now * 1000
    market = load_json(examples / "hyperliquid-market.json")
    market |= {"time": now, "valid_until": now + _DAY, "epoch": now // _MINUTE}
    for name, content in ((RESPONSE, response), (MARKET_INPUT, market)):
        target = folder / name
        if demo or not target.exists():
            write_json(target, content, private=name == RESPONSE)
            wrote.append(str(target))
    (folder / SECRETS).mkdir(mode=0o700, parents=True, exist_ok=True)
    for kind in _FIRST_ROLES:
        target = folder / SECRETS / f"{kind}.json"
        if not target.exists():
            create_key(kind, f"{'demo ' if demo else ''}{kind}", target)
            wrote.append(str(target))
    result = {"folder": str(folder), "wrote": wrote}
    emit(result, lambda: _said(wrote), as_json=json_)


def _said(wrote: list[str]) -> None:
    for name in wrote:
        say(f"wrote {name}")
    if not wrote:
        say("everything is there already; nothing was changed")


def examples_directory() -> Path:
    """Where the example files are: in an installed wheel, or in the checkout."""
    here = Path(__file__).resolve().parents[1]
    packaged = here / "data" / "examples"
    return packaged if packaged.is_dir() else here.parent / "examples"


def new(
    kind: Annotated[str, typer.Argument(help="holder, attestor, publisher or publisher-evm.")],
    name: Annotated[str, typer.Option(help="What the key is called.")] = "",
    target: Annotated[
        Path | None, typer.Option("--out", help="The file; secrets/KIND.json by default.")
    ] = None,
    passphrase_file: PassphraseFile = None,
    json_: Json = False,
) -> None:
    """Make a new key file (mode 0600; encrypted when a passphrase is given). It never replaces one.

    Example: zksolvency keys new holder --passphrase-file phrase.txt
    """
    role = _role(kind)
    path = target or SECRETS / f"{kind}.json"
    key = create_key(role, name or kind, path, passphrase(passphrase_file))
    _show({"file": str(path), "kind": key.kind, "name": key.name, "public": key.public()}, json_)


def show(
    path: Annotated[Path, typer.Argument(help="A key file.")],
    json_: Json = False,
) -> None:
    """Show the public part of a key file: what you give to others. The secret is never shown.

    Example: zksolvency keys show secrets/attestor.json
    """
    file = KeyFile.load(path)
    encrypted = file.encrypted is not None
    _show(
        {
            "file": str(path),
            "kind": file.kind,
            "name": file.name,
            "encrypted": encrypted,
            "public": file.public,
        },
        json_,
    )


def _show(described: dict[str, Any], as_json: bool) -> None:
    def text() -> None:
        say(f"{described['kind']} key {json.dumps(described['name'])} in {described['file']}")
        for name, value in described["public"].items():
            say(f"  {name:<12} {value}")

    emit(described, text, as_json=as_json)


def _role(kind: str) -> Role:
    for role in get_args(Role):
        if kind == role:
            return role  # type: ignore[no-any-return]
    raise UsageError(f"{kind!r} is no kind of key; it is one of {', '.join(get_args(Role))}")
