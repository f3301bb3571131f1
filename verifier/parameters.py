"""Public parameters of a snapshot's model: JSON that is bounded, and has no number but whole ones.

What a model's parameters mean is its builder's business; here they are only kept small and canonical.
"""

from __future__ import annotations

from typing import Any

from .canonical import refuse_surrogates
from .errors import FormatError

__all__ = ["parameters_valid"]

_MOST_VALUES = 1 << 16
_MOST_TEXT = 200
_DEEPEST = 12
_LARGEST = (1 << 53) - 1  # what canonical JSON writes exactly


def parameters_valid(value: dict[str, Any]) -> dict[str, Any]:
    """The object itself, lists where Python gave tuples.

    Raises
    ------
    FormatError
        For null, a float, text with control characters, with half of a surrogate pair or longer than 200, a
        whole number beyond 2^53, nesting deeper than 12, or more than 65,536 values.
    """
    checker = _Checker()
    found = {checker.text(key, ""): checker.checked(inner, f".{key}", 1) for key, inner in value.items()}
    refuse_surrogates(found, "parameters")
    return found


class _Checker:
    def __init__(self) -> None:
        self.values = 0

    def checked(self, value: Any, path: str, depth: int) -> Any:
        self.values += 1
        if self.values > _MOST_VALUES:
            raise FormatError("parameters", f"have more than {_MOST_VALUES} values")
        if depth > _DEEPEST:
            raise FormatError("parameters", f"are nested deeper than {_DEEPEST}")
        if isinstance(value, dict):
            return {
                self.text(key, path): self.checked(inner, f"{path}.{key}", depth + 1)
                for key, inner in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.checked(inner, f"{path}[{place}]", depth + 1) for place, inner in enumerate(value)]
        if isinstance(value, str):
            return self.text(value, path)
        if isinstance(value, bool):
            return value
        if isinstance(value, int):
            if abs(value) > _LARGEST:
                raise FormatError("parameters", "have too large a number", mend="Write it as text")
            return value
        raise FormatError(
            "parameters", f"hold what is no object, list, text, whole number or truth ({path[1:61]})"
        )

    @staticmethod
    def text(text: object, path: str) -> str:
        if not isinstance(text, str) or len(text) > _MOST_TEXT:
            raise FormatError("parameters", f"have a text longer than {_MOST_TEXT} ({path[1:61]})")
        if any(ord(character) < 32 or ord(character) == 127 for character in text):
            raise FormatError("parameters", f"have a text with control characters ({path[1:61]})")
        return text
