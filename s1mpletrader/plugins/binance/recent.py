"""Memories that forget: the latest of many, and no more of them."""

from collections import OrderedDict
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """A mapping of the latest so many keys."""

    def __init__(self, count_max: int) -> None:
        self._count_max = count_max
        self._items: OrderedDict[K, V] = OrderedDict()

    def __contains__(self, key: K) -> bool:
        return key in self._items

    def get(self, key: K) -> V | None:
        """The value, where it is remembered."""
        return self._items.get(key)

    def put(self, key: K, value: V) -> None:
        """Remember, and forget the oldest where there are too many."""
        self._items[key] = value
        if len(self._items) > self._count_max:
            self._items.popitem(last=False)

    def drop(self, key: K) -> None:
        """Forget one."""
        self._items.pop(key, None)
