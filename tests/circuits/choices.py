"""What a prover may choose (losses, brackets, groups, cells), and what a dishonest one would.

`broken_rules` states the design's rules over plain integers, straight from a circuit's inputs; it shares no
code with the circuit and picks nothing itself, unlike the engine.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from itertools import pairwise

from verifier.circuits import ONE_SIDED_NODES, Instance, scale, width
from verifier.field import R, from_field, to_field
from verifier.packing import unpack

from .accounts import Inputs, Market, one_hot

Tamper = Callable[[random.Random, Inputs, Instance], None]

_LOSS_BITS = 127


def broken_rules(inputs: Inputs, market: Market, instance: Instance) -> set[str]:
    """Names of the design's margin rules that these choices break: none when the claim is shown."""
    broken = set()
    terms = unpack("terms", inputs["terms"])
    sizes = _sizes(inputs, instance)
    equity = from_field(inputs["cash"])
    addon = 0
    part: list[list[int]] = [[0] * instance.nodes for _ in range(instance.groups)]
    for i in range(instance.slots):
        groups, brackets = inputs["group_choice"][i], inputs["bracket_choice"][i]
        for choice in (groups, brackets):
            if any(bit not in (0, 1) for bit in choice) or sum(choice) != inputs["used"][i]:
                return {"choice"}
        for name in ("subgroup_choice", "cell_choice"):
            choice = inputs.get(name, [[]] * instance.slots)[i]
            if any(bit not in (0, 1) for bit in choice) or sum(choice) > inputs["used"][i]:
                return {"choice"}
        if not inputs["used"][i]:
            continue
        row = market.rows[inputs["index"][i]]
        chosen = groups.index(1)
        if inputs["groups"][chosen] != row.group:
            broken.add("group")
        equity += sizes[i] * row.mark
        for s, node in enumerate(row.nodes):
            part[chosen][s] += sizes[i] * node
        addon += abs(sizes[i]) * (row.addon_long if sizes[i] > 0 else row.addon_short)
        k = brackets.index(1)
        lower = row.brackets[k - 1].upper if k else 0
        if not lower <= abs(sizes[i]) <= row.brackets[k].upper:
            broken.add("bracket")
        addon += abs(sizes[i]) * row.brackets[k].rate - row.brackets[k].deduction
    if broken:
        return broken  # a position counted as it is not: what that comes to is no matter
    losses = [from_field(loss) for loss in inputs["losses"]]
    bits = _LOSS_BITS + (instance.slots - 1).bit_length()
    extensions = instance.layout.extensions
    if "alternatives" in extensions:
        broken |= _discount(part, sizes, inputs, market, instance)
    if "charges" in extensions:
        for g, charge in enumerate(_by_group("charge", sizes, inputs, market, instance)):
            part[g][-2] -= charge
            part[g][-1] -= charge
    if any(not 0 <= loss < 1 << bits + ("charges" in extensions) for loss in losses):
        broken.add("loss")
    if any(loss + at < 0 for loss, group in zip(losses, part, strict=True) for at in group):
        broken.add("node")
    if "isolated" in extensions:
        broken |= _either_or(losses, sizes, inputs, market, instance)
    if "subgroups" in extensions:
        losses += [from_field(loss) for loss in inputs["sub_losses"]]
        broken |= _subgroups(sizes, inputs, market, instance, bits)
    claim = 20 * equity - (20 + terms["ratio"]) * (addon + sum(losses))
    if claim - 20 * terms["floor"] * 10 ** scale("cash") < 0:
        broken.add("margin")
    return broken


def _by_group(kind: str, sizes: list[int], inputs: Inputs, market: Market, instance: Instance) -> list[int]:
    """What the positions that picked each group pay on the gross size of their sides."""
    sums = [0] * instance.groups
    for i, size in enumerate(sizes):
        if size:
            rate = getattr(market.rows[inputs["index"][i]], f"{kind}_{'long' if size > 0 else 'short'}")
            sums[inputs["group_choice"][i].index(1)] += abs(size) * rate
    return sums


