"""Rebuild a published snapshot from itself alone, and name the first number that differs."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from verifier.circuits import Layout
from verifier.errors import FormatError
from verifier.market import Level, RowEntry, Snapshot
from verifier.models import Document
from verifier.universe import Universe

__all__ = [
    "BUILDERS",
    "Builder",
    "builder_for",
    "check_model",
    "check_signable",
    "compare",
    "rebuild",
    "stated_input",
]


@dataclass(frozen=True)
class Builder:
    """A builder of snapshots, imported when it is used.

    Attributes
    ----------
    models
        Names of the models that its snapshots carry.
    schema
        Of its input's files.
    document, build
        ``module:name`` of the input's class, and of (input, level, layout, universe) → (universe, snapshot).
    stated
        ``module:name`` of (snapshot) → input; where empty, the model's parameter ``input`` is it.
    """

    models: tuple[str, ...]
    schema: str
    document: str
    build: str
    stated: str = ""

    def parse(self, value: Any, source: str) -> Document:
        """An input from JSON."""
        kind: type[Document] = _named(self.document)
        return kind.parse(value, source)

    def make(
        self, given: Document, level: Level, layout: Layout | str, universe: Universe | None
    ) -> tuple[Universe, Snapshot]:
        """Universe and unsigned snapshot of an input."""
        made: tuple[Universe, Snapshot] = _named(self.build)(given, level, layout, universe)
        return made


BUILDERS: tuple[Builder, ...] = (
    Builder(
        models=("brackets",),
        schema="zksolvency/market-input/1",
        document="prover.tables.inputs:MarketInput",
        build="prover.tables.build:build_market",
        stated="prover.tables.bracket_model:input_of",
    ),
    Builder(
        models=("span", "paradex", "deribit"),
        schema="zksolvency/grid-input/1",
        document="prover.tables.grid_inputs:GridInput",
        build="prover.tables.grid_market:build_grid",
    ),
    Builder(
        models=("derive-standard",),
        schema="zksolvency/derive-standard-input/1",
        document="prover.tables.derive_standard_inputs:StandardInput",
        build="prover.tables.derive_standard:build_standard",
    ),
    Builder(
        models=("derive-portfolio",),
        schema="zksolvency/derive-portfolio-input/1",
        document="prover.tables.derive_portfolio_document:PortfolioInput",
        build="prover.tables.derive_portfolio_market:build_portfolio",
    ),
    Builder(
        models=("opyn",),
        schema="zksolvency/opyn-input/1",
        document="prover.tables.opyn_inputs:OpynInput",
        build="prover.tables.opyn:build_opyn",
    ),
    Builder(
        models=("options",),
        schema="zksolvency/options-input/1",
        document="prover.tables.option_inputs:OptionsInput",
        build="prover.tables.options:build_options",
    ),
    # After the builder of margins, which `market build` takes for the same input.
    Builder(
        models=("greeks",),
        schema="zksolvency/options-input/1",
        document="prover.tables.option_inputs:OptionsInput",
        build="prover.tables.greeks:build_greeks",
    ),
)
"""Every builder of market snapshots: what `market build` reads and `market verify` rebuilds."""


def builder_for(schema: object) -> Builder | None:
    """The builder that reads files of a schema."""
    return next((each for each in BUILDERS if each.schema == schema), None)


def stated_input(snapshot: Snapshot) -> tuple[Builder, Document]:
    """The builder that a snapshot's model names, and the input that it states.

    Raises
    ------
    FormatError
        When it names no model, an unknown one, or parameters that are no input.
    """
    model = snapshot.model
    if model is None:
        raise FormatError(
            "model", "is missing, so nothing says how rows follow", mend="Rebuild it from its input instead"
        )
    builder = next((each for each in BUILDERS if model.name in each.models), None)
    if builder is None:
        known = ", ".join(name for each in BUILDERS for name in each.models)
        raise FormatError("model.name", "is not known", value=model.name, mend=f"Known: {known}")
    if builder.stated:
        given: Document = _named(builder.stated)(snapshot)
        return builder, given
    return builder, builder.parse(model.parameters.get("input"), "model.parameters.input")


def rebuild(snapshot: Snapshot) -> Snapshot:
    """The snapshot that its own feeds, universe and model give.

    Raises
    ------
    FormatError
        See `stated_input`; or when the builder refuses the input.
    """
    builder, given = stated_input(snapshot)
    return builder.make(given, snapshot.level, snapshot.shape, snapshot.universe)[1]


def _named(target: str) -> Any:
    module, _, name = target.partition(":")
    return getattr(import_module(module), name)


def check_model(snapshot: Snapshot) -> None:
    """Rebuild a snapshot from itself and compare.

    Raises
    ------
    FormatError
        Names the first member, row and number in which the two differ.
    """
    compare(snapshot, rebuild(snapshot))


def check_signable(snapshot: Snapshot, *, without_model: bool = False) -> None:
    """What a publisher's tool demands before it signs: every number follows from the rules that are named.

    Well-formed rows are not enough: a band could be widened alone, or a mark raised alone. What the snapshot
    states and rows are made from, such as prices and the width of bands, is for the publisher to judge.

    Parameters
    ----------
    snapshot
        What is to be signed.
    without_model
        Whether the publisher says that a snapshot without named rules is right; one with rules is rebuilt all
        the same.

    Raises
    ------
    FormatError
        When a number is not what the model gives, or there is no model and that was not allowed.
    """
    if snapshot.model is None and without_model:
        return
    if snapshot.model is None:
        raise FormatError(
            "model",
            "is missing, so nothing says how bands and rows follow",
            mend="Rebuild it from its input; or sign with --without-model what you checked in another way",
        )
    check_model(snapshot)


def compare(snapshot: Snapshot, wanted: Snapshot) -> None:
    """Name the first difference between a snapshot and what its builder gives; signatures aside.

    Raises
    ------
    FormatError
        With the number found and the number that it must be.
    """
    for entry, rebuilt in zip(snapshot.rows, wanted.rows, strict=False):
        if entry != rebuilt:
            _row(entry, rebuilt)
    for name in Snapshot.model_fields:
        if name in ("signatures", "rows"):
            continue
        before, after = getattr(snapshot, name), getattr(wanted, name)
        if before != after:
            path, found, must = _first(name, _plain(before), _plain(after))
            raise FormatError(path, "is not what the model gives", value=found, mend=f"It must be {must}")
    if len(snapshot.rows) != len(wanted.rows):
        raise FormatError(
            "rows", "are not as many as the model gives", value=len(snapshot.rows), mend=str(len(wanted.rows))
        )


def _row(entry: RowEntry, rebuilt: RowEntry) -> None:
    for name in RowEntry.model_fields:
        before, after = getattr(entry, name), getattr(rebuilt, name)
        if before != after:
            path, found, must = _first(f"rows[{entry.index}].{name}", _plain(before), _plain(after))
            raise FormatError(
                path,
                "is not what the input gives",
                value=found,
                mend=f"It must be {must}. Build the snapshot again, or find out who changed it",
            )


def _first(path: str, before: Any, after: Any) -> tuple[str, Any, Any]:
    """Path and both values of the first leaf that differs."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            if before.get(key) != after.get(key):
                return _first(f"{path}.{key}", before.get(key), after.get(key))
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for place, (one, other) in enumerate(zip(before, after, strict=True)):
            if one != other:
                return _first(f"{path}[{place}]", one, other)
    return path, before, after


def _plain(value: Any) -> Any:
    """Models and tuples as dictionaries and lists."""
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if hasattr(value, "model_dump"):
        return {name: _plain(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return value
