"""`make demo`: a venue's real account response in, a proof out, verified in Python and in an EVM.

It runs the commands of the README's quick start in build/demo and prints each before it runs. The attestor,
the publisher and the lender are played by keys made on the spot, and are labelled so.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
import time
from pathlib import Path

from rich.console import Console

from prover.cli import main as zksolvency

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "build" / "demo"
SIZE = "8-2"

STEPS = [
    (
        "Keys for the three roles, a real account response of a venue, and that venue's margin tiers",
        "init --demo",
    ),
    ("The circuit and its development key (once)", f"setup --size {SIZE}"),
    (
        "Publisher: prices and tiers become a table of integers, with a band of ±5 % around every price",
        "market build",
    ),
    ("Publisher: signs the snapshot", "sign market.json"),
    (
        "Holder: the venue's own response becomes an account, reconciled with the venue's figures",
        "import response.json",
    ),
    ("Holder: would it pass? The exact engine says", "check"),
    ("Demo attestor: registers the holder and signs the account", "sign account.json"),
    ("Lender: what must be shown, and a fresh challenge", "policy new"),
    ("", "policy challenge"),
    ("Holder: maintenance margin proven at every price within ±5 %", "prove"),
    ("Lender: verifies in Python", "verify"),
    ("Contract: the same proof, in an EVM", "evm export"),
]

say = Console(highlight=False, soft_wrap=True)


def main() -> int:
    """Run every step, then show what the verifier learned and what it did not."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    os.chdir(FOLDER)
    timings: dict[str, float] = {}
    for title, command in STEPS:
        if title:
            say.print(f"\n[bold cyan]{title}[/]")
        say.print(f"[dim]$ zksolvency {command}[/]")
        start = time.perf_counter()
        code = zksolvency(shlex.split(command))
        timings[command] = time.perf_counter() - start
        if code != 0:
            say.print(f"[bold red]`zksolvency {command}` ended with exit code {code}[/]")
            return code
    start = time.perf_counter()
    if not in_an_evm():
        say.print("[bold red]NOT VALID[/] in the EVM")
        return 1
    timings["(EVM: compile, deploy, call)"] = time.perf_counter() - start
    learned()
    say.print("\n[bold cyan]Stage timings[/]")
    for name, seconds in timings.items():
        say.print(f"  {name:<32} {seconds:8.2f} s")
    say.print("\n[bold green]VALID[/]: build/demo has account.json, market.json, policy.json and bundle.json")
    return 0


def in_an_evm() -> bool:
    """Deploy the exported verifier into an EVM; it must accept the proof and refuse a changed signal."""
    from prover.evm.runner import Deployed

    bundle = json.loads(Path("bundle.json").read_text())
    contract = Deployed.from_source(Path("SolvencyVerifier.sol"))
    public = [int(signal) for signal in bundle["public"]]
    accepted, gas = contract.verify(bundle["proof"], public)
    refused = all(
        not contract.verify(bundle["proof"], [s + (i == k) for i, s in enumerate(public)])[0]
        for k in range(len(public))
    )
    say.print(
        f"  accepted: {accepted}, {gas:,} gas for the whole transaction; "
        f"refused when any signal changes: {refused}"
    )
    return accepted and refused


def learned() -> None:
    """What went to the verifier, and what stayed with the holder."""
    bundle = json.loads(Path("bundle.json").read_text())
    account = json.loads(Path("account.json").read_text())
    terms = bundle["statement"]["terms"]
    say.print("\n[bold cyan]What the verifier learned[/]")
    say.print(
        f"  {terms['level']} margin, floor {terms['floor']} {bundle['market']['universe']['quote']}, "
        f"as of {terms['as_of']},"
    )
    say.print(f"  subject {hex(int(terms['subject']))}, attestor {bundle['statement']['attestor'][:12]}…,")
    say.print(f"  nullifier {bundle['statement']['nullifier'][:12]}… (a pseudonym for this context only)")
    say.print("[bold cyan]What it did not[/]")
    text = json.dumps({key: bundle[key] for key in ("statement", "public", "proof", "challenge")})
    hidden = [account["cash"], *(position["size"] for position in account["positions"])]
    say.print(
        f"  cash, {len(account['positions'])} positions and their sizes, equity, margin, excess: "
        "none is in the bundle"
    )
    if any(f'"{value}"' in text for value in hidden):
        sys.exit("a private value is in the bundle")


if __name__ == "__main__":
    sys.exit(main())
