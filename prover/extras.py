"""Packages of the extra `market`, imported when they are used and not before.

Proving and verifying need none of them, so nothing may import them at the top of a module.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from verifier.errors import EnvironmentFault

__all__ = ["require"]


def require(module: str) -> ModuleType:
    """The module called `module`, such as ``gmpy2`` or ``scipy.special``.

    Raises
    ------
    EnvironmentFault
        When it is not installed, with the command that installs it.
    """
    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise EnvironmentFault(
            f"{package} is needed here and cannot be imported. Run: pip install 'zksolvency[market]'"
        ) from error
