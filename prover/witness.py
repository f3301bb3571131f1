"""From an account statement and a market snapshot to the circuit's inputs.

Everything here is integers: documents and decimals end in `prover.resolve`, and the margin engine has chosen
each group's loss and each position's bracket as an optimal prover may.
"""

from __future__ import annotations

from collections.abc import Sequence

from verifier.circuits import ONE_SIDED_NODES, SUBNODES, Instance, table, tag, width
from verifier.errors import FormatError, InvalidError
from verifier.field import to_field
from verifier.market import Snapshot, market_root
from verifier.merkle import Tree
from verifier.numbers import cash_to_int
from verifier.poseidon import poseidon
from verifier.rows import leaf_hash
from verifier.statement import Statement, Terms, subject_number
from verifier.universe import venue_hash

from .accounts import AccountStatement, holder_of
from .engine import MarginReport, margin

__all__ = ["Inputs", "circuit_inputs", "claimed_terms", "fits", "opened_inputs", "public_statement", "room"]

Inputs = dict[str, int | list[int] | list[list[int]] | list[list[list[int]]]]
"""The circuit's inputs by signal name; every number is a field element."""


def claimed_terms(statement: AccountStatement, snapshot: Snapshot, *, ratio: int, floor: int) -> Terms:
    """The claim about a statement at a snapshot's level.

    Parameters
    ----------
    ratio
        k of (20 + k)/20.
    floor
        Whole quote units.
    """
    return Terms(
        version=int(table()["terms_version"]),
        level=snapshot.level,
        coverage=statement.coverage,
        as_of=statement.as_of,
        subject=subject_number(statement.subject),
        floor=floor,
        ratio=ratio,
    )


def public_statement(
    statement: AccountStatement,
    snapshot: Snapshot,
    terms: Terms,
    secret: int,
    context: int,
    mandate: int | None = None,
) -> Statement:
    """The public signals of the proof, named; with the hash of a mandate where one is claimed to be kept."""
    return Statement(
        market_root=market_root(snapshot),
        attestor=statement.attestor.hash,
        terms=terms,
        nullifier=poseidon([tag("nullifier"), secret, context]),
        context=context,
        mandate=mandate,
    )


def fits(report: MarginReport, instance: Instance) -> bool:
    """Whether an account has no more positions, underlyings and subgroups than the circuit has room for."""
    return (
        len(report.positions) <= instance.slots
        and len(report.losses) <= instance.groups
        and len(report.sub_losses) <= instance.subgroups
        and len(report.alternative_taken) <= instance.cells
    )


def room(instance: Instance) -> str:
    """What a circuit has room for, in words."""
    subgroups = f" and {instance.subgroups} subgroups" if instance.subgroups else ""
    # A subgroup counts once in each underlying that it has positions of.
    cells = f", {instance.cells} pairs of an underlying and a subgroup" if instance.cells else ""
    return f"{instance.slots} positions in {instance.groups} underlyings{subgroups}{cells}"


def circuit_inputs(
    statement: AccountStatement,
    snapshot: Snapshot,
    terms: Terms,
    secret: int,
    context: int,
    instance: Instance,
) -> Inputs:
    """The circuit's inputs. Whether the claim holds is not asked here.

    Parameters
    ----------
    statement, snapshot, terms
        What is proven, of what.
    secret
        The holder's.
    context
        Of the challenge that the proof answers.
    instance
        The circuit.

    Raises
    ------
    InvalidError
        When the secret is not that of the statement's holder.
    FormatError
        When the account does not fit the circuit, or the snapshot has another layout.
    """
    public = public_statement(statement, snapshot, terms, secret, context)
    inputs = opened_inputs(statement, snapshot, public, secret, instance)
    report = margin(statement, snapshot, terms)
    if not fits(report, instance):
        raise FormatError(
            "positions",
            f"do not fit the circuit {instance.size}",
            mend=f"It has room for {room(instance)}",
        )
    named = _group_names(report, instance)
    covered = report.scan_losses if "isolated" in instance.layout.extensions else report.losses
    inputs |= {
        "groups": named,
        "losses": [covered.get(group, 0) for group in named],
    }
    return inputs | _extension_inputs(report, instance, named) | _slots(report, snapshot, instance, named)


def opened_inputs(
    statement: AccountStatement, snapshot: Snapshot, public: Statement, secret: int, instance: Instance
) -> Inputs:
    """The inputs of `OpenAccount` but for the slots: public signals, snapshot's header, account statement.

    Raises
    ------
    InvalidError
        When the secret is not that of the statement's holder.
    FormatError
        When the snapshot has another layout than the circuit.
    """
    if holder_of(secret) != statement.holder:
        raise InvalidError("the key is not that of the holder whom the attestor registered for this account")
    if snapshot.layout != instance.layout.name:
        raise FormatError(
            "layout", f"is not that of the circuit {instance.size}", value=snapshot.layout,
            mend=f"It opens tables of the layout {instance.layout.name}",
        )  # fmt: skip
    inputs: Inputs = dict(zip(instance.public, public.signals(instance.public), strict=True))
    return inputs | {
        "rows_root": snapshot.rows_root(),
        "universe": snapshot.universe.hash,
        "epoch": snapshot.epoch,
        "time": snapshot.time,
        "valid_until": snapshot.valid_until,
        "envelope": snapshot.envelope,
        "statement_valid_until": statement.valid_until,
        "sequence": statement.sequence,
        "venue": venue_hash(statement.venue),
        "salt": statement.salt,
        "secret": secret,
        "cash": to_field(cash_to_int(statement.cash)),
        "attestor_x": statement.attestor.x,
        "attestor_y": statement.attestor.y,
        "r8x": statement.signature.r8x,
        "r8y": statement.signature.r8y,
        "s": statement.signature.s,
    }


