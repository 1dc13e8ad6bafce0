"""Whether an order was sent again though its first request might have placed it, by what the exchange itself wrote down."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from s1mpletrader.exchange import Request

SUBMISSIONS: Final = {
    "order.place": "POST /api/v3/order",
    "order.cancelReplace": "POST /api/v3/order/cancelReplace",
    "orderList.place.oco": "POST /api/v3/orderList/oco",
    "orderList.place.oto": "POST /api/v3/orderList/oto",
    "orderList.place.otoco": "POST /api/v3/orderList/otoco",
}
"""Where orders are placed: over the WebSocket API, and over REST."""
NOT_ITS_ORDERS: Final = frozenset({"listClientOrderId", "cancelOrigClientOrderId", "cancelNewClientOrderId"})
"""The ids that such a request carries beside those of its orders."""
DEFINITE: Final = frozenset({-1013, -1014, -1020, -1021, -2010, -2015, -2021, -2022})
"""The codes that prove that no order was placed."""


def sent_by_id(requests: Iterable[Request]) -> dict[str, list[Request]]:
    """The requests that were to place an order, by its client id, in the order of their coming."""
    routes = {*SUBMISSIONS, *SUBMISSIONS.values()}
    sent: defaultdict[str, list[Request]] = defaultdict(list)
    for request in requests:
        if request.route in routes:
            for name, value in request.params.items():
                if name.endswith("ClientOrderId") and name not in NOT_ITS_ORDERS:
                    sent[value].append(request)
    return sent


def sent_in_doubt(requests: Iterable[Request]) -> dict[str, list[Request]]:
    """The orders that were sent again, with those requests before the last that may have placed them."""
    doubtful = {
        client_order_id: [request for request in sent[:-1] if not proves_that_nothing_was_placed(request)]
        for client_order_id, sent in sent_by_id(requests).items()
    }
    return {client_order_id: found for client_order_id, found in doubtful.items() if found}


def proves_that_nothing_was_placed(request: Request) -> bool:
    """Whether who sent it was answered, and by a refusal of the order."""
    if request.status in (418, 429):
        return True
    was_told = request.fault not in {"drop", "delay", "error", "html", "rewrite"}
    return was_told and request.status is not None and 400 <= request.status < 500 and request.code in DEFINITE
