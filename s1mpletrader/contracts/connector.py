"""The laws of IExecutionConnector."""
# ruff: noqa: S101 - a law is an assertion.

import logging
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import ClassVar, Final

import pytest
from msgspec.structs import replace

from s1mpletrader.api import (
    MINUTE_NS,
    Accepted,
    AccountType,
    AlreadySubmitted,
    Cancelled,
    CancelRejected,
    Filled,
    IdKind,
    IExecutionConnector,
    Instrument,
    ListKind,
    NotPlaced,
    NotSent,
    OrderDetails,
    OrderId,
    OrderRequest,
    OrderState,
    OrderType,
    Refused,
    Rejected,
    Replaced,
    Side,
    TimeInForce,
    Unknown,
    UnsupportedOrder,
    fill_id,
    total,
)
from s1mpletrader.contracts.abilities import need
from s1mpletrader.contracts.connector_harness import ConnectorHarness
from s1mpletrader.contracts.connector_trial import Trial, on_a_loop, ref_of, run
from s1mpletrader.contracts.samples import Samples

CLOCK_ERROR_MAX: Final = 15 * MINUTE_NS
"""Venue and connector may disagree about the present, but never by a time zone."""


class ExecutionConnectorContract:
    """Subclass it with ``async def make_harness``: a harness around a connector on a fresh world."""

    contract_port: ClassVar[str] = "IExecutionConnector"

    async def make_harness(self, directory: Path) -> ConnectorHarness:
        """A harness around a connector on a fresh world; files may go to the directory."""
        raise NotImplementedError(f"{type(self).__name__} needs a method async make_harness(directory)")

    @on_a_loop
    async def test_law_01_what_is_not_declared_is_refused_locally(self, trial: Trial) -> None:
        """An undeclared order type, time in force, list, amendment or replacement is refused, and nothing is sent."""
        sent, offered = trial.harness.sent_count(), trial.connector.capabilities()
        details = trial.harness.details
        wrong = [_of_type(details, kind) for kind in OrderType if kind not in offered.order_types]
        wrong += [replace(details, time_in_force=rule) for rule in TimeInForce if rule not in offered.times_in_force]
        if not offered.reduce_only:
            wrong.append(replace(details, reduce_only=True))
        for refused in wrong:
            with pytest.raises(UnsupportedOrder):
                await trial.ask(trial.connector.submit, [trial.request(refused)])
        for kind in (kind for kind in ListKind if kind not in offered.list_kinds):
            with pytest.raises(UnsupportedOrder):
                await trial.ask(trial.connector.submit, [trial.request(), trial.request()], kind)
        if not offered.amend:
            with pytest.raises(UnsupportedOrder):
                await trial.ask(trial.connector.amend, ref_of(trial.request()), details.quantity)
        if not offered.replace:
            with pytest.raises(UnsupportedOrder):
                await trial.ask(trial.connector.replace, ref_of(trial.request()), trial.request())
        assert trial.harness.sent_count() == sent

    @on_a_loop
    async def test_law_02_the_client_order_id_stays_the_same(self, trial: Trial) -> None:
        """Our id comes back on acknowledgement, query, open orders and fill, and where the venue goes on, after a restart."""
        ids = [OrderId(Samples(f"id {number}").id(IdKind.ORDER)) for number in range(200)]
        assert len({trial.connector.venue_id(order_id) for order_id in ids}) == len(ids)
        request, outcome = await trial.accept()
        assert outcome.order_id == request.order_id
        ref = ref_of(request, outcome.exchange_order_id)
        await _shows(trial, request)
        await trial.fill_part(ref)
        (fill, *_) = await trial.fills(ref)
        assert fill.client_order_id in (None, request.client_order_id)
        if trial.connector.outlives_process:
            again = await need(trial.harness.restart, "restart")()
            trial.connector = again
            assert again.venue_id(request.order_id) == request.client_order_id
            await _shows(trial, request)

    @on_a_loop
    async def test_law_03_a_known_id_is_never_submitted_again(self, trial: Trial) -> None:
        """An id that was submitted here, or that the ledger knows, is refused, and nothing is sent."""
        (here, _), elsewhere = await trial.accept(), trial.request()
        await trial.settle()
        trial.harness.known_orders.add(elsewhere.order_id)
        sent = trial.harness.sent_count()
        for known in (here, elsewhere):
            with pytest.raises(AlreadySubmitted):
                await trial.ask(trial.connector.submit, [known])
        assert trial.harness.sent_count() == sent
        assert len([order for order in await trial.open_orders() if order.order_id == here.order_id]) == 1

    @on_a_loop
    async def test_law_04_a_failure_is_not_sent_or_unknown_and_never_resent(self, trial: Trial) -> None:
        """What fails before the send is NotSent, what fails after it Unknown; neither is Rejected, and nothing goes out twice."""
        harness = trial.harness
        fail, lose = need(harness.fail_before_send, "fail_before_send"), need(harness.lose_answer, "lose_answer")
        await trial.settle()
        sent, request = harness.sent_count(), trial.request()
        fail()
        assert isinstance(await trial.submit(request), NotSent)
        assert await trial.query(ref_of(request)) is None
        assert harness.sent_count() == sent
        outcome = await trial.decide(request)
        assert harness.sent_count() > sent, "what was not sent may be sent under the same id"
        assert isinstance(outcome, Accepted if harness.settle is None else Accepted | Unknown)
        ref = ref_of(request) if isinstance(outcome, Accepted) else await trial.place()
        for committed in (True, False):
            await trial.settle()
            sent = harness.sent_count()
            lose(committed)
            assert isinstance(await trial.submit(trial.request()), Unknown)
            await trial.replies()
            assert harness.sent_count() == sent + 1
        fail()
        assert isinstance(await trial.ask(trial.connector.cancel, ref), NotSent)
        await trial.settle()
        lose(True)
        sent = harness.sent_count()
        assert isinstance(await trial.ask(trial.connector.cancel, ref), Unknown)
        await trial.replies()
        assert harness.sent_count() == sent + 1

    @on_a_loop
    async def test_law_05_unknown_is_resolved_by_evidence_alone(self, trial: Trial) -> None:
        """After an unknown outcome the venue is asked: what it has is found under our id, and its silence proves nothing."""
        lose = need(trial.harness.lose_answer, "lose_answer")
        for committed in (True, False):
            request = trial.request()
            await trial.settle()
            lose(committed)
            assert isinstance(await trial.submit(request), Unknown)
            await trial.settle()
            found = await trial.query(ref_of(request))
            assert (found is not None) == committed
            if found is not None:
                assert (found.order_id, found.state) == (request.order_id, OrderState.OPEN)
            ended = (Rejected, NotPlaced, NotSent, Cancelled)
            wrong = [reply for reply in await trial.replies() if isinstance(reply, ended) and reply.order_id == request.order_id]
            assert wrong == []

    @on_a_loop
    async def test_law_06_a_fill_may_come_before_the_acknowledgement(self, trial: Trial) -> None:
        """A fill that overtakes its acknowledgement is told under our id, and the late acknowledgement undoes nothing."""
        ack_after_fill, request = need(trial.harness.ack_after_fill, "ack_after_fill"), trial.request()
        await trial.settle()
        ack_after_fill()
        outcome = await trial.submit(request)
        assert isinstance(outcome, Accepted)
        ref = ref_of(request, outcome.exchange_order_id)
        fills = await trial.fills(ref)
        assert total(fill.quantity for fill in fills) == request.details.quantity
        assert fills[0].at <= outcome.at
        assert (await trial.snapshot(ref)).state is OrderState.FILLED
        assert request.order_id not in [order.order_id for order in await trial.open_orders()]

    @on_a_loop
    async def test_law_07_partial_fills_add_up(self, trial: Trial) -> None:
        """The venue's filled quantity only grows, equals the sum of the fills told, and never exceeds the order's."""
        ref, seen = await trial.place(), Decimal(0)
        for step in (trial.fill_part, trial.fill_part, trial.fill_rest):
            await step(ref)
            fills = await trial.fills(ref)
            shown = await trial.snapshot(ref)
            assert seen < shown.filled_quantity <= trial.harness.details.quantity
            assert shown.filled_quantity == total(fill.quantity for fill in fills)
            assert shown.filled_notional == total(fill.quantity * fill.price for fill in fills)
            whole = shown.filled_quantity == trial.harness.details.quantity
            assert shown.state is (OrderState.FILLED if whole else OrderState.PARTIALLY_FILLED)
            seen = shown.filled_quantity
        assert seen == trial.harness.details.quantity

    @on_a_loop
    async def test_law_08_a_fill_counts_once_however_it_is_learnt(self, trial: Trial) -> None:
        """A fill that is pushed, pushed again and polled has one identity."""
        start = _venue_now(trial.harness)
        ref = await trial.place()
        await trial.fill_part(ref)
        await trial.fill_part(ref)
        if trial.harness.push_again is not None:
            await trial.harness.push_again()
        pushed = await trial.fills(ref)
        polled = [fill for fill in await trial.fills_since(ref.symbol, start) if fill.order_id == ref.order_id]
        identities = {_identity(trial.connector, fill) for fill in pushed}
        assert len(identities) == 2
        assert [_identity(trial.connector, fill) for fill in polled] == list(
            dict.fromkeys(_identity(trial.connector, fill) for fill in pushed)
        )
        assert total(fill.quantity for fill in polled) == (await trial.snapshot(ref)).filled_quantity

    @on_a_loop
    async def test_law_09_cancelling_what_has_ended_gives_a_typed_result(self, trial: Trial) -> None:
        """Cancelling an order that is cancelled, filled or unknown to the venue is ``CancelRejected``: no success, no error."""
        ref = await trial.place()
        first = await trial.end(ref)
        assert isinstance(first, Cancelled)
        assert first.order_id == ref.order_id
        assert (await trial.snapshot(ref)).state is OrderState.CANCELLED
        assert isinstance(await trial.cancel(ref), CancelRejected)
        assert isinstance(await trial.cancel(ref_of(trial.request())), CancelRejected)
        filled = await trial.place()
        await trial.fill_rest(filled)
        outcome = await trial.cancel(filled)
        assert isinstance(outcome, CancelRejected)
        assert outcome.order_id == filled.order_id
        assert (await trial.snapshot(filled)).state is OrderState.FILLED

    @on_a_loop
    async def test_law_10_replacing_keeps_the_lineage(self, trial: Trial) -> None:
        """A replacement names the order that it ends, and both are found under their own ids."""
        if not trial.connector.capabilities().replace:
            pytest.skip("not declared: replace (capabilities)")
        ref, request, ended, begun = await trial.replace(await trial.place())
        assert isinstance(ended, Replaced)
        assert (ended.order_id, ended.replaced_by) == (ref.order_id, request.order_id)
        assert isinstance(begun, Accepted)
        assert begun.order_id == request.order_id
        assert (await trial.snapshot(ref)).state is OrderState.CANCELLED
        await _shows(trial, request)
        assert ref.order_id not in [order.order_id for order in await trial.open_orders()]

    @on_a_loop
    async def test_law_11_a_batch_gives_an_outcome_per_order(self, trial: Trial) -> None:
        """Linked orders get one outcome each, in their order; where the whole is in doubt, every one is Unknown."""
        details, kind = need(trial.harness.batch, "batch")
        requests, outcomes = await trial.submit_list(details, kind)
        assert [outcome.order_id for outcome in outcomes] == [request.order_id for request in requests]
        assert all(isinstance(outcome, Accepted) for outcome in outcomes)
        for request in requests:
            await trial.snapshot(ref_of(request))
        for request in requests:
            await trial.cancel(ref_of(request))
        await trial.settle()
        need(trial.harness.lose_answer, "lose_answer")(True)
        lost = [trial.request(each) for each in details]
        outcomes = await trial.ask(trial.connector.submit, lost, kind)
        assert [outcome.order_id for outcome in outcomes] == [request.order_id for request in lost]
        assert all(isinstance(outcome, Unknown) for outcome in outcomes)

    @on_a_loop
    async def test_law_12_missed_fills_arrive_once_and_in_order(self, trial: Trial) -> None:
        """What filled while the stream was lost is told after it, once, in the venue's order, and before what comes next."""
        disconnect = need(trial.harness.disconnect, "disconnect")
        reconnect = need(trial.harness.reconnect, "reconnect")
        ref = await trial.place()
        await disconnect()
        await trial.fill_part(ref)
        await trial.fill_part(ref)
        assert await trial.fills(ref) == []
        await reconnect()
        missed = await trial.fills(ref)
        assert len(missed) == 2
        await trial.fill_rest(ref)
        told = await trial.fills(ref)
        assert told[:2] == missed
        identities = [_identity(trial.connector, fill) for fill in told]
        assert len(set(identities)) == len(identities)
        assert all(before.venue_at <= after.venue_at for before, after in pairwise(told))
        assert total(fill.quantity for fill in told) == trial.harness.details.quantity

    @on_a_loop
    async def test_law_13_a_restart_lists_open_and_foreign_orders(self, trial: Trial) -> None:
        """After a restart the open orders are ours, under our ids, and those of others, under none."""
        restart = need(trial.harness.restart, "restart")
        place_foreign_order = need(trial.harness.place_foreign_order, "place_foreign_order")
        gone = await trial.place()
        ours, _ = await trial.accept()
        await trial.end(gone)
        foreign = await place_foreign_order()
        trial.connector = await restart()
        shown = {order.exchange_order_id: order.order_id for order in await trial.listing(foreign)}
        assert shown[foreign] is None
        assert list(shown.values()).count(ours.order_id) == 1
        assert len(shown) == 2
        with pytest.raises(AlreadySubmitted):
            await trial.ask(trial.connector.submit, [ours])

    @on_a_loop
    async def test_law_15_money_is_exact_and_filters_hold(self, trial: Trial) -> None:
        """What breaks a filter is never accepted; sizes, prices and fees are exact; the balances agree with the fee's sign."""
        details = trial.harness.details
        instrument = (await trial.ask(trial.connector.instruments, [details.symbol]))[details.symbol]
        for wrong in _breaking(details, instrument):
            outcome = await trial.reject(wrong)
            assert isinstance(outcome, Rejected | Refused), f"{wrong} was {outcome}"
        before = await trial.holdings()
        ref = await trial.place()
        assert (await trial.snapshot(ref)).details == details
        await trial.fill_part(ref)
        fills = await trial.fills(ref)
        for fill in fills:
            assert all(type(number) is Decimal for number in (fill.price, fill.quantity, fill.fee))
            assert instrument.violation(fill.quantity, fill.price) in (None, "MIN_NOTIONAL", "LOT_SIZE")
        after = await trial.holdings()
        account_type = trial.connector.capabilities().account_type
        assert any(_agree(before, after, expected) for expected in _expected(fills, instrument, account_type)), (
            before,
            after,
            fills,
        )

    @on_a_loop
    async def test_law_16_times_are_utc_the_venues_and_ours(self, trial: Trial) -> None:
        """Acknowledgement and fill carry two instants: the venue's own, and when it was known here."""
        harness = trial.harness
        ours, venues = [harness.now()], [_venue_now(harness)]
        request, outcome = await trial.accept()
        ours.append(harness.now())
        venues.append(_venue_now(harness))
        assert outcome.submitted_at is not None
        assert ours[0] <= outcome.submitted_at <= outcome.at <= ours[1]
        assert _within(outcome.venue_at, venues, exact=harness.venue_now is not None)
        await trial.fill_part(ref_of(request, outcome.exchange_order_id))
        (fill, *_) = await trial.fills(ref_of(request))
        assert ours[1] <= fill.at <= harness.now()
        assert _within(fill.venue_at, [venues[1], _venue_now(harness)], exact=harness.venue_now is not None)

    def test_law_17_shutdown_leaves_no_task_and_no_secret_is_written(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """A closed connector leaves no task; no key or password is in a log, an output, an error or a representation."""
        caplog.set_level(logging.DEBUG)
        written: list[str] = []
        secrets: list[str] = []

        async def law(trial: Trial) -> None:
            secrets.extend(trial.harness.secrets)
            ref = await trial.place()
            written.extend((repr(trial.connector), str(trial.connector), repr(_vars_of(trial.connector))))
            if trial.harness.lose_answer is not None:
                trial.harness.lose_answer(False)
                written.append(repr(await trial.submit(trial.request())))
            written.append(repr(await trial.ask(trial.connector.cancel, ref)))
            written.append(repr(await trial.ask(trial.connector.cancel, ref)))
            written.append(repr(await trial.replies()))

        aftermath = run(self, tmp_path, law)
        assert aftermath.tasks == set()
        written.extend(record.getMessage() + (record.exc_text or "") for record in caplog.records)
        written.extend(capfd.readouterr())
        for secret in secrets:
            assert not any(secret in text for text in written), "a secret was written"


def _vars_of(connector: IExecutionConnector) -> object:
    """What a debugger or an error report would show of the connector's own attributes."""
    return {name: repr(value) for name, value in getattr(connector, "__dict__", {}).items()}


async def _shows(trial: Trial, request: OrderRequest) -> None:
    """The order is found by our id, and is among the open ones under it."""
    found = await trial.snapshot(ref_of(request))
    listed = [order for order in await trial.open_orders(request.details.symbol) if order.order_id == request.order_id]
    assert len(listed) == 1
    for shown in (found, listed[0]):
        assert (shown.order_id, shown.client_order_id) == (request.order_id, request.client_order_id)


def _of_type(details: OrderDetails, kind: OrderType) -> OrderDetails:
    price = details.price if kind in (OrderType.LIMIT, OrderType.STOP_LIMIT) else None
    stop_price = details.price if kind in (OrderType.STOP, OrderType.STOP_LIMIT) else None
    return replace(details, type=kind, price=price, stop_price=stop_price)


def _breaking(details: OrderDetails, instrument: Instrument) -> list[OrderDetails]:
    """The order, once for each filter that it can break."""
    half = Decimal("0.5")
    assert details.price is not None
    wrong = [
        replace(details, price=details.price + instrument.price_tick * half),
        replace(details, quantity=details.quantity + instrument.quantity_lot * half),
    ]
    if instrument.quantity_max is not None:
        wrong.append(replace(details, quantity=instrument.quantity_max + instrument.quantity_lot))
    small = instrument.quantity_lot
    if instrument.notional(details.price, small) < instrument.notional_min or small < instrument.quantity_min:
        wrong.append(replace(details, quantity=small))
    return wrong


def _expected(fills: list[Filled], instrument: Instrument, account_type: AccountType) -> list[dict[str, Decimal]]:
    """How the balances may have moved: whole in a spot account; in a netting one the notional may be booked or only margined."""
    fees: dict[str, Decimal] = {}
    paid = bought = Decimal(0)
    for fill in fills:
        sign = 1 if fill.side is Side.BUY else -1
        fees[fill.fee_currency] = fees.get(fill.fee_currency, Decimal(0)) - fill.fee
        paid -= sign * instrument.notional(fill.price, fill.quantity)
        bought += sign * fill.quantity
    booked = fees | {instrument.settlement: fees.get(instrument.settlement, Decimal(0)) + paid}
    if account_type is AccountType.NETTING:
        return [fees, booked]
    return [booked | {instrument.base: booked.get(instrument.base, Decimal(0)) + bought}]


def _agree(before: dict[str, Decimal], after: dict[str, Decimal], moved: dict[str, Decimal]) -> bool:
    assets = before.keys() | after.keys() | moved.keys()
    return all(after.get(asset, 0) == before.get(asset, 0) + moved.get(asset, 0) for asset in assets)


def _identity(connector: IExecutionConnector, fill: Filled) -> str:
    return fill_id(connector.venue, connector.account, fill.symbol, fill.venue_trade_id, fill.venue_at)


def _venue_now(harness: ConnectorHarness) -> int:
    return (harness.venue_now or harness.now)()


def _within(at: int, span: list[int], *, exact: bool) -> bool:
    slack = 0 if exact else CLOCK_ERROR_MAX
    return type(at) is int and span[0] - slack <= at <= span[1] + slack
