"""The account at the venue: its key, its clock, what it lists, and what it holds. Nothing is sent that changes anything."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from pydantic import BaseModel

from s1mpletrader.assembly import build_connector
from s1mpletrader.cli.diagnosis.findings import Finding, ok, problem, skipped, warning
from s1mpletrader.cli.diagnosis.stores import has_book
from s1mpletrader.cli.diagnosis.world import examine_world
from s1mpletrader.configuration import Mode, Portfolio
from s1mpletrader.domain.errors import ConfigurationError, S1mpleTraderError
from s1mpletrader.domain.instrument import Instrument
from s1mpletrader.domain.money import ZERO, add, plain
from s1mpletrader.plugins.simulated_exchange.config import SimulatedExchangeConfig
from s1mpletrader.ports.clock import IClock
from s1mpletrader.ports.execution import AuthenticationFailed, IExecutionConnector, IProduction
from s1mpletrader.ports.health import IKeyInspection, IOpened, IServerTime

T = TypeVar("T")

ANSWER_S_MAX: Final = 30.0
OFFSET_MS_TOLD: Final = 250
OFFSET_MS_MAX: Final = 1_000
"""Beyond it venues refuse requests for their timestamps."""
MS_NS: Final = 1_000_000

_PLACES: Final = {"env": "_variable", "environment": "_variable", "keyring": "keyring", "file": "credentials_file"}
"""Which of a configuration's keys tell more about each place where a key may be."""


@dataclass(frozen=True)
class Venue:
    """What was learnt: findings, and the venue's name where a connector could be built."""

    findings: tuple[Finding, ...]
    name: str | None


async def examine_venue(portfolio: Portfolio, clock: IClock) -> Venue:
    """Everything about the venue. A backtest's is simulated, and there is nobody to ask."""
    if portfolio.environment.mode is Mode.BACKTEST:
        return Venue((skipped("venue", "a backtest has a simulated one, and needs no key, no clock and no balance"),), None)
    config = portfolio.exchange.config
    if isinstance(config, SimulatedExchangeConfig):
        return Venue((_nobody(portfolio, portfolio.exchange.name), await examine_world(portfolio, config, clock)), None)
    try:
        connector = build_connector(portfolio, clock, {}, lambda _: False)
    except ConfigurationError as mistake:
        return Venue((problem("venue", str(mistake), "the run needs what is missing here"),), None)
    try:
        findings = [finding async for finding in _examine(portfolio, connector, clock)]
    finally:
        await connector.close()
    return Venue(tuple(findings), connector.venue)


async def _examine(portfolio: Portfolio, connector: IExecutionConnector, clock: IClock) -> AsyncIterator[Finding]:
    yield _keys(portfolio.exchange.config)
    if not isinstance(connector, IOpened):
        yield _nobody(portfolio, connector.venue)
        return
    for finding in _money(portfolio, connector):
        yield finding
    opening: IOpened = connector
    _, fault = await _asked(opening.open)
    if fault is not None:
        # A stream that is refused is tried again and again; a plain question tells why.
        _, reason = await _asked(connector.balances) if isinstance(fault, TimeoutError) else (None, None)
        yield _unanswered("venue", reason or fault)
        return
    yield ok("venue", f"{connector.venue} answers, for the account {connector.account!r}")
    yield await _clock(connector, clock, portfolio.environment.speed)
    yield await _permissions(connector)
    for finding in await _instruments(portfolio, connector):
        yield finding
    for finding in await _holdings(portfolio, connector):
        yield finding


def _nobody(portfolio: Portfolio, venue: str) -> Finding:
    text = f"the venue {venue!r} lives in this process: there is nobody to ask"
    if portfolio.environment.mode is Mode.LIVE:
        return problem("venue", text, 'live orders go to a real venue; for this one, [environment] mode = "paper"')
    return skipped("venue", text)


def _money(portfolio: Portfolio, connector: IExecutionConnector) -> Iterator[Finding]:
    """Whether the environment is that of the venue."""
    if portfolio.environment.mode is Mode.PAPER:
        yield problem("money", f"paper trades on a simulated venue, and {connector.venue} is none", 'plugin = "simulated"')
    elif not (isinstance(connector, IProduction) and connector.is_production):
        return
    elif portfolio.environment.confirm:
        yield warning("money", f"{connector.venue} is for real money", "the run asks for the account's name once more")
    else:
        yield problem("money", f"{connector.venue} is for real money, and nothing confirms it", "[environment] confirm = true")


def _keys(config: BaseModel) -> Finding:
    """Where the key was found. A connector that needs one cannot be built without it, so that it is there by now."""
    if "credentials" not in type(config).model_fields:
        return skipped("keys", "this venue takes no key")
    where = str(getattr(config, "credentials", ""))
    about = ("credentials_name", _PLACES.get(where, "credentials_"))
    places = [f"{name} = {value}" for name, value in config if value is not None and any(part in name for part in about)]
    return ok("keys", f"found by {', '.join((f'credentials = {where}', *places))}")