def _either_or(
    losses: list[int], sizes: list[int], inputs: Inputs, market: Market, instance: Instance
) -> set[str]:
    """Put isolated charges in the place of losses, where chosen; names what is against the rules."""
    broken = set()
    if any(bit not in (0, 1) for bit in inputs["isolated_choice"]):
        return {"either-or"}
    names = inputs["groups"]
    if any(not 1 <= (b - a) % R <= 1 << width("group") for a, b in pairwise(names)):
        broken.add("names")
    for g, charge in enumerate(_by_group("isolated", sizes, inputs, market, instance)):
        if inputs["isolated_choice"][g]:
            losses[g] = charge
    return broken


def _subgroups(sizes: list[int], inputs: Inputs, market: Market, instance: Instance, bits: int) -> set[str]:
    broken = set()
    profits = [[0, 0] for _ in range(instance.subgroups)]
    for i, size in enumerate(sizes):
        row = market.rows[inputs["index"][i]] if size else None
        named = [j for j, bit in enumerate(inputs["subgroup_choice"][i]) if bit]
        if row and row.subgroup != sum(inputs["subgroups"][j] for j in named):
            broken.add("subgroup")
        for j in named:
            for t in range(2):
                profits[j][t] += size * row.subnodes[t] if row else 0
    for loss, profit in zip((from_field(x) for x in inputs["sub_losses"]), profits, strict=True):
        if not 0 <= loss < 1 << bits:
            broken.add("subgroup's loss")
        if loss + min(profit) < 0:
            broken.add("subgroup's node")
    return broken


def _discount(
    part: list[list[int]], sizes: list[int], inputs: Inputs, market: Market, instance: Instance
) -> set[str]:
    """Put cells' chosen sums in the place of plain profits; names what is against the rules."""
    broken = set()
    own = [[0] * instance.nodes for _ in range(instance.cells)]
    other = [[0] * instance.nodes for _ in range(instance.cells)]
    places = []
    for choice in inputs["cell_group_choice"]:
        if any(bit not in (0, 1) for bit in choice) or sum(choice) != 1:
            return {"choice"}
        places.append(choice.index(1))
    for i, size in enumerate(sizes):
        row = market.rows[inputs["index"][i]] if size else None
        cell = next((c for c, bit in enumerate(inputs["cell_choice"][i]) if bit), None)
        if row and row.subgroup != (0 if cell is None else inputs["cell_subgroup"][cell]):
            broken.add("cell's subgroup")
        if row is None or cell is None:
            continue
        if inputs["groups"][places[cell]] != row.group:
            broken.add("cell's group")
        for s in range(instance.nodes):
            own[cell][s] += size * row.nodes[s]
            other[cell][s] += size * row.alternatives[s]
            part[inputs["group_choice"][i].index(1)][s] -= size * row.nodes[s]
    for cell, bits in enumerate(inputs["take_alternative"]):
        for s, bit in enumerate(bits):
            if bit not in (0, 1):
                return {"alternative"}
            if (other[cell][s] - own[cell][s]) * (1 - 2 * bit) < 0:
                broken.add("alternative")
            part[places[cell]][s] += other[cell][s] if bit else own[cell][s]
            own[cell][s] = other[cell][s] if bit else own[cell][s]
    if "one_sided" in instance.layout.extensions:
        broken |= _one_sided(part, own, places, inputs)
    return broken


