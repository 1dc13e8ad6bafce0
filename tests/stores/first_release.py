"""What a store of the first release held, frozen: rows as they lay in its tables, and what they say.

The rows never change, whatever becomes of the tables: a later version has to migrate them.
"""
# ruff: noqa: E501 - what is frozen is not wrapped.

from typing import Any, Final

import msgspec

from s1mpletrader.api import LedgerChange, SealedEntry
from s1mpletrader.plugins.stores.database import Database
from s1mpletrader.plugins.stores.lineages import Lineage, upgrade
from s1mpletrader.plugins.stores.urls import store_url

_ROWS: Final[dict[str, dict[str, list[dict[str, Any]]]]] = {
    "ledger": {
        "book": [{"written": 12, "lasting": False}],
        "funds": [
            {
                "strategy": "alpha",
                "asset": "USDT",
                "kind": "OPENING",
                "at": 1700000300123456789,
                "ordinal": 0,
                "written": 1,
                "amount": "1000000",
            }
        ],
        "trade": [
            {
                "trade_id": "TRD_20231114_221320_aec217c79f11eb8f",
                "written": 2,
                "strategy": "alpha",
                "symbol": "BTC/USDT",
                "direction": "LONG",
                "at": 1700000060123456789,
            },
            {
                "trade_id": "TRD_20231114_221320_bb94ca2a0fdbd26c",
                "written": 7,
                "strategy": "beta",
                "symbol": "BTC/USDT",
                "direction": "LONG",
                "at": 1700000180123456789,
            },
        ],
        "execution_group": [
            {
                "group_id": "EXG_20231114_221320_336028adc7741d53",
                "written": 8,
                "trade_id": "TRD_20231114_221320_bb94ca2a0fdbd26c",
                "action": "EXECUTE_TRADE",
                "algorithm": "single",
                "at": 1700000180123456789,
                "state": b"\x00\xffstate",
                "wake_at": 1700000181123456789,
                "done": False,
            },
            {
                "group_id": "EXG_20231114_221320_efcd1232073a46a7",
                "written": 3,
                "trade_id": "TRD_20231114_221320_aec217c79f11eb8f",
                "action": "EXECUTE_TRADE",
                "algorithm": "single",
                "at": 1700000060123456789,
                "state": b"\x00\xffstate",
                "wake_at": 1700000061123456789,
                "done": False,
            },
        ],
        "group_event": [
            {
                "group_id": "EXG_20231114_221320_efcd1232073a46a7",
                "ordinal": 1,
                "written": 10,
                "at": 1700000480123456789,
                "state": b"\x01",
                "wake_at": None,
                "done": True,
            }
        ],
        "order_intent": [
            {
                "order_id": "ORD_20231114_221320_84c19f7aff41782a",
                "written": 4,
                "group_id": "EXG_20231114_221320_efcd1232073a46a7",
                "trade_id": "TRD_20231114_221320_aec217c79f11eb8f",
                "strategy": "alpha",
                "venue": "kit-venue",
                "account": "kit-account",
                "client_order_id": "kit-ORD_20231114_221320_84c19f7aff41782a",
                "symbol": "BTC/USDT",
                "side": "BUY",
                "type": "MARKET",
                "quantity": "2.5",
                "price": None,
                "stop_price": None,
                "time_in_force": "GTC",
                "reduce_only": False,
                "decided_at": 1700000120123456789,
                "list_kind": "NONE",
                "list_id": None,
                "replaces": None,
                "reference_price": "38527.1",
            },
            {
                "order_id": "ORD_20231114_221320_b34669357fcec7b2",
                "written": 9,
                "group_id": "EXG_20231114_221320_336028adc7741d53",
                "trade_id": "TRD_20231114_221320_bb94ca2a0fdbd26c",
                "strategy": "beta",
                "venue": "kit-venue",
                "account": "kit-account",
                "client_order_id": "kit-ORD_20231114_221320_b34669357fcec7b2",
                "symbol": "BTC/USDT",
                "side": "BUY",
                "type": "LIMIT",
                "quantity": "2.5",
                "price": "0.0000001",
                "stop_price": None,
                "time_in_force": "GTC",
                "reduce_only": False,
                "decided_at": 1700000240123456789,
                "list_kind": "NONE",
                "list_id": None,
                "replaces": None,
                "reference_price": "38527.1",
            },
        ],
        "order_event": [
            {
                "order_id": "ORD_20231114_221320_84c19f7aff41782a",
                "ordinal": 1,
                "written": 5,
                "kind": "ACCEPTED",
                "at": 1700000360123456789,
                "submitted_at": 1700000360123454789,
                "venue_at": 1700000360123455789,
                "exchange_order_id": "venue-ORD_20231114_221320_84c19f7aff41782a",
                "rejection_reason": None,
                "evidence": None,
                "quantity": None,
                "price": None,
            },
            {
                "order_id": "ORD_20231114_221320_b34669357fcec7b2",
                "ordinal": 1,
                "written": 11,
                "kind": "REJECTED",
                "at": 1700000540123456789,
                "submitted_at": None,
                "venue_at": 1700000540123455789,
                "exchange_order_id": None,
                "rejection_reason": "no margin",
                "evidence": None,
                "quantity": None,
                "price": None,
            },
        ],
        "fill": [
            {
                "fill_id": "FIL_20231114_222020_f4ba280a6c14dfae",
                "written": 6,
                "order_id": "ORD_20231114_221320_84c19f7aff41782a",
                "venue": "kit-venue",
                "account": "kit-account",
                "symbol": "BTC/USDT",
                "venue_trade_id": "T7",
                "side": "BUY",
                "price": "38527.10",
                "quantity": "1.5",
                "fee": "0.00012345",
                "fee_currency": "BTC",
                "liquidity": "TAKER",
                "venue_at": 1700000420123456789,
                "at": 1700000420123458289,
                "source": "STREAM",
            }
        ],
        "external_fill": [
            {
                "fill_id": "FIL_20231114_222320_75e747125152bf3c",
                "written": 12,
                "client_order_id": "somebody-else",
                "exchange_order_id": "venue-77",
                "venue": "kit-venue",
                "account": "kit-account",
                "symbol": "BTC/USDT",
                "venue_trade_id": "X10",
                "side": "SELL",
                "price": "38000.5",
                "quantity": "0.75",
                "fee": "-0.0001",
                "fee_currency": "USDT",
                "liquidity": "MAKER",
                "venue_at": 1700000600123456789,
                "at": 1700000600123458289,
                "source": "STREAM",
            }
        ],
    },
    "journal": {
        "run": [{"lasting": False}],
        "entry": [
            {
                "seq": 0,
                "kind": "RUN_STARTED",
                "parent_run": None,
                "parent_seq": None,
                "order_id": None,
                "fill_id": None,
                "at": 1700000000987654321,
                "payload": b'{"v":1}',
                "hash": b"\xe3D\x0bLp\x13o\x90\xbbRt(Y\x82%e\x81\x11L\xb3d\x83J\x9f\xeb\xae\xffp\x1a(\x88\xf1",
            },
            {
                "seq": 1,
                "kind": "INTENDED",
                "parent_run": None,
                "parent_seq": 0,
                "order_id": "ORD_20231114_221320_0123456789abcdef",
                "fill_id": None,
                "at": 1700000000987654321,
                "payload": b'{"v":1,"facts":{"BTC/USDT 1m ema":38527.1}}',
                "hash": b"\xbd\xc7-\xad\xf7\xeb5w\xa6\xf4M\xfc\xbc\x0f^I/\xcf\\M3As\x83\x83JlMB`\xe8\x94",
            },
            {
                "seq": 2,
                "kind": "FILLED",
                "parent_run": None,
                "parent_seq": 1,
                "order_id": "ORD_20231114_221320_0123456789abcdef",
                "fill_id": "FIL_20231114_221321_0123456789abcdef",
                "at": 1700000001987654321,
                "payload": b'{"v":1}',
                "hash": b"'`a\xb9\xe8\x16\r\x17\xad5\x10\xa0\xeb\xe5h\xb4\x16\"\xba\xe6\xf3x\x11\xb2\xd3\x9e\x99\xea\x9fCq\x8b",
            },
        ],
    },
}