async def _clock(connector: Any, clock: IClock, speed: float) -> Finding:
    if speed != 1.0:
        return skipped("clock", f"the run's goes {speed:g} times as fast as this machine's, and begins with the run")
    if not isinstance(connector, IServerTime):
        return skipped("clock", f"{connector.venue} does not tell its time")
    before = clock.now()
    there, fault = await _asked(connector.server_time)
    after = clock.now()
    if there is None:
        return _unanswered("clock", fault)
    offset_ms = (there - (before + after) // 2) // MS_NS
    text = f"the venue's is {offset_ms:+,} ms from ours; the answer took {(after - before) // MS_NS:,} ms"
    if abs(offset_ms) > OFFSET_MS_MAX:
        return problem("clock", text, "set this machine's clock by NTP")
    return warning("clock", text, "is this machine's clock set by NTP?") if abs(offset_ms) > OFFSET_MS_TOLD else ok("clock", text)


async def _permissions(connector: Any) -> Finding:
    if not isinstance(connector, IKeyInspection):
        return skipped("permissions", f"{connector.venue} does not tell what the key may do")
    may, fault = await _asked(connector.key_permissions)
    if may is None:
        return _unanswered("permissions", fault)
    if may.trading is False:
        return problem("permissions", "the key may not trade", "allow trading for it at the venue, or use another")
    if may.withdrawals:
        return problem("permissions", "the key may withdraw", "make a key at the venue that may trade and not withdraw")
    if may.trading is None or may.withdrawals is None:
        return warning("permissions", "the venue does not tell all that the key may do", "look there that it may not withdraw")
    if may.bound_to_addresses is False:
        return warning("permissions", "the key may trade and not withdraw, from any address", "bind it to this machine's address")
    return ok("permissions", "the key may trade and not withdraw")


async def _instruments(portfolio: Portfolio, connector: IExecutionConnector) -> list[Finding]:
    found = []
    for symbol in portfolio.symbols:
        listed, fault = await _asked(lambda symbol=symbol: connector.instruments((symbol,)))  # type: ignore[misc]
        if listed is None:
            found.append(_unanswered("instruments", fault))
        else:
            found.append(ok("instruments", _rules(listed[symbol])))
    return found


def _rules(one: Instrument) -> str:
    smallest = f", at least {plain(one.notional_min)} {one.quote} an order" if one.notional_min else ""
    return f"{one.symbol}: price in steps of {plain(one.price_tick)}, quantity in lots of {plain(one.quantity_lot)}{smallest}"


async def _holdings(portfolio: Portfolio, connector: IExecutionConnector) -> list[Finding]:
    balances, fault = await _asked(connector.balances)
    if balances is None:
        return [_unanswered("balances", fault)]
    there = {one.asset: add(one.free, one.locked) for one in balances}
    found = []
    for asset, asked in sorted(portfolio.account.funds.items()):
        held = there.get(asset, ZERO)
        text = f"the account holds {plain(held)} {asset}, [account] funds give the strategies {plain(asked)}"
        if held >= asked:
            found.append(ok("balances", text))
        elif has_book(portfolio):
            found.append(warning("balances", text, "the run goes on with its own books, and may hold something else for it"))
        else:
            found.append(problem("balances", text, "lower [account] funds, or pay in"))
    return found + [finding async for finding in _open_orders(connector)]


async def _open_orders(connector: IExecutionConnector) -> AsyncIterator[Finding]:
    orders, fault = await _asked(connector.open_orders)
    if orders is None:
        yield _unanswered("orders", fault)
        return
    foreign = sum(order.order_id is None for order in orders)
    if foreign:
        advice = "they are left alone, and what they bind cannot be used"
        yield warning("orders", f"{foreign} of {len(orders)} open orders are not ours", advice)
    else:
        yield ok("orders", f"{len(orders)} of ours are open" if orders else "none is open")


async def _asked(question: Callable[[], Awaitable[T]]) -> tuple[T | None, BaseException | None]:
    """An answer, or why there is none."""
    try:
        async with asyncio.timeout(ANSWER_S_MAX):
            return await question(), None
    except (S1mpleTraderError, TimeoutError) as fault:
        return None, fault


def _unanswered(check: str, fault: BaseException | None) -> Finding:
    if isinstance(fault, AuthenticationFailed):
        return problem(check, f"the venue does not accept the key: {fault}", "is it of this environment, and still valid?")
    if isinstance(fault, TimeoutError):
        return problem(check, f"there was no answer within {ANSWER_S_MAX:g} s", "look at the network, then try again")
    return problem(check, str(fault), None)
