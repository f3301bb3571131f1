"""The command `zksolvency`: one module a group of commands, one place where errors become exit codes.

Exit codes: 0 valid, 1 not valid or not solvent, 2 usage, 3 environment.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence

import typer
from pydantic import ValidationError
from typer.exceptions import TyperException

from prover.acceleration import accelerate_hashes
from verifier.errors import EnvironmentFault, UsageError, ZkSolvencyError
from verifier.models import format_error

from .commands import application
from .output import emit_error

__all__ = ["main"]

_INTERRUPTED = 130
"""What typer makes of a KeyboardInterrupt, without a word."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; every error ends as one line and an exit code, never as a traceback."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    accelerate_hashes()
    try:
        code = int(
            application(arguments[0] if arguments else None)(
                args=arguments, standalone_mode=False, prog_name="zksolvency"
            )
            or 0
        )
        if code == _INTERRUPTED:
            return _fail(UsageError("interrupted; files are whole, old or new"), arguments)
        return code
    except ZkSolvencyError as error:
        return _fail(error, arguments)
    except TyperException as error:
        return _misused(error, arguments)
    except ValidationError as error:
        # Files are parsed elsewhere: what does not fit a format here came with an option.
        return _fail(UsageError(f"an option does not fit: {format_error(error)}"), arguments)
    except (KeyboardInterrupt, typer.Abort):
        return _fail(UsageError("interrupted; files are whole, old or new"), arguments)
    except BrokenPipeError:
        # Nobody read the verdict to its end, so it must not count as one.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ZkSolvencyError.exit_code
    except OSError as error:
        return _fail(_from_os(error), arguments)
    except Exception as error:
        if os.environ.get("ZKSOLVENCY_DEBUG"):
            raise
        fault = EnvironmentFault(
            f"internal error ({type(error).__name__}). Set ZKSOLVENCY_DEBUG=1 to see where, "
            "and please report it"
        )
        return _fail(fault, arguments)


def _fail(error: ZkSolvencyError, arguments: Sequence[str]) -> int:
    emit_error(error, as_json="--json" in arguments)
    return error.exit_code


def _misused(error: TyperException, arguments: Sequence[str]) -> int:
    """An argument that the command line does not have or cannot read; without any, help was shown."""
    words = error.format_message()
    if words:
        words = f"{words.rstrip('.')}. See: zksolvency --help, or --help after a command's name"
        return _fail(UsageError(words), arguments)
    return UsageError.exit_code


def _from_os(error: OSError) -> ZkSolvencyError:
    where = error.filename or "a file"
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS):
        return EnvironmentFault(
            f"{where}: {error.strerror}. Old files are untouched; make room and run it again"
        )
    return UsageError(f"{where}: {error.strerror or error}")
