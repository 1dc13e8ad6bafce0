"""Trades on a local exchange with ccxt: REST, and the streams of ccxt.pro. Run as ``with_ccxt.py ADDRESS``."""

import asyncio
import sys
from typing import Any

import ccxt
import ccxt.pro


def pointed_at(address: str, urls: Any) -> Any:
    """The client's addresses, every one of them on the local exchange."""
    if isinstance(urls, dict):
        return {name: pointed_at(address, url) for name, url in urls.items()}
    scheme, _, rest = str(urls).partition("://")
    path = rest.partition("/")[2]
    return f"{'ws' if scheme.startswith('ws') else 'http'}://{address}/{path}"


def client(address: str, secret: str) -> Any:
    """A client of the account ``test``."""
    options = {"defaultType": "spot", "fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False, "fetchMargins": False}
    made = ccxt.pro.binance({"apiKey": "test", "secret": secret, "options": options})
    made.urls["api"] = pointed_at(address, made.urls["api"])
    return made


async def main(address: str) -> None:
    exchange, wrong = client(address, "test"), client(address, "guess")
    try:
        await trade(exchange)
        await look(exchange)
        try:
            await wrong.fetch_balance()
        except ccxt.AuthenticationError as refused:
            if "-1022" not in str(refused):
                raise
        else:
            raise AssertionError("a wrong signature was accepted")
    finally:
        await exchange.close()
        await wrong.close()


async def trade(exchange: Any) -> None:
    markets = await exchange.load_markets()
    assert {"BTC/USDT", "ETH/USDT"} <= set(markets), markets.keys()
    symbol = "BTC/USDT"
    price = (await exchange.fetch_ticker(symbol))["last"]
    updates = asyncio.create_task(exchange.watch_my_trades(symbol))
    orders = asyncio.create_task(exchange.watch_orders(symbol))
    await asyncio.sleep(0.5)
    bought = await exchange.create_order(symbol, "market", "buy", 0.01)
    assert bought["status"] == "closed", bought
    assert bought["filled"] == 0.01, bought
    fills = await asyncio.wait_for(updates, 5)
    assert fills[0]["order"] == bought["id"], fills
    assert (await asyncio.wait_for(orders, 5))[0]["symbol"] == symbol
    limit = await exchange.create_order(symbol, "limit", "sell", 0.002, round(price * 1.2, 2))
    stop = await exchange.create_order(
        symbol, "limit", "sell", 0.002, round(price * 0.8, 2), {"stopPrice": round(price * 0.81, 2)}
    )
    market_stop = await exchange.create_order(symbol, "market", "sell", 0.002, None, {"stopLossPrice": round(price * 0.8, 2)})
    profit = await exchange.create_order(symbol, "market", "sell", 0.002, None, {"takeProfitPrice": round(price * 1.3, 2)})
    listed = await exchange.private_post_orderlist_oco(
        {
            "symbol": "BTCUSDT",
            "side": "SELL",
            "quantity": "0.002",
            "aboveType": "LIMIT_MAKER",
            "abovePrice": f"{price * 1.2:.2f}",
            "belowType": "STOP_LOSS_LIMIT",
            "belowStopPrice": f"{price * 0.8:.2f}",
            "belowPrice": f"{price * 0.79:.2f}",
            "belowTimeInForce": "GTC",
        }
    )
    placed = {limit["id"], stop["id"], market_stop["id"], profit["id"], *(str(order["orderId"]) for order in listed["orders"])}
    assert {order["id"] for order in await exchange.fetch_open_orders(symbol)} == placed
    assert (await exchange.fetch_order(limit["id"], symbol))["status"] == "open"
    edited = await exchange.edit_order(limit["id"], symbol, "limit", "sell", 0.003, round(price * 1.25, 2))
    cancelled = await exchange.cancel_order(edited["id"], symbol)
    assert cancelled["status"] == "canceled", cancelled
    await exchange.cancel_all_orders(symbol)
    assert await exchange.fetch_open_orders(symbol) == []
    assert [trade["order"] for trade in await exchange.fetch_my_trades(symbol)] == [bought["id"]]
    assert len(await exchange.fetch_orders(symbol)) == 8
    balance = await exchange.fetch_balance()
    assert balance["BTC"]["used"] == 0, balance["BTC"]
    assert balance["BTC"]["free"] == 1.00999, balance["BTC"]
    over_socket = await exchange.create_order_ws(symbol, "limit", "buy", 0.01, round(price * 0.5, 2))
    await exchange.cancel_order_ws(over_socket["id"], symbol)
    assert (await exchange.fetch_balance_ws())["info"]["canTrade"]


async def look(exchange: Any) -> None:
    symbol = "ETH/USDT"
    await exchange.fetch_time()
    assert len(await exchange.fetch_ohlcv(symbol, "5m", limit=20)) == 20
    assert await exchange.fetch_trades(symbol, limit=5)
    book = await exchange.fetch_order_book(symbol, 10)
    assert book["bids"][0][0] < book["asks"][0][0]
    assert set(await exchange.fetch_tickers()) >= {symbol}
    watched = {
        "order book": exchange.watch_order_book(symbol),
        "trades": exchange.watch_trades(symbol),
        "candles": exchange.watch_ohlcv(symbol, "1m"),
        "ticker": exchange.watch_ticker(symbol),
        "best prices": exchange.watch_bids_asks([symbol]),
    }
    for name, watching in watched.items():
        assert await asyncio.wait_for(watching, 10), name


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
    sys.stdout.write("traded\n")
