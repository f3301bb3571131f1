"""Options that several commands share, and what they stand for."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from prover.secrets import Key, KeyFile, Role
from prover.toolchain.workspace import workspace
from verifier.__main__ import default_keys
from verifier.errors import FormatError, UsageError

__all__ = [
    "ACCOUNT",
    "BUNDLE",
    "CHALLENGE",
    "MARKET",
    "MARKET_INPUT",
    "POLICY",
    "SECRETS",
    "STATEMENT",
    "UNIVERSE",
    "Json",
    "PassphraseFile",
    "WithoutModel",
    "about",
    "passphrase",
    "unlock",
    "verifier_keys",
]

# Every step has a default file name, so that the quick start needs no flags.
MARKET_INPUT = Path("market-input.json")
UNIVERSE = Path("universe.json")
MARKET = Path("market.json")
ACCOUNT = Path("account.json")
STATEMENT = Path("statement.json")
POLICY = Path("policy.json")
CHALLENGE = Path("challenge.json")
BUNDLE = Path("bundle.json")
SECRETS = Path("secrets")

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout instead of text.")]
WithoutModel = Annotated[
    bool,
    typer.Option(
        "--without-model",
        help="Sign a market snapshot that names no rules to make it again from; you answer for its numbers.",
    ),
]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        help="File whose first line opens encrypted files; $ZKSOLVENCY_PASSPHRASE does the same.",
    ),
]


def passphrase(file: Path | None) -> str | None:
    """The passphrase of a file's first line or of the environment; never of an argument."""
    if file is not None:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise UsageError(f"{file}: cannot be read ({error.strerror or error})") from None
        except UnicodeDecodeError:
            raise UsageError(f"{file}: is not UTF-8 text; write the passphrase there") from None
        if not lines or not lines[0]:
            raise UsageError(f"{file}: its first line is empty; write the passphrase there")
        return lines[0]
    return os.environ.get("ZKSOLVENCY_PASSPHRASE") or None


@contextmanager
def about(path: Path) -> Iterator[None]:
    """Name the file in what is said of its members by code that does not know it."""
    try:
        yield
    except FormatError as error:
        raise error if error.source else error.within(str(path)) from None


def unlock(path: Path, kind: Role, phrase: str | None) -> Key:
    """The key of a file, asking for its passphrase on a terminal when none was given."""
    if not path.exists():
        raise UsageError(
            f"{path}: there is no such key file. Make one: zksolvency keys new {kind} --out {path}"
        )
    file = KeyFile.load(path)
    if file.kind != kind:
        raise UsageError(f"{path}: is a {file.kind}'s key, and a {kind}'s is needed")
    if file.encrypted is not None and phrase is None and sys.stdin.isatty():
        phrase = typer.prompt(f"Passphrase of {path}", hide_input=True, err=True)
    return file.unlock(phrase)


def verifier_keys(chosen: Path | None, policy: Path) -> Path:
    """The verifier's own key store: `--keys`, what `python -m verifier` would take, or the workspace's."""
    if chosen is not None:
        return chosen
    found = default_keys(policy)
    return found if found.is_dir() else workspace().keys
