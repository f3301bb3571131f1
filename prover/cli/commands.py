"""The commands, a module a group; only the group that is asked for is imported: a proof starts sooner so."""

from __future__ import annotations

from importlib import import_module

import typer

__all__ = ["GROUPS", "application"]

GROUPS = {
    "identity": ("init", "keys"),
    "doctor": ("doctor",),
    "setup": ("setup",),
    "market": ("market",),
    "account": ("import", "check", "sign"),
    "mandate": ("mandate",),
    "policy": ("policy",),
    "proof": ("prove", "verify", "inspect"),
    "evm": ("evm",),
    "conformance": ("conformance",),
}
"""Modules beside this one in the order of the help, and the first words of the commands in each."""


def application(first: str | None = None) -> typer.Typer:
    """The program with the group of commands that a first word asks for; with all groups when none has it."""
    app = typer.Typer(
        name="zksolvency",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
    )
    app.callback()(_program)
    for group in [name for name, words in GROUPS.items() if first in words] or GROUPS:
        import_module(f".{group}", __package__).register(app)
    return app


def _program() -> None:
    """Prove that a derivatives account is solvent, without showing it.

    Example: zksolvency init; the README's quick start goes on from there
    """
