"""Where the native kernel is found, when it is installed; without it everything works, slower."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from types import ModuleType

from .process import Progress

__all__ = ["kernel", "told"]


def kernel() -> ModuleType | None:
    """The kernel's module; None when it is not installed, or ``ZKSOLVENCY_NATIVE=0`` switches it off."""
    if os.environ.get("ZKSOLVENCY_NATIVE") == "0":
        return None
    try:
        return importlib.import_module("zksolvency_native")
    except ImportError:
        return None


def told(progress: Progress) -> Callable[[str, float], None]:
    """The kernel's progress (a stage and a fraction of the whole) as lines."""

    def line(stage: str, fraction: float) -> None:
        progress(f"  {stage}, {fraction:.0%}")

    return line
