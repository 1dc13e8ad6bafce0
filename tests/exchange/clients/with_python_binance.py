"""Trades on a local exchange with python-binance: REST, WebSocket API and streams. Run as ``with_python_binance.py ADDRESS``."""

import asyncio
import sys
from typing import Any

from binance import AsyncClient, BinanceSocketManager
from binance.exceptions import BinanceAPIException


async def main(address: str) -> None:
    AsyncClient.API_URL = f"http://{address}/api"
    AsyncClient.MARGIN_API_URL = f"http://{address}/sapi"
    AsyncClient.WS_API_URL = f"ws://{address}/ws-api/v3"
    BinanceSocketManager.STREAM_URL = f"ws://{address}/"
    client = await AsyncClient.create("test", "test")
    wrong = await AsyncClient.create("test", "guess")
    try:
        await trade(client)
        await trade_over_socket(client)
        await look(client)
        try:
            await wrong.get_account()
        except BinanceAPIException as refused:
            if refused.code != -1022:
                raise
        else:
            raise AssertionError("a wrong signature was accepted")
    finally:
        await client.close_connection()
        await wrong.close_connection()


async def trade(client: Any) -> None:
    symbols = [symbol["symbol"] for symbol in (await client.get_exchange_info())["symbols"]]
    assert symbols == ["BTCUSDT", "ETHUSDT"], symbols
    price = float((await client.get_symbol_ticker(symbol="BTCUSDT"))["price"])
    async with BinanceSocketManager(client).user_socket() as events:
        bought = await client.order_market_buy(symbol="BTCUSDT", quantity="0.01")
        assert bought["status"] == "FILLED", bought
        spent = await client.order_market_buy(symbol="BTCUSDT", quoteOrderQty="100")
        assert float(spent["cummulativeQuoteQty"]) <= 100, spent
        told: dict[str, list[Any]] = {}
        while len(told.get("TRADE", ())) < 2:
            event = await asyncio.wait_for(events.recv(), 5)
            told.setdefault(event.get("x", event["e"]), []).append(event)
        assert [event["i"] for event in told["TRADE"]] == [bought["orderId"], spent["orderId"]], told
        assert told["outboundAccountPosition"], told
    limit = await client.order_limit_sell(symbol="BTCUSDT", quantity="0.002", price=f"{price * 1.2:.2f}")
    assert limit["status"] == "NEW", limit
    stop = await client.create_order(
        symbol="BTCUSDT",
        side="SELL",
        type="STOP_LOSS_LIMIT",
        timeInForce="GTC",
        quantity="0.002",
        stopPrice=f"{price * 0.8:.2f}",
        price=f"{price * 0.79:.2f}",
    )
    listed = await client.create_oco_order(
        symbol="BTCUSDT",
        side="SELL",
        quantity="0.002",
        aboveType="LIMIT_MAKER",
        abovePrice=f"{price * 1.2:.2f}",
        belowType="STOP_LOSS",
        belowStopPrice=f"{price * 0.8:.2f}",
    )
    assert len(listed["orderReports"]) == 2, listed
    assert len(await client.get_open_orders(symbol="BTCUSDT")) == 4
    assert (await client.get_order(symbol="BTCUSDT", orderId=stop["orderId"]))["type"] == "STOP_LOSS_LIMIT"
    cancelled = await client.cancel_order(symbol="BTCUSDT", orderId=limit["orderId"])
    assert cancelled["origClientOrderId"] == limit["clientOrderId"], cancelled
    await client.cancel_all_open_orders(symbol="BTCUSDT")
    await client.create_test_order(symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.01")
    assert len(await client.get_my_trades(symbol="BTCUSDT")) == 2
    assert len(await client.get_all_orders(symbol="BTCUSDT")) == 6
    assert (await client.get_asset_balance(asset="BTC"))["locked"] == "0.00000000"


async def trade_over_socket(client: Any) -> None:
    price = float((await client.ws_get_symbol_ticker(symbol="ETHUSDT"))["price"])
    placed = await client.ws_create_order(
        symbol="ETHUSDT", side="BUY", type="LIMIT", timeInForce="GTC", quantity="0.1", price=f"{price * 0.8:.2f}"
    )
    assert (await client.ws_get_order(symbol="ETHUSDT", orderId=placed["orderId"]))["status"] == "NEW"
    await client.ws_cancel_order(symbol="ETHUSDT", orderId=placed["orderId"])
    assert await client.ws_get_open_orders(symbol="ETHUSDT") == []
    assert (await client.ws_get_account())["canTrade"]


async def look(client: Any) -> None:
    assert len(await client.get_klines(symbol="ETHUSDT", interval="1m", limit=10)) == 10
    assert len((await client.get_order_book(symbol="ETHUSDT", limit=5))["bids"]) == 5
    assert await client.get_recent_trades(symbol="ETHUSDT", limit=3)
    assert (await client.get_avg_price(symbol="ETHUSDT"))["mins"] == 5
    assert (await client.get_symbol_info("ETHUSDT"))["baseAsset"] == "ETH"
    sockets = BinanceSocketManager(client)
    watched = {
        "kline": sockets.kline_socket("ETHUSDT"),
        "trade": sockets.trade_socket("ETHUSDT"),
        "depthUpdate": sockets.depth_socket("ETHUSDT"),
    }
    for name, socket in watched.items():
        async with socket as stream:
            assert (await asyncio.wait_for(stream.recv(), 5))["e"] == name
    async with sockets.multiplex_socket(["ethusdt@bookTicker", "btcusdt@kline_1m"]) as both:
        assert (await asyncio.wait_for(both.recv(), 5))["stream"] in ("ethusdt@bookTicker", "btcusdt@kline_1m")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
    sys.stdout.write("traded\n")
