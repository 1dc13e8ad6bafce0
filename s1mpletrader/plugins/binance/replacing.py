"""What a cancel-replace has done: every combination of its two halves."""

from typing import Final, NamedTuple, TypeVar

import msgspec

from s1mpletrader.api import Instant, Refused, S1mpleTraderError, Unavailable
from s1mpletrader.plugins.binance.errors import REPLACE_FAILED, VenueRefused, raise_for_trouble
from s1mpletrader.plugins.binance.messages import CancelAnswer, OrderAnswer, ReplaceAnswer, Trouble, decode

K = TypeVar("K")

SUCCESS: Final = "SUCCESS"
FAILURE: Final = "FAILURE"
NOT_ATTEMPTED: Final = "NOT_ATTEMPTED"


class Done(NamedTuple):
    """A half that the venue did."""

    venue_ms: int | None
    order: OrderAnswer | None = None


class Failed(NamedTuple):
    """A half that the venue definitely did not do."""

    reason: str


class Doubtful(NamedTuple):
    """A half of which nothing is known."""

    reason: str


Half = Done | Failed | Doubtful


def halves_of(body: bytes, now: Instant) -> tuple[Half, Half]:
    """What became of the cancellation and of the new order."""
    try:
        answer = decode(body, ReplaceAnswer)
    except (msgspec.MsgspecError, ValueError):
        doubt = Doubtful("the answer to a cancel-replace cannot be read")
        return doubt, doubt
    return _cancelled(answer, now), _placed(answer, now)


def halves_of_refusal(refused: VenueRefused, now: Instant) -> tuple[Half, Half]:
    """The same of a refusal: of both halves at once, or of each on its own."""
    if refused.code in REPLACE_FAILED:
        return halves_of(bytes(refused.data), now)
    return Failed(str(refused)), Failed(str(refused))


def _cancelled(answer: ReplaceAnswer, now: Instant) -> Half:
    if answer.cancel_result == SUCCESS:
        done = _read(answer.cancel_response, CancelAnswer) or CancelAnswer()
        return Done(done.transact_time or done.transaction_time)
    if answer.cancel_result == FAILURE:
        return _failed(answer.cancel_response, now)
    if answer.cancel_result == NOT_ATTEMPTED:
        return Failed("the cancellation was not attempted")
    return Doubtful(f"the cancellation's result is {answer.cancel_result[:40]!r}")


def _placed(answer: ReplaceAnswer, now: Instant) -> Half:
    if answer.new_order_result == SUCCESS:
        order = _read(answer.new_order_response, OrderAnswer)
        return Done(order.transact_time, order) if order is not None else Doubtful("the new order's answer cannot be read")
    if answer.new_order_result == FAILURE:
        return _failed(answer.new_order_response, now)
    if answer.new_order_result == NOT_ATTEMPTED:
        return Failed("the new order was not attempted, because the old one could not be cancelled")
    return Doubtful(f"the new order's result is {answer.new_order_result[:40]!r}")


def _failed(response: msgspec.Raw, now: Instant) -> Half:
    """A half's own error may leave it as much in doubt as that of a whole answer."""
    trouble = _read(response, Trouble)
    if trouble is None:
        return Doubtful("a half of a cancel-replace failed without saying why")
    try:
        raise_for_trouble(trouble, now)
    except (Refused, Unavailable) as definite:
        return Failed(str(definite))
    except S1mpleTraderError as doubt:
        return Doubtful(str(doubt))


def _read(raw: msgspec.Raw, kind: type[K]) -> K | None:
    try:
        return decode(raw, kind)
    except (msgspec.MsgspecError, ValueError):
        return None
