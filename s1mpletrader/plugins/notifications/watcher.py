"""Which lines are told, and how they look."""

from collections.abc import Collection
from typing import Final

from s1mpletrader.api import FlowLine, Narrator, Topic, iso
from s1mpletrader.plugins.notifications.postman import Parcel, Postman

KEPT: Final = frozenset({Topic.ORDERS, Topic.FILLS, Topic.REJECTIONS, Topic.ALARMS})
"""What concerns orders is dropped last."""
URGENT: Final = frozenset({Topic.ALARMS})


class Notifications(Narrator):
    """Gives the lines of the topics that were asked for to the postman."""

    def __init__(self, topics: Collection[Topic], postman: Postman) -> None:
        super().__init__()
        self._topics = frozenset(topics)
        self._postman = postman

    def tell(self, topic: Topic, line: FlowLine) -> None:
        """Queue a line."""
        if topic in self._topics:
            whose = f"{line.strategy}: " if line.strategy else ""
            self._postman.put(Parcel(f"{iso(line.at)} {whose}{line.text}", topic in KEPT, topic in URGENT))

    def close(self) -> None:
        """Send what still waits."""
        self._postman.close()
