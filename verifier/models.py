"""The base of every file format: strict, frozen, bounded, with errors that name the field and the mend.

A `Document` is a JSON object whose ``schema`` member names its format and version. Unknown members,
numbers given as text or the other way round, and anything longer than its bound are refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    SerializerFunctionWrapHandler,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    model_serializer,
    model_validator,
)
from pydantic_core import CoreSchema, ErrorDetails, PydanticCustomError, core_schema

from .canonical import canonical_bytes, load_json, parse_json
from .errors import FormatError
from .field import R
from .files import write_json
from .numbers import MAX_DECIMAL, parse_decimal, parse_integer

__all__ = [
    "DecimalText",
    "Document",
    "Epoch",
    "FieldText",
    "Hex32",
    "Hex64",
    "IntText",
    "KeyHash",
    "Member",
    "PositiveText",
    "Text",
    "Time",
    "checked",
    "entries",
    "format_error",
    "rule_error",
]

_READING = {"reading": True}
_SHOWN_NAME = 60


def rule_error(problem: str, *, field: str = "", mend: str = "") -> PydanticCustomError:
    """What a validator raises: `problem` in a few words, the member below this one, and the mend."""
    return PydanticCustomError("rule", "{problem}", {"problem": problem, "field": field, "mend": mend})


class Member(BaseModel):
    """An object inside a document."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _no_nulls(cls, value: Any, info: ValidationInfo) -> Any:
        """An optional member is left out of a file, not null: one object has one canonical form."""
        if info.context == _READING and isinstance(value, dict):
            for key, inner in value.items():
                if key not in cls.model_fields and key != "schema":
                    # Here, since pydantic would make an error of each, and a hostile file has millions.
                    raise rule_error("is not a known member", field=str(key)[:_SHOWN_NAME], mend="Remove it")
                if inner is None:
                    raise rule_error("is null", field=str(key)[:_SHOWN_NAME], mend="Leave it out")
        return value

    def to_json(self) -> dict[str, Any]:
        """The object as plain JSON values."""
        return self.model_dump(mode="json", exclude_none=True)


class Document(Member):
    """A file format.

    Class attributes
    ----------------
    SCHEMA
        The value of the file's ``schema`` member.
    PRIVATE
        Whether its values must stay out of every error message, and its file be 0600.
    """

    SCHEMA: ClassVar[str] = ""
    PRIVATE: ClassVar[bool] = False

    @classmethod
    def parse(cls, obj: Any, source: str = "") -> Self:
        """Check a parsed JSON object, or JSON text, and return it as this type.

        Raises
        ------
        FormatError
            When it is not exactly this format; names the field, the value (unless private) and the mend.
        """
        if isinstance(obj, str | bytes):
            obj = cls._discreetly(lambda: parse_json(obj, source=source))
        try:
            return cls.model_validate(obj, context=_READING)
        except ValidationError as error:
            raise format_error(error, source, private=cls.PRIVATE) from None

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read and `parse` a file; UsageError when it cannot be read."""
        return cls.parse(cls._discreetly(lambda: load_json(path)), source=str(path))

    @classmethod
    def _discreetly(cls, read: Callable[[], Any]) -> Any:
        """Read JSON; what it says of a bad number in a private file must not show the number."""
        try:
            return read()
        except FormatError as error:
            if not cls.PRIVATE:
                raise
            raise FormatError(error.field, error.problem, mend=error.mend, source=error.source) from None

    def save(self, path: str | Path) -> None:
        """Write the file atomically (0600 when the format is private)."""
        write_json(path, self.to_json(), private=self.PRIVATE)

    def canonical(self) -> bytes:
        """RFC 8785 canonical JSON of the whole object."""
        return canonical_bytes(self.to_json())

    @model_validator(mode="before")
    @classmethod
    def _named_schema(cls, value: Any, info: ValidationInfo) -> Any:
        """Take the ``schema`` member off; a file must have it, Python code need not repeat it."""
        if not isinstance(value, dict):
            return value
        if "schema" not in value:
            if info.context == _READING:
                raise rule_error("is missing", field="schema", mend=f'Add "schema": "{cls.SCHEMA}"')
            return value
        if value["schema"] != cls.SCHEMA:
            raise rule_error(f'is not "{cls.SCHEMA}"', field="schema", mend="Is this the right kind of file?")
        return {key: inner for key, inner in value.items() if key != "schema"}

    @model_serializer(mode="wrap")
    def _with_schema(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {"schema": self.SCHEMA, **handler(self)}


def format_error(error: ValidationError, source: str = "", *, private: bool = True) -> FormatError:
    """The first of pydantic's errors in this project's words; of a private file without the value."""
    first = error.errors(include_url=False)[0]
    context = first.get("ctx", {})
    path = dotted((*first["loc"], *([context["field"]] if context.get("field") else [])))
    problem, mend = _words(first)
    whole = first["type"] in ("missing", "extra_forbidden") or bool(context.get("field"))
    value = first.get("input")
    shown = None if private or whole or not isinstance(value, str | int | float) else value
    return FormatError(path or "file", problem, value=shown, mend=mend, source=source)


def dotted(location: tuple[str | int, ...]) -> str:
    """``("positions", 2, "size")`` as ``positions[2].size``."""
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            name = part if len(part) <= _SHOWN_NAME else part[:_SHOWN_NAME] + "…"
            path += f".{name}" if path else name
    return path


def _words(first: ErrorDetails) -> tuple[str, str]:
    """(problem, mend) of one of pydantic's errors."""
    kind, context = first["type"], first.get("ctx", {})
    if kind == "rule":
        return context["problem"], context["mend"]
    plain = {
        "missing": ("is missing", "Add it"),
        "extra_forbidden": ("is not a known member", "Remove it"),
        "int_type": ("must be a whole number, not text", "Write it without quotes"),
        "bool_type": ("must be true or false", ""),
        "string_type": ("must be text", "Put it in quotes"),
        "string_unicode": ("is not valid Unicode", ""),
        "model_type": ("must be an object", ""),
        "dict_type": ("must be an object", ""),
        "tuple_type": ("must be a list", ""),
        "string_too_short": ("is empty", ""),
    }
    if kind in plain:
        return plain[kind]
    bounds = {
        "literal_error": ("is not a known value", "It must be {expected}"),
        "string_too_long": ("is too long", "It may have {max_length} characters"),
        "too_long": ("has too many entries", "It may have {max_length}"),
        "too_short": ("has too few entries", "It needs {min_length}"),
        "string_pattern_mismatch": ("has the wrong form", "It must match {pattern}"),
        "greater_than_equal": ("is too small", "It must be {ge} or more"),
        "less_than": ("is too large", "It must be below {lt}"),
        "less_than_equal": ("is too large", "It must be {le} or less"),
    }
    if kind in bounds:
        problem, mend = bounds[kind]
        return problem, mend.format(**context)
    return "is not well-formed", first["msg"]


