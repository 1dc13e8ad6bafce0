"""Exact shares: what happened to the whole account, divided among those who hold something of it."""

from collections.abc import Sequence
from decimal import Decimal

from s1mpletrader.domain.money import DERIVED, ZERO, add, floor_to, subtract, total


def shares(amount: Decimal, weights: Sequence[Decimal], quantum: Decimal) -> list[Decimal]:
    """An amount in proportion to signed weights, whose sum is not zero.

    Each share is rounded down to the quantum, and the first takes the remainder: the sum is the amount, to the last decimal.
    """
    whole = total(weights)
    found = [floor_to(DERIVED.divide(DERIVED.multiply(amount, weight), whole), quantum) for weight in weights[1:]]
    return [subtract(amount, total(found)), *found]


def lots_taken(quantity: Decimal, held: Sequence[Decimal], lot: Decimal) -> list[Decimal]:
    """How much is taken of each of several holdings, all above zero, where of their sum only a part goes.

    In proportion, in whole lots; what is left over is taken from the first that have it.
    """
    whole = total(held)
    taken = [min(floor_to(DERIVED.divide(DERIVED.multiply(quantity, one), whole), lot), one) for one in held]
    rest = subtract(quantity, total(taken))
    for place, one in enumerate(held):
        more = max(min(rest, subtract(one, taken[place])), ZERO)
        taken[place], rest = add(taken[place], more), subtract(rest, more)
    return taken