_LEDGER: Final = [
    b'{"type":"FundsMoved","strategy":"alpha","asset":"USDT","amount":"1000000","kind":"OPENING","at":1700000300123456789,"ordinal":0}',
    b'{"type":"TradeOpened","trade_id":"TRD_20231114_221320_aec217c79f11eb8f","strategy":"alpha","symbol":"BTC/USDT","direction":"LONG","at":1700000060123456789}',
    b'{"type":"GroupOpened","group_id":"EXG_20231114_221320_efcd1232073a46a7","trade_id":"TRD_20231114_221320_aec217c79f11eb8f","action":"EXECUTE_TRADE","algorithm":"single","at":1700000060123456789,"state":"AP9zdGF0ZQ==","wake_at":1700000061123456789,"done":false}',
    b'{"type":"OrderIntended","order_id":"ORD_20231114_221320_84c19f7aff41782a","group_id":"EXG_20231114_221320_efcd1232073a46a7","trade_id":"TRD_20231114_221320_aec217c79f11eb8f","strategy":"alpha","venue":"kit-venue","account":"kit-account","client_order_id":"kit-ORD_20231114_221320_84c19f7aff41782a","details":{"symbol":"BTC/USDT","side":"BUY","type":"MARKET","quantity":"2.5","price":null,"stop_price":null,"time_in_force":"GTC","reduce_only":false},"decided_at":1700000120123456789,"list_kind":"NONE","list_id":null,"replaces":null,"reference_price":"38527.1"}',
    b'{"type":"OrderChanged","order_id":"ORD_20231114_221320_84c19f7aff41782a","ordinal":1,"kind":"ACCEPTED","at":1700000360123456789,"submitted_at":1700000360123454789,"venue_at":1700000360123455789,"exchange_order_id":"venue-ORD_20231114_221320_84c19f7aff41782a","rejection_reason":null,"evidence":null,"quantity":null,"price":null}',
    b'{"type":"FillBooked","fill_id":"FIL_20231114_222020_f4ba280a6c14dfae","order_id":"ORD_20231114_221320_84c19f7aff41782a","venue":"kit-venue","account":"kit-account","symbol":"BTC/USDT","venue_trade_id":"T7","side":"BUY","price":"38527.10","quantity":"1.5","fee":"0.00012345","fee_currency":"BTC","liquidity":"TAKER","venue_at":1700000420123456789,"at":1700000420123458289,"source":"STREAM"}',
    b'{"type":"TradeOpened","trade_id":"TRD_20231114_221320_bb94ca2a0fdbd26c","strategy":"beta","symbol":"BTC/USDT","direction":"LONG","at":1700000180123456789}',
    b'{"type":"GroupOpened","group_id":"EXG_20231114_221320_336028adc7741d53","trade_id":"TRD_20231114_221320_bb94ca2a0fdbd26c","action":"EXECUTE_TRADE","algorithm":"single","at":1700000180123456789,"state":"AP9zdGF0ZQ==","wake_at":1700000181123456789,"done":false}',
    b'{"type":"OrderIntended","order_id":"ORD_20231114_221320_b34669357fcec7b2","group_id":"EXG_20231114_221320_336028adc7741d53","trade_id":"TRD_20231114_221320_bb94ca2a0fdbd26c","strategy":"beta","venue":"kit-venue","account":"kit-account","client_order_id":"kit-ORD_20231114_221320_b34669357fcec7b2","details":{"symbol":"BTC/USDT","side":"BUY","type":"LIMIT","quantity":"2.5","price":"1E-7","stop_price":null,"time_in_force":"GTC","reduce_only":false},"decided_at":1700000240123456789,"list_kind":"NONE","list_id":null,"replaces":null,"reference_price":"38527.1"}',
    b'{"type":"GroupAdvanced","group_id":"EXG_20231114_221320_efcd1232073a46a7","ordinal":1,"at":1700000480123456789,"state":"AQ==","wake_at":null,"done":true}',
    b'{"type":"OrderChanged","order_id":"ORD_20231114_221320_b34669357fcec7b2","ordinal":1,"kind":"REJECTED","at":1700000540123456789,"submitted_at":null,"venue_at":1700000540123455789,"exchange_order_id":null,"rejection_reason":"no margin","evidence":null,"quantity":null,"price":null}',
    b'{"type":"ExternalFill","fill_id":"FIL_20231114_222320_75e747125152bf3c","client_order_id":"somebody-else","exchange_order_id":"venue-77","venue":"kit-venue","account":"kit-account","symbol":"BTC/USDT","venue_trade_id":"X10","side":"SELL","price":"38000.5","quantity":"0.75","fee":"-0.0001","fee_currency":"USDT","liquidity":"MAKER","venue_at":1700000600123456789,"at":1700000600123458289,"source":"STREAM"}',
]

FIRST_LEDGER: Final[list[LedgerChange]] = [msgspec.json.decode(text, type=LedgerChange) for text in _LEDGER]

_KEYS: Final = {"ledger": "book", "journal": "run"}

FIRST_ENTRIES: Final = [msgspec.convert(["run-1", *row.values()], SealedEntry) for row in _ROWS["journal"]["entry"]]


def fill_first_release(url: str, lineage: Lineage, key: str) -> None:
    """Make the lineage's first tables at a URL, and put the rows into them, under a book or a run."""
    database = Database(store_url(url), durable=False)
    with database.begin() as transaction:
        connection = transaction.connection
        upgrade(connection, lineage, f"{lineage.name}_0001")
        mark = "?" if connection.dialect.name == "sqlite" else "%s"
        for table, rows in _ROWS[lineage.name].items():
            for row in rows:
                values = {_KEYS[lineage.name]: key, **row}
                marks = ", ".join(mark for _ in values)
                connection.exec_driver_sql(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", tuple(values.values()))
    database.close()