def checked(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Metadata for an annotated type: `check`, whose FormatError pydantic gives the right path."""

    def run(value: Any) -> Any:
        try:
            return check(value)
        except FormatError as error:
            raise rule_error(error.problem, mend=error.mend) from None

    return run


def _decimal(text: str) -> str:
    parse_decimal(text)
    return text


def _positive(text: str) -> str:
    if parse_decimal(text) <= 0:
        raise FormatError("", "must be above zero")
    return text


def _plain(text: str) -> str:
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise FormatError("", "contains control characters", mend="Write it on one line")
    return text


_DECIMAL_SCHEMA = {
    "type": "string",
    "pattern": r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$",
    "maxLength": MAX_DECIMAL,
}


@dataclass(frozen=True)
class IntText:
    """Metadata for ``Annotated[int, …]``: an int in Python, canonical decimal text in JSON.

    Parameters
    ----------
    low, high
        The range, both ends included.
    """

    low: int
    high: int

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        """How pydantic reads and writes it."""
        return core_schema.with_info_plain_validator_function(
            self._read,
            serialization=core_schema.plain_serializer_function_ser_schema(
                str, return_schema=core_schema.str_schema()
            ),
        )

    def __get_pydantic_json_schema__(
        self, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """How a JSON Schema describes it."""
        sign = "-?" if self.low < 0 else ""
        longest = max(len(str(self.low)), len(str(self.high)))
        return {"type": "string", "pattern": f"^(0|{sign}[1-9][0-9]*)$", "maxLength": longest}

    def _read(self, value: Any, info: core_schema.ValidationInfo) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and info.context != _READING:
            value = str(value) if abs(value) < 1 << 300 else "?"
        return int(checked(lambda text: parse_integer(text, low=self.low, high=self.high))(value))


def entries(*, least: int = 0, most: int) -> Any:
    """Metadata for ``Annotated[tuple[…], …]``: a list in JSON, a tuple in Python, of bounded length.

    The first bad entry ends the reading: a hostile list has millions.
    """
    return Field(strict=False, min_length=least, max_length=most, fail_fast=True)


Text = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(checked(_plain))]
DecimalText = Annotated[str, AfterValidator(checked(_decimal)), WithJsonSchema(_DECIMAL_SCHEMA)]
PositiveText = Annotated[str, AfterValidator(checked(_positive)), WithJsonSchema(_DECIMAL_SCHEMA)]
Time = Annotated[int, Field(ge=0, lt=1 << 34)]
Epoch = Annotated[int, Field(ge=0, lt=1 << 32)]
FieldText = Annotated[int, IntText(0, R - 1)]
Hex32 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Hex64 = Annotated[str, Field(pattern=r"^[0-9a-f]{128}$")]
KeyHash = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