def _one_sided(part: list[list[int]], worse: list[list[int]], places: list[int], inputs: Inputs) -> set[str]:
    """Count what cells gain at the last nodes against them; names what is against the rules."""
    broken = set()
    names = [
        (inputs["groups"][place] << width("group")) + subgroup
        for place, subgroup in zip(places, inputs["cell_subgroup"], strict=True)
    ]
    if any(not 1 <= (b - a) % R <= 1 << 2 * width("group") + 1 for a, b in pairwise(names)):
        broken.add("cells' names")
    for cell, bits in enumerate(inputs["is_loss"]):
        for o, bit in enumerate(bits):
            profit = worse[cell][o - ONE_SIDED_NODES]
            if bit not in (0, 1):
                return {"is a loss"}
            if profit * (1 - 2 * bit) < 0:
                broken.add("is a loss")
            part[places[cell]][o - ONE_SIDED_NODES] -= (2 if o else 1) * (0 if bit else profit)
    return broken


def _sizes(inputs: Inputs, instance: Instance) -> list[int]:
    return [
        -inputs["size_magnitude"][i] if inputs["size_negative"][i] else inputs["size_magnitude"][i]
        for i in range(instance.slots)
    ]


# --- what a dishonest prover would try ----------------------------------------------------------------


def tampered(rng: random.Random, inputs: Inputs, instance: Instance) -> tuple[str, Inputs]:
    """The inputs with one choice changed at random, and the change's name."""
    tampers = {**TAMPERS}
    for extension in instance.layout.extensions:
        tampers |= EXTENSION_TAMPERS.get(extension, {})
    # New rules have their turn as often as the old ones together.
    further = sorted(set(tampers) - set(TAMPERS))
    name = rng.choice(further if further and rng.random() < 0.6 else sorted(TAMPERS))
    edited = copy.deepcopy(inputs)
    tampers[name](rng, edited, instance)
    return name, edited


def _add_to_loss(rng: random.Random, inputs: Inputs, instance: Instance, change: int) -> None:
    g = rng.randrange(instance.groups)
    inputs["losses"][g] = to_field(from_field(inputs["losses"][g]) + change)


def _tighten_loss(rng: random.Random, inputs: Inputs, instance: Instance) -> None:
    _add_to_loss(rng, inputs, instance, -rng.choice((1, 2, rng.getrandbits(60), rng.getrandbits(120))))


def _loosen_loss(rng: random.Random, inputs: Inputs, instance: Instance) -> None:
    _add_to_loss(rng, inputs, instance, rng.choice((1, 2, rng.getrandbits(60), 1 << 140)))


def _negative_loss(rng: random.Random, inputs: Inputs, instance: Instance) -> None:
    """A group that nobody is in owes the account something."""
    inputs["losses"][-1] = to_field(-rng.choice((1, 20, rng.getrandbits(100) + 1)))


def _other_bracket(rng: random.Random, inputs: Inputs, instance: Instance) -> None:
    _choose_bracket(inputs, instance, _some_slot(rng, inputs), rng.randrange(instance.brackets))


def _cheapest_bracket(rng: random.Random, inputs: Inputs, instance: Instance) -> None:
    """The cheapest bracket, whatever its bounds."""
    slot = _some_slot(rng, inputs)
    magnitude = inputs["size_magnitude"][slot]
    charges = [
        magnitude * rate - from_field(deduction)
        for rate, deduction in zip(inputs["rate"][slot], inputs["deduction"][slot], strict=True)
    ]
    _choose_bracket(inputs, instance, slot, charges.index(min(charges)))


def _no_bracket(rng: random.Random, inputs: Inputs, instance: Instance) -> None:
    inputs["bracket_choice"][_some_slot(rng, inputs)] = [0] * instance.brackets


def _two_halves_of_brackets(rng: random.Random, inputs: Inputs, instance: Instance) -> None:
    """A mix of two brackets that adds up to one: 2·first − last."""
    choice = [0] * instance.brackets
    choice[0], choice[-1] = 2, to_field(-1)
    inputs["bracket_choice"][_some_slot(rng, inputs)] = choice


