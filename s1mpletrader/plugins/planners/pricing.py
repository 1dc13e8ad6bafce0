"""The price that a plan is measured from."""

from decimal import Decimal

from s1mpletrader.api import EntryPlan, Plans, RefusalDraft, Situation


def planned_price(entry: EntryPlan | None, symbol: str, situation: Situation) -> Decimal | None:
    """What the entry is expected to pay: its own price, else the price that triggers it, else the last one; None before any."""
    if entry is not None:
        own = entry.price if entry.price is not None else entry.stop_price
        if own is not None:
            return own
    return situation.prices.get(symbol)


def measured_price(plans: Plans, symbol: str, situation: Situation) -> Decimal | RefusalDraft:
    """As ``planned_price``, for a plan that cannot be made without one."""
    price = planned_price(plans.entry, symbol, situation)
    return no_price(symbol) if price is None else price


def no_price(symbol: str) -> RefusalDraft:
    """The refusal of what needs a price before there is any."""
    return RefusalDraft(code="NO_PRICE", detail=f"no price of {symbol} is known yet")
