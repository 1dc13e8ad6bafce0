"""Trades on a local exchange with Binance's own SDK. Run as ``with_binance_sdk_spot.py ADDRESS``."""

import asyncio
import sys
from typing import Any

from binance_common.configuration import ConfigurationRestAPI, ConfigurationWebSocketAPI, ConfigurationWebSocketStreams
from binance_common.errors import BadRequestError
from binance_sdk_spot.spot import Spot


def client(address: str, secret: str) -> Spot:
    """A client of the account ``test``."""
    return Spot(
        ConfigurationRestAPI(api_key="test", api_secret=secret, base_path=f"http://{address}", retries=0),
        ConfigurationWebSocketAPI(api_key="test", api_secret=secret, stream_url=f"ws://{address}/ws-api/v3"),
        ConfigurationWebSocketStreams(stream_url=f"ws://{address}/stream"),
    )


async def main(address: str) -> None:
    spot = client(address, "test")
    connection = await spot.websocket_api.create_connection()
    try:
        await trade(spot, connection)
    finally:
        await connection.close_connection(close_session=True)
    await look(spot)
    try:
        client(address, "guess").rest_api.get_account()
    except BadRequestError as refused:
        if "Signature" not in str(refused):
            raise
    else:
        raise AssertionError("a wrong signature was accepted")


async def trade(spot: Spot, connection: Any) -> None:
    rest = spot.rest_api
    symbols = [symbol.symbol for symbol in rest.exchange_info().data().symbols]
    assert symbols == ["BTCUSDT", "ETHUSDT"], symbols
    price = float(rest.ticker_price(symbol="BTCUSDT").data().actual_instance.price)
    events: list[Any] = []
    subscribed = await connection.user_data_stream_subscribe_signature()
    subscribed.stream.on("message", lambda event: events.append(event.actual_instance))
    bought = rest.new_order(symbol="BTCUSDT", side="BUY", type="MARKET", quantity=0.01).data()
    assert bought.status == "FILLED", bought
    assert len(bought.fills) == 1, bought
    await told(events, "TRADE")
    limit = rest.new_order(
        symbol="BTCUSDT", side="SELL", type="LIMIT", time_in_force="GTC", quantity=0.002, price=round(price * 1.2, 2)
    ).data()
    rest.new_order(symbol="BTCUSDT", side="SELL", type="STOP_LOSS", quantity=0.002, stop_price=round(price * 0.8, 2))
    listed = rest.order_list_oco(
        symbol="BTCUSDT",
        side="SELL",
        quantity=0.002,
        above_type="TAKE_PROFIT_LIMIT",
        above_price=round(price * 1.2, 2),
        above_stop_price=round(price * 1.19, 2),
        above_time_in_force="GTC",
        below_type="STOP_LOSS_LIMIT",
        below_stop_price=round(price * 0.8, 2),
        below_price=round(price * 0.79, 2),
        below_time_in_force="GTC",
    ).data()
    assert len(listed.order_reports) == 2, listed
    assert len(rest.get_open_orders(symbol="BTCUSDT").data()) == 4
    replaced = rest.order_cancel_replace(
        symbol="BTCUSDT",
        side="SELL",
        type="LIMIT",
        cancel_replace_mode="STOP_ON_FAILURE",
        time_in_force="GTC",
        quantity=0.003,
        price=round(price * 1.3, 2),
        cancel_order_id=limit.order_id,
    ).data()
    amended = rest.order_amend_keep_priority(
        symbol="BTCUSDT", new_qty=0.001, order_id=replaced.new_order_response.order_id
    ).data()
    assert amended.amended_order.qty == "0.00100000", amended
    assert rest.delete_order(symbol="BTCUSDT", order_id=replaced.new_order_response.order_id).data().status == "CANCELED"
    rest.delete_open_orders(symbol="BTCUSDT")
    await told(events, "CANCELED")
    assert len(rest.my_trades(symbol="BTCUSDT").data()) == 1
    assert len(rest.all_orders(symbol="BTCUSDT").data()) == 6
    assert {balance.asset: balance.locked for balance in rest.get_account().data().balances}["BTC"] == "0.00000000"
    placed = await connection.order_place(
        symbol="BTCUSDT", side="BUY", type="LIMIT", time_in_force="GTC", quantity=0.01, price=round(price * 0.5, 2)
    )
    order_id = placed.data().result.order_id
    assert (await connection.order_status(symbol="BTCUSDT", order_id=order_id)).data().result.status == "NEW"
    await connection.order_cancel(symbol="BTCUSDT", order_id=order_id)
    assert (await connection.account_status()).data().result.can_trade
    await subscribed.stream.unsubscribe()


async def told(events: list[Any], execution: str) -> None:
    """Wait until the private stream has told of an execution."""
    for _ in range(100):
        if any(getattr(event, "x", None) == execution for event in events):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{execution} was not told: {events}")


async def look(spot: Spot) -> None:
    rest = spot.rest_api
    rest.ping()
    assert rest.time().data().server_time
    assert len(rest.klines(symbol="ETHUSDT", interval="1m", limit=10).data()) == 10
    assert rest.depth(symbol="ETHUSDT", limit=5).data().bids
    assert rest.get_trades(symbol="ETHUSDT", limit=3).data()
    assert rest.account_commission(symbol="ETHUSDT").data().standard_commission.maker == "0.00100000"
    assert rest.rate_limit_order().data()
    streams = await spot.websocket_streams.create_connection()
    try:
        events: list[Any] = []
        for stream in (await streams.kline(symbol="ethusdt", interval="1m"), await streams.trade(symbol="ethusdt")):
            stream.on("message", events.append)
        for _ in range(100):
            if {event.e for event in events} >= {"kline", "trade"}:
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"a market stream said nothing: {events}")
    finally:
        await streams.close_connection(close_session=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
    sys.stdout.write("traded\n")
