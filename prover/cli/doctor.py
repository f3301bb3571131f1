"""`zksolvency doctor`."""

from __future__ import annotations

from dataclasses import asdict

import typer

from prover.doctor import examine
from prover.toolchain.workspace import workspace

from .options import Json
from .output import emit, say, table

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)


def doctor(json_: Json = False) -> int:
    """Say what is present, missing or too old on this machine, and how to mend it.

    Exit code 3 when proofs cannot be made. Example: zksolvency doctor
    """
    findings = examine(workspace().root)
    blocked = [finding for finding in findings if finding.blocks]

    def text() -> None:
        table("", ["", "state", "found", "mend"], [[f.name, f.state, f.found, f.mend] for f in findings])
        say("everything that is needed is here" if not blocked else f"{len(blocked)} to mend before proving")

    emit({"ready": not blocked, "findings": [asdict(f) for f in findings]}, text, as_json=json_)
    return 3 if blocked else 0