def _group_names(report: MarginReport, instance: Instance) -> list[int]:
    """The groups that the account is in, and what a circuit with room for more calls the others.

    Those are 0; but where groups may choose between two charges all must ascend, so that no two are the same.
    """
    named = sorted(report.losses)
    idle = range(instance.groups - len(named))
    if "isolated" in instance.layout.extensions:
        return [*named, *(max(named, default=0) + 1 + each for each in idle)]
    return [*named, *(0 for _ in idle)]


def _extension_inputs(report: MarginReport, instance: Instance, groups: Sequence[int]) -> Inputs:
    """What an optimal prover chooses for the extensions of the circuit's layout."""
    found: Inputs = {}
    extensions = instance.layout.extensions
    if "isolated" in extensions:
        found["isolated_choice"] = [int(group in report.is_isolated) for group in groups]
    if "subgroups" in extensions:
        idle = [0] * (instance.subgroups - len(report.sub_losses))
        found["subgroups"] = [*report.sub_losses, *idle]
        found["sub_losses"] = [*report.sub_losses.values(), *idle]
    if "alternatives" in extensions:
        cells = list(report.alternative_taken)
        unused = range(instance.cells - len(cells))
        idle = [0 for _ in unused]
        if "one_sided" in extensions:
            # Cells ascend by group and subgroup; the first group's ids go on as far as wanted.
            last_group, last_subgroup = cells[-1] if cells else (groups[0], 0)
            after = (last_group - groups[0] << width("group")) + last_subgroup
            idle = [after + 1 + place for place in unused]
            found["is_loss"] = [
                *([int(not gained) for gained in report.turned[cell]] for cell in cells),
                *([0] * ONE_SIDED_NODES for _ in unused),
            ]
        found["cell_subgroup"] = [*(subgroup for _, subgroup in cells), *idle]
        places = [*(groups.index(group) for group, _ in cells), *(0 for _ in unused)]
        found["cell_group_choice"] = [_one_hot(place, instance.groups) for place in places]
        found["take_alternative"] = [
            *([int(taken) for taken in report.alternative_taken[cell]] for cell in cells),
            *([0] * instance.nodes for _ in unused),
        ]
    return found


def _slots(report: MarginReport, snapshot: Snapshot, instance: Instance, groups: Sequence[int]) -> Inputs:
    """The inputs that there is one of for every slot; all zero for an empty one."""
    rows = snapshot.row_map()
    layout = snapshot.shape
    subgroups, cells = list(report.sub_losses), list(report.alternative_taken)
    tree = Tree({index: leaf_hash(row, layout) for index, row in rows.items()}, layout.depth)
    filled = []
    for position in report.positions:
        row = rows[position.index]
        filled.append(
            {
                "used": 1,
                "index": position.index,
                "size_magnitude": abs(position.size),
                "size_negative": int(position.size < 0),
                "group_choice": _one_hot(groups.index(row.group), instance.groups),
                "bracket_choice": _one_hot(position.bracket, instance.brackets),
                "mark": to_field(row.mark),
                "nodes": [to_field(node) for node in row.nodes],
                "addon_long": row.addon_long,
                "addon_short": row.addon_short,
                "rate": [bracket.rate for bracket in row.brackets],
                "deduction": [to_field(bracket.deduction) for bracket in row.brackets],
                "upper": [bracket.upper for bracket in row.brackets],
                "siblings": [list(level) for level in tree.path(position.index)],
                "charge_long": row.charge_long,
                "charge_short": row.charge_short,
                "subgroup_choice": _chosen(row.subgroup, subgroups, instance.subgroups),
                "subnodes": [to_field(node) for node in row.subnodes],
                "isolated_long": row.isolated_long,
                "isolated_short": row.isolated_short,
                "cell_choice": _chosen((row.group, row.subgroup), cells, instance.cells),
                "alternatives": [to_field(node) for node in row.alternatives],
            }
        )
    empty: dict[str, object] = {
        "used": 0,
        "index": 0,
        "size_magnitude": 0,
        "size_negative": 0,
        "group_choice": [0] * instance.groups,
        "bracket_choice": [0] * instance.brackets,
        "mark": 0,
        "nodes": [0] * instance.nodes,
        "addon_long": 0,
        "addon_short": 0,
        "rate": [0] * instance.brackets,
        "deduction": [0] * instance.brackets,
        "upper": [0] * instance.brackets,
        "siblings": [[0, 0, 0]] * instance.depth,
    }
    empty |= _empty_extensions(instance)
    slots = filled + [empty] * (instance.slots - len(filled))
    return {name: [slot[name] for slot in slots] for name in empty}  # type: ignore[misc]


def _empty_extensions(instance: Instance) -> dict[str, object]:
    """The inputs that a slot has for its circuit's extensions, and no others, as an empty slot has them."""
    inputs: dict[str, dict[str, object]] = {
        "charges": {"charge_long": 0, "charge_short": 0},
        "subgroups": {"subgroup_choice": [0] * instance.subgroups, "subnodes": [0] * SUBNODES},
        "isolated": {"isolated_long": 0, "isolated_short": 0},
        "alternatives": {"cell_choice": [0] * instance.cells, "alternatives": [0] * instance.nodes},
        "one_sided": {},
    }
    return {name: value for each in instance.layout.extensions for name, value in inputs[each].items()}


def _chosen(name: object, names: Sequence[object], length: int) -> list[int]:
    """One-hot, or all zero where the name is not among those that were named."""
    return _one_hot(names.index(name) if name in names else -1, length)


def _one_hot(place: int, length: int) -> list[int]:
    return [int(each == place) for each in range(length)]
