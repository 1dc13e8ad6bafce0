"""Where an account's orders, lists and trades are found again."""

from collections.abc import Iterable

from s1mpletrader.domain.instant import Instant
from s1mpletrader.exchange.orders import Order, OrderList, Trade


class Records:
    """Everything that an account has ever placed and traded."""

    def __init__(self) -> None:
        self._orders: dict[tuple[str, int], Order] = {}
        self._by_client: dict[tuple[str, str], Order] = {}
        self._by_engine: dict[str, Order] = {}
        self._lists: dict[int, OrderList] = {}
        self._live: dict[tuple[str, int], Order] = {}
        self.trades: list[Trade] = []

    def add(self, order: Order) -> None:
        """Keep an order; from now on its client's id means it, and no earlier one."""
        key = (order.asked.market.name, order.order_id)
        self._orders[key] = self._live[key] = order
        self._by_engine[order.engine_id] = order
        self.name(order, order.client_order_id)

    def name(self, order: Order, client_order_id: str) -> None:
        """Let a client's id mean an order."""
        order.client_order_id = client_order_id
        self._by_client[(order.asked.market.name, client_order_id)] = order

    def add_list(self, order_list: OrderList) -> None:
        """Keep a list."""
        self._lists[order_list.list_id] = order_list

    def by_id(self, symbol: str, order_id: int) -> Order | None:
        """An order by the venue's id, which is its own within a symbol only."""
        return self._orders.get((symbol, order_id))

    def by_client(self, symbol: str, client_order_id: str) -> Order | None:
        """The last order with a client's id."""
        return self._by_client.get((symbol, client_order_id))

    def by_engine(self, engine_id: str) -> Order:
        """The order that the engine knows by an id."""
        return self._by_engine[engine_id]

    def list_of(self, order: Order) -> OrderList | None:
        """The list that an order belongs to."""
        return self._lists.get(order.list_id)

    def lists(self) -> Iterable[OrderList]:
        """All lists, oldest first."""
        return self._lists.values()

    def find_list(self, list_id: int | None, client_list_id: str | None) -> OrderList | None:
        """A list by the venue's id, or the last one by the client's."""
        if list_id is not None:
            return self._lists.get(list_id)
        return next((found for found in reversed(self._lists.values()) if found.client_list_id == client_list_id), None)

    def orders(self, symbol: str, seen_at: Instant) -> list[Order]:
        """All orders in a symbol that were placed by an instant, oldest first."""
        return [order for order in self._orders.values() if order.asked.market.name == symbol and order.created_at <= seen_at]

    def live(self, symbol: str | None = None) -> list[Order]:
        """The orders that may still fill, oldest first."""
        for key in [key for key, order in self._live.items() if not order.is_live]:
            del self._live[key]
        return [order for order in self._live.values() if symbol is None or order.asked.market.name == symbol]
