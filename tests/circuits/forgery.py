"""A signature by a key that is no point of the curve: what the curve check in Attestation is there for.

circomlib's verifier treats eight times the key as the identity when its x is 0, and asks only that four times
the key has another x. On the curve both together are impossible. Off the curve the doubling formula gives
x = 0 from any point with y = 0, so a "key" whose fourfold has y = 0 signs every message: S·B8 = R8.
"""

from __future__ import annotations

from verifier.babyjubjub import BASE8, SUBGROUP_ORDER, multiply, on_curve
from verifier.field import R

A, D = 168700, 168696
"""The curve's coefficients: a·x² + y² = 1 + d·x²·y²."""


def square_root(value: int) -> int | None:
    """A square root in the field, or None (Tonelli and Shanks)."""
    value %= R
    if value == 0 or pow(value, (R - 1) // 2, R) != 1:
        return 0 if value == 0 else None
    odd, twos = R - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    residue = next(z for z in range(2, 100) if pow(z, (R - 1) // 2, R) != 1)
    root, left, step = pow(value, (odd + 1) // 2, R), pow(value, odd, R), pow(residue, odd, R)
    while left != 1:
        order, power = 0, left
        while power != 1:
            power, order = power * power % R, order + 1
        factor = pow(step, 1 << (twos - order - 1), R)
        root, step, twos = root * factor % R, factor * factor % R, order
        left = left * step % R
    return root


def off_curve_key() -> tuple[int, int]:
    """A point off the curve whose fourfold, by the curve's own formulas, has y = 0 and x ≠ 0."""
    root_a = square_root(A)
    assert root_a is not None
    for product in range(2, 1000):
        # The double (u, v) must have v² = a·u², that is v = √a·u: one equation in x² for a given x·y.
        tau = D * product * product % R
        if tau in (1, R - 1):
            continue
        double_x = 2 * product * pow(1 + tau, -1, R) % R
        difference = root_a * double_x % R * (1 - tau) % R  # y² − a·x²
        discriminant = square_root(difference * difference + 4 * A * product * product)
        if discriminant is None:
            continue
        for sign in (1, -1):
            x = square_root((sign * discriminant - difference) * pow(2 * A, -1, R))
            if x:
                return x, product * pow(x, -1, R) % R
    raise AssertionError("no such point among a thousand")


def off_curve_forgery(message: int) -> dict[str, int]:
    """Inputs of Attestation for any message, made without a secret key."""
    x, y = off_curve_key()
    assert not on_curve((x, y))
    s = 123456789 % SUBGROUP_ORDER
    r8 = multiply(BASE8, s)
    return {"message": message, "attestor_x": x, "attestor_y": y, "r8x": r8[0], "r8y": r8[1], "s": s}
