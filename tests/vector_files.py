"""Reading the vectors that nobody on this project wrote, before any fixture exists: for parametrising."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

VECTORS = Path(__file__).resolve().parents[2] / "shared" / "vectors"


def vector(path: str) -> Any:
    """One vector file as JSON, for parametrising; skips the module when it is not there."""
    file = VECTORS / path
    if not file.is_file():
        pytest.skip(f"skipped: ../shared/vectors/{path} is not present", allow_module_level=True)
    return json.loads(file.read_text())
