"""From an account, a table of Greeks and a mandate to the inputs of the mandate circuit."""

from __future__ import annotations

from verifier.circuits import Instance
from verifier.errors import FormatError
from verifier.field import to_field
from verifier.mandate import Mandate, mandate_hash
from verifier.market import Snapshot
from verifier.merkle import Tree
from verifier.rows import leaf_hash
from verifier.statement import Terms

from .accounts import AccountStatement
from .resolve import resolve
from .witness import Inputs, opened_inputs, public_statement

__all__ = ["mandate_inputs"]


def mandate_inputs(
    statement: AccountStatement,
    snapshot: Snapshot,
    mandate: Mandate,
    terms: Terms,
    secret: int,
    context: int,
    instance: Instance,
) -> Inputs:
    """The circuit's inputs. Whether the mandate is kept is not asked here.

    Raises
    ------
    InvalidError
        When the secret is not that of the statement's holder.
    FormatError
        When account or mandate do not fit the circuit, the snapshot has another layout, or a position is of
        an underlying that the mandate does not name.
    """
    hashed = mandate_hash(mandate, instance)
    public = public_statement(statement, snapshot, terms, secret, context, hashed)
    inputs = opened_inputs(statement, snapshot, public, secret, instance)
    held = resolve(statement, snapshot).positions
    if len(held) > instance.slots:
        raise FormatError(
            "positions", f"do not fit the circuit {instance.size}", mend=f"It has room for {instance.slots}"
        )
    listed = mandate.listed(instance.groups)
    inputs |= {
        "groups": [group for group, _ in listed],
        "limits": [list(limits) for _, limits in listed],
        "leverage": mandate.leverage_hundredths,
        "share": mandate.share,
    }
    return inputs | _slots(held, snapshot, instance, [each.group for each in mandate.underlyings])


def _slots(
    held: tuple[tuple[int, int], ...], snapshot: Snapshot, instance: Instance, groups: list[int]
) -> Inputs:
    """The inputs that there is one of for every slot; all zero for an empty one."""
    rows, layout = snapshot.row_map(), snapshot.shape
    tree = Tree({index: leaf_hash(row, layout) for index, row in rows.items()}, layout.depth)
    filled = []
    for index, size in held:
        row = rows[index]
        if row.group not in groups:
            name = snapshot.universe.underlyings[row.group - 1]
            raise FormatError("underlyings", f"have no {name}, which is held", mend="No proof can be made")
        filled.append(
            {
                "used": 1,
                "index": index,
                "size_magnitude": abs(size),
                "size_negative": int(size < 0),
                "group_choice": [int(place == groups.index(row.group)) for place in range(instance.groups)],
                "mark": to_field(row.mark),
                "nodes": [to_field(node) for node in row.nodes],
                "addon_long": row.addon_long,
                "addon_short": row.addon_short,
                "rate": [bracket.rate for bracket in row.brackets],
                "deduction": [to_field(bracket.deduction) for bracket in row.brackets],
                "upper": [bracket.upper for bracket in row.brackets],
                "siblings": [list(level) for level in tree.path(index)],
            }
        )
    empty: dict[str, object] = {
        **dict.fromkeys(("used", "index", "size_magnitude", "size_negative", "mark", "addon_long"), 0),
        "addon_short": 0,
        "group_choice": [0] * instance.groups,
        "nodes": [0] * instance.nodes,
        **{name: [0] * instance.brackets for name in ("rate", "deduction", "upper")},
        "siblings": [[0, 0, 0]] * instance.depth,
    }
    slots = filled + [empty] * (instance.slots - len(filled))
    return {name: [slot[name] for slot in slots] for name in empty}  # type: ignore[misc]
