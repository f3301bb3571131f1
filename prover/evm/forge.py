"""Run forge on the contracts, offline, with the compiler of the Node packages.

``python -m prover.evm.forge build|test|snapshot|…``: what follows goes to forge as it is. npm may be
told not to run packages' install scripts, so the program is taken from the platform's package itself.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from prover.toolchain.process import npm, run
from verifier.canonical import load_json
from verifier.errors import EnvironmentFault, ZkSolvencyError
from verifier.files import write_json

from .statement import CONTRACTS

__all__ = ["ARTIFACTS", "GAS", "forge", "foundry_program", "main", "prepare", "write_gas"]

ARTIFACTS = CONTRACTS.parents[1] / "build" / "contracts" / "out"
"""Where forge writes ABI and code."""

GAS = CONTRACTS / "gas" / "transactions.json"
"""Gas of whole transactions, committed and compared."""

_SYSTEMS = {"Linux": "linux", "Darwin": "darwin", "Windows": "win32"}
_PROCESSORS = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_NPM_LIMIT = 900.0


def foundry_program(name: str) -> Path:
    """The path of ``forge`` or ``anvil``.

    Raises
    ------
    EnvironmentFault
        When its package is not installed or there is none for this system.
    """
    system, processor = _SYSTEMS.get(platform.system()), _PROCESSORS.get(platform.machine())
    suffix = ".exe" if system == "win32" else ""
    place = CONTRACTS / "node_modules" / "@foundry-rs" / f"{name}-{system}-{processor}" / "bin"
    program = place / f"{name}{suffix}"
    if not program.is_file():
        raise EnvironmentFault(f"{name} is not installed. Run: npm install in verifier/contracts")
    return program


def prepare() -> None:
    """Install the contracts' Node packages when they are not there.

    Raises
    ------
    EnvironmentFault
        When npm is missing or fails.
    """
    try:
        foundry_program("forge")
    except EnvironmentFault:
        run(
            [npm(), "install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"],
            cwd=CONTRACTS,
            limit=_NPM_LIMIT,
            what="installing the contracts' Node packages",
            mend="Run: npm install --no-package-lock in verifier/contracts",
        )


def forge(arguments: Sequence[str], **settings: str) -> int:
    """Run forge in the contracts' folder; its output goes straight through.

    Parameters
    ----------
    arguments
        For forge, such as ``["test", "-vv"]``.
    settings
        Settings of foundry.toml to override, such as ``profile="gas"``.

    Returns
    -------
    int
        Forge's exit code.

    Raises
    ------
    EnvironmentFault
        When forge is missing.
    """
    environment = {**os.environ, "FOUNDRY_OFFLINE": "true", "FOUNDRY_DISABLE_NIGHTLY_WARNING": "1"}
    environment |= {f"FOUNDRY_{name.upper()}": value for name, value in settings.items()}
    done = subprocess.run(
        [str(foundry_program("forge")), *arguments], cwd=CONTRACTS, env=environment, check=False
    )
    return done.returncode


def write_gas(target: Path) -> None:
    """Write the committed gas of whole transactions as ``{name: gas}``.

    Raises
    ------
    UsageError
        When it was never measured.
    """
    measured = load_json(GAS)
    write_json(target, {name: int(used) for name, used in measured.items()})


def main(arguments: Sequence[str]) -> int:
    """Prepare what forge needs, then run it.

    ``snapshot`` measures gas and writes it to `GAS`; ``snapshot --check`` compares with what is there, and
    writes it to ``build/gas.json`` when it agrees. Everything else goes to forge as it is.
    """
    prepare()
    match list(arguments):
        case ["snapshot"]:
            return forge(["test"], profile="gas", gas_snapshot_check="false")
        case ["snapshot", "--check"]:
            code = forge(["test"], profile="gas", gas_snapshot_check="true")
            if code == 0:
                write_gas(CONTRACTS.parents[1] / "build" / "gas.json")
            return code
        case _:
            return forge(arguments)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:] or ["test"]))
    except ZkSolvencyError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
