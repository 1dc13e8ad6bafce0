"""Days on which everything goes wrong, drawn from a seed."""

from random import Random

from s1mpletrader.exchange import Fault

HOUR_MS = 3_600_000

SUBMISSIONS = ("order.place", "orderList.place.oco", "POST /api/v3/order", "POST /api/v3/orderList/oco")
CANCELLATIONS = ("order.cancel", "DELETE /api/v3/order")
QUESTIONS = (
    "GET /api/v3/order",
    "GET /api/v3/openOrders",
    "GET /api/v3/myTrades",
    "GET /api/v3/account",
    "GET /api/v3/klines",
    "GET /api/v3/time",
    "userDataStream.subscribe.signature",
)
EVENTS = ("executionReport", "executionReport", "executionReport", "listStatus", "outboundAccountPosition", "kline")


def draw_faults(random: Random, hours: float) -> tuple[Fault, ...]:
    """What goes wrong in so many hours: every few minutes something does."""
    requests = [_request_fault(random, hours) for _ in range(round(6 * hours))]
    events = [_event_fault(random, hours) for _ in range(round(6 * hours))]
    states = [_state_fault(random, hours) for _ in range(round(2 * hours))]
    return (*requests, *events, *states)


def _span(random: Random, hours: float, length_max_ms: int) -> dict[str, int]:
    begins = random.randrange(round(hours * HOUR_MS))
    return {"from_ms": begins, "until_ms": begins + random.randint(length_max_ms // 10, length_max_ms)}


def _request_fault(random: Random, hours: float) -> Fault:
    route = random.choice(random.choice((SUBMISSIONS, SUBMISSIONS, CANCELLATIONS, QUESTIONS)))
    kind = random.choice(("delay", "drop", "error", "html", "rate_limit"))
    return Fault.model_validate(
        {
            "kind": kind,
            "route": route,
            "calls": (1,) if random.random() < 0.7 else (1, 2, 3),
            "commit": random.choice(("never", "first", "later")),
            "delay_ms": random.choice((200, 5_000, 40_000)),
            "status": random.choice((429, 418)) if kind == "rate_limit" else random.choice((500, 502, 503)),
            "retry_after_s": random.choice((5, 60)),
            **_span(random, hours, HOUR_MS),
        }
    )


def _event_fault(random: Random, hours: float) -> Fault:
    return Fault.model_validate(
        {
            "kind": random.choice(("duplicate", "reorder", "lose", "hold", "garbage", "cut")),
            "route": random.choice(EVENTS),
            "calls": (1,) if random.random() < 0.7 else (1, 3),
            "delay_ms": random.choice((200, 5_000, 40_000)),
            **_span(random, hours, HOUR_MS),
        }
    )


def _state_fault(random: Random, hours: float) -> Fault:
    return Fault.model_validate(
        {
            "kind": random.choice(("maintenance", "replica_lag", "clock_skew", "silent", "refuse_sockets")),
            "delay_ms": 15_000,
            "skew_ms": random.choice((-30_000, 30_000)),
            **_span(random, hours, HOUR_MS // 4),
        }
    )