def _name_group_twice(rng: random.Random, inputs: Inputs, instance: Instance) -> None:
    """One underlying under two names, a position moved to the second: gains leave its losses alone."""
    slot = _some_slot(rng, inputs)
    choice = inputs["group_choice"][slot]
    unused = not any(choice[-1] for choice in inputs["group_choice"])
    if inputs["used"][slot] and unused:
        inputs["groups"][-1] = inputs["groups"][choice.index(1)]
        inputs["group_choice"][slot] = one_hot(instance.groups - 1, instance.groups)
        if rng.random() < 0.5:  # what the moved position loses on its own
            inputs["losses"][-1] = _own_loss(inputs, slot)


def _wrong_group(rng: random.Random, inputs: Inputs, instance: Instance) -> None:
    """A position counted in another group, where it may offset something."""
    slot = _some_slot(rng, inputs)
    if inputs["used"][slot]:
        inputs["group_choice"][slot] = one_hot(rng.randrange(instance.groups), instance.groups)


def _some_slot(rng: random.Random, inputs: Inputs) -> int:
    return rng.randrange(max(1, sum(inputs["used"])))


def _choose_bracket(inputs: Inputs, instance: Instance, slot: int, bracket: int) -> None:
    if inputs["used"][slot]:
        inputs["bracket_choice"][slot] = one_hot(bracket, instance.brackets)


def _own_loss(inputs: Inputs, slot: int) -> int:
    size = inputs["size_magnitude"][slot] * (-1 if inputs["size_negative"][slot] else 1)
    return max(0, *(-size * from_field(node) for node in inputs["nodes"][slot]))


TAMPERS: dict[str, Tamper] = {
    "tighten_loss": _tighten_loss,
    "loosen_loss": _loosen_loss,
    "negative_loss": _negative_loss,
    "other_bracket": _other_bracket,
    "cheapest_bracket": _cheapest_bracket,
    "no_bracket": _no_bracket,
    "two_brackets": _two_halves_of_brackets,
    "name_group_twice": _name_group_twice,
    "wrong_group": _wrong_group,
}


def _pay_other_way(rng: random.Random, inputs: Inputs, instance: Instance) -> None:
    g = rng.randrange(instance.groups)
    inputs["isolated_choice"][g] = 1 - inputs["isolated_choice"][g]


def _pay_between(rng: random.Random, inputs: Inputs, instance: Instance) -> None:
    inputs["isolated_choice"][rng.randrange(instance.groups)] = rng.choice((2, to_field(-1), pow(2, -1, R)))


def _no_loss_when_isolated(rng: random.Random, inputs: Inputs, instance: Instance) -> None:
    """A scenario loss that counts for nothing must cover its nodes all the same."""
    inputs["losses"][rng.randrange(instance.groups)] = 0


def _same_names(rng: random.Random, inputs: Inputs, instance: Instance) -> None:
    """Any two groups by one name, or a name that comes round."""
    inputs["groups"][-1] = rng.choice((inputs["groups"][0], 0, to_field(-1), inputs["groups"][-2] + 1))


def _leave_subgroup(rng: random.Random, inputs: Inputs, instance: Instance) -> None:
    inputs["subgroup_choice"][_some_slot(rng, inputs)] = [0] * instance.subgroups


def _other_subgroup(rng: random.Random, inputs: Inputs, instance: Instance) -> None:
    place = rng.randrange(instance.subgroups)
    inputs["subgroup_choice"][rng.randrange(instance.slots)] = one_hot(place, instance.subgroups)


def _name_subgroup_twice(rng: random.Random, inputs: Inputs, instance: Instance) -> None:
    """One subgroup under two names, a position moved to the second, whose loss is what it loses alone."""
    slot = _some_slot(rng, inputs)
    choice = inputs["subgroup_choice"][slot]
    if 1 in choice and not inputs["subgroups"][-1]:
        inputs["subgroups"][-1] = inputs["subgroups"][choice.index(1)]
        inputs["subgroup_choice"][slot] = one_hot(instance.subgroups - 1, instance.subgroups)
        size = _sizes(inputs, instance)[slot]
        own = max(0, *(-size * from_field(node) for node in inputs["subnodes"][slot]))
        inputs["sub_losses"][-1] = rng.choice((0, own))


