"""What a prover may choose (losses, brackets, groups), and what a dishonest one would.

`broken_rules` states the design's rules over plain integers, straight from a circuit's inputs; it shares no
code with the circuit and picks nothing itself, unlike the engine.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable

from verifier.circuits import Instance, scale
from verifier.field import from_field, to_field
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
    losses = [from_field(loss) for loss in inputs["losses"]]
    bits = _LOSS_BITS + (instance.slots - 1).bit_length()
    if any(not 0 <= loss < 1 << bits for loss in losses):
        broken.add("loss")
    if any(loss + at < 0 for loss, group in zip(losses, part, strict=True) for at in group):
        broken.add("node")
    claim = 20 * equity - (20 + terms["ratio"]) * (addon + sum(losses))
    if claim - 20 * terms["floor"] * 10 ** scale("cash") < 0:
        broken.add("margin")
    return broken


def _sizes(inputs: Inputs, instance: Instance) -> list[int]:
    return [
        -inputs["size_magnitude"][i] if inputs["size_negative"][i] else inputs["size_magnitude"][i]
        for i in range(instance.slots)
    ]


# --- what a dishonest prover would try ----------------------------------------------------------------


def tampered(rng: random.Random, inputs: Inputs, instance: Instance) -> tuple[str, Inputs]:
    """The inputs with one choice changed at random, and the change's name."""
    name = rng.choice(sorted(TAMPERS))
    edited = copy.deepcopy(inputs)
    TAMPERS[name](rng, edited, instance)
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
    if inputs["used"][slot] and inputs["groups"][-1] == 0:
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