def _subgroup_loss(rng: random.Random, inputs: Inputs, instance: Instance) -> None:
    j = rng.randrange(instance.subgroups)
    change = rng.choice((-1, 1, rng.getrandbits(60), -rng.getrandbits(100)))
    inputs["sub_losses"][j] = to_field(from_field(inputs["sub_losses"][j]) + change)


def _better_alternative(rng: random.Random, inputs: Inputs, instance: Instance) -> None:
    cell, s = rng.randrange(instance.cells), rng.randrange(instance.nodes)
    inputs["take_alternative"][cell][s] = 1 - inputs["take_alternative"][cell][s]


def _all_alternatives(rng: random.Random, inputs: Inputs, instance: Instance) -> None:
    bit = rng.choice((0, 1))
    inputs["take_alternative"] = [[bit] * instance.nodes for _ in range(instance.cells)]


def _half_alternative(rng: random.Random, inputs: Inputs, instance: Instance) -> None:
    cell, s = rng.randrange(instance.cells), rng.randrange(instance.nodes)
    inputs["take_alternative"][cell][s] = rng.choice((2, to_field(-1), pow(2, -1, R)))


def _leave_cell(rng: random.Random, inputs: Inputs, instance: Instance) -> None:
    inputs["cell_choice"][_some_slot(rng, inputs)] = [0] * instance.cells


def _other_cell(rng: random.Random, inputs: Inputs, instance: Instance) -> None:
    place = rng.randrange(instance.cells)
    inputs["cell_choice"][rng.randrange(instance.slots)] = one_hot(place, instance.cells)


def _cell_elsewhere(rng: random.Random, inputs: Inputs, instance: Instance) -> None:
    cell = rng.randrange(instance.cells)
    choice = rng.choice((one_hot(rng.randrange(instance.groups), instance.groups), [1] * instance.groups))
    inputs["cell_group_choice"][cell] = choice


def _call_it_a_loss(rng: random.Random, inputs: Inputs, instance: Instance) -> None:
    """A gain that is called a loss counts as neither."""
    cell, o = rng.randrange(instance.cells), rng.randrange(ONE_SIDED_NODES)
    inputs["is_loss"][cell][o] = rng.choice((1 - inputs["is_loss"][cell][o], 2, pow(2, -1, R)))


def _name_cell_twice(rng: random.Random, inputs: Inputs, instance: Instance) -> None:
    """One expiry under two names, a position moved to the second: its halves' gains could cancel losses."""
    slot = _some_slot(rng, inputs)
    choice = inputs["cell_choice"][slot]
    if 1 in choice and not any(bits[-1] for bits in inputs["cell_choice"]):
        cell = choice.index(1)
        inputs["cell_subgroup"][-1] = inputs["cell_subgroup"][cell]
        inputs["cell_group_choice"][-1] = list(inputs["cell_group_choice"][cell])
        inputs["cell_choice"][slot] = one_hot(instance.cells - 1, instance.cells)


EXTENSION_TAMPERS: dict[str, dict[str, Tamper]] = {
    "isolated": {
        "pay_other_way": _pay_other_way,
        "pay_between": _pay_between,
        "no_loss_when_isolated": _no_loss_when_isolated,
        "same_names": _same_names,
    },
    "subgroups": {
        "leave_subgroup": _leave_subgroup,
        "other_subgroup": _other_subgroup,
        "name_subgroup_twice": _name_subgroup_twice,
        "subgroup_loss": _subgroup_loss,
    },
    "alternatives": {
        "better_alternative": _better_alternative,
        "all_alternatives": _all_alternatives,
        "half_alternative": _half_alternative,
        "leave_cell": _leave_cell,
        "other_cell": _other_cell,
        "cell_elsewhere": _cell_elsewhere,
    },
    "one_sided": {"call_it_a_loss": _call_it_a_loss, "name_cell_twice": _name_cell_twice},
}
