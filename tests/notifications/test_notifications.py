"""Notifications reach a real service, hold nobody up, and never show an address."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from msgspec.structs import replace

from s1mpletrader.assembly.watching import watching
from s1mpletrader.configuration import Portfolio, load
from s1mpletrader.container import BacktestContainer
from s1mpletrader.core.clock import VirtualClock
from s1mpletrader.core.narrator import Topic
from s1mpletrader.core.status import LiveStatus
from s1mpletrader.domain.errors import ConfigurationError
from s1mpletrader.domain.order import Order, order_from_intent
from s1mpletrader.domain.orders import OrderState
from s1mpletrader.domain.reasons import EntryDraft, EntryKind, Reasons
from s1mpletrader.plugins.notifications.addresses import URLS_VARIABLE_DEFAULT, NotifyConfig, open_addresses
from s1mpletrader.plugins.notifications.postman import Postman
from s1mpletrader.plugins.notifications.watcher import Notifications
from s1mpletrader.ports.health import Health, StreamHealth
from tests.core.samples import SYMBOL, draft, fill, intent
from tests.notifications.service import Service, serving
from tests.running import EXAMPLES, MEMORY

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning:apprise")

ALL = tuple(Topic)


@pytest.fixture
def service() -> Iterator[Service]:
    with serving() as found:
        yield found


@contextmanager
def notifying(
    service: Service, monkeypatch: pytest.MonkeyPatch, tell: tuple[Topic, ...] = ALL, **keys: Any
) -> Iterator[Notifications]:
    monkeypatch.setenv(URLS_VARIABLE_DEFAULT, service.address)
    config = NotifyConfig(tell=tell, **keys)
    postman = Postman(open_addresses(config, ".", "a title"), queue_max=config.queue_max, close_s_max=config.close_s_max)
    notifications = Notifications(config.tell, postman)
    try:
        yield notifications
    finally:
        service.release()
        notifications.close()


def order(number: int, state: OrderState) -> Order:
    return replace(order_from_intent(intent(number)), state=state)


def portfolio(*overrides: str) -> Portfolio:
    return load(EXAMPLES / "ema_cross.toml", [*MEMORY, "data.candles=400", "watch.plugin=notify", *overrides])


def run(configuration: Portfolio) -> None:
    container = BacktestContainer(configuration=configuration)
    with watching(configuration, "r", VirtualClock()) as watchers:
        for name, watcher in watchers.items():
            configuration.plugins.register(watcher, name)
        container.backtest().run()


def test_the_fills_of_a_run_are_told(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(URLS_VARIABLE_DEFAULT, service.address)
    run(portfolio('watch.tell=["fills"]'))
    assert {message["title"] for message in service.messages} == {"s1mpletrader backtest main: ema_cross"}
    assert service.lines
    assert all("ema_cross: filled " in line for line in service.lines)


def test_only_the_topics_that_are_asked_for_are_told(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    with notifying(service, monkeypatch, (Topic.FILLS, Topic.ALARMS)) as notifications:
        notifications.s1mple_strategy_journal_updated(draft(1))
        notifications.s1mple_order(order(1, OrderState.INTENDED))
        notifications.s1mple_fill(fill(1))
        notifications.s1mple_order(order(2, OrderState.UNKNOWN))
    assert service.lines == [
        f"1970-01-01T00:00:00Z s: filled BUY 2 {SYMBOL} at 10",
        f"1970-01-01T00:00:00Z s: UNKNOWN BUY 2 {SYMBOL} LIMIT at 10",
    ]


def test_the_beginning_the_end_and_what_troubles_a_run_are_told(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    stale = Health(streams=(StreamHealth(name="private", connected=False, stale_since=5),), banned_until=9_000_000_000)
    with notifying(service, monkeypatch) as notifications:
        notifications.s1mple_strategy_journal_updated(draft(None, EntryKind.RUN_STARTED))
        for health, halted, at in ((Health(), False, 1), (stale, True, 6), (stale, True, 7), (Health(), False, 8)):
            notifications.s1mple_status(LiveStatus(at=at, mode="live", account="main", health=health, halted=halted))
        ended = EntryDraft(EntryKind.RUN_ENDED, 9, Reasons(v=1, text="somebody asked"))
        notifications.s1mple_strategy_journal_updated(ended)
    assert [line.partition("Z ")[2] for line in service.lines] == [
        "the run begins",
        "nothing new is opened",
        "stream private is not to be trusted since 1970-01-01T00:00:00.000000005Z",
        "the venue does not listen until 1970-01-01T00:00:09Z",
        "new trades may be opened again",
        "stream private: over",
        "ban: over",
        "the run ends: somebody asked",
    ]


def test_an_alarm_is_marked_for_attention(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    with notifying(service, monkeypatch) as notifications:
        notifications.s1mple_order(order(1, OrderState.UNKNOWN))
        service.wait(1)
        notifications.s1mple_order(order(2, OrderState.OPEN))
    assert [message["type"] for message in service.messages] == ["failure", "info"]


def test_a_service_that_does_not_answer_holds_nobody_up_and_old_refusals_make_room(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.hold()
    with notifying(service, monkeypatch, queue_max=4) as notifications:
        notifications.s1mple_order(order(1, OrderState.OPEN))
        service.wait(1)  # The thread waits for the service from here on.
        begun = monotonic()
        for number in (2, 3):
            notifications.s1mple_order(order(number, OrderState.CANCELLED))
        for at in range(5):
            notifications.s1mple_status(LiveStatus(at=at, mode="live", account="main", halted=at % 2 == 0))
        notifications.s1mple_fill(replace(fill(3), quantity=Decimal(1)))
        assert monotonic() - begun < 1
        service.release()
        service.wait(2)
    assert [line.partition("Z ")[2] or line for line in service.lines[1:]] == [
        "(4 earlier lines were dropped: more happened than could be sent)",
        f"s: CANCELLED BUY 2 {SYMBOL} LIMIT at 10",
        f"s: CANCELLED BUY 2 {SYMBOL} LIMIT at 10",
        "nothing new is opened",
        f"s: filled BUY 1 {SYMBOL} at 10",
    ]


def test_where_only_orders_wait_the_oldest_makes_room(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    service.hold()
    with notifying(service, monkeypatch, queue_max=2) as notifications:
        notifications.s1mple_order(order(1, OrderState.OPEN))
        service.wait(1)
        for state in (OrderState.OPEN, OrderState.CANCELLED, OrderState.EXPIRED):
            notifications.s1mple_order(order(2, state))
    assert [line.split()[2] for line in service.lines[2:]] == ["CANCELLED", "EXPIRED"]


def test_a_message_that_fails_is_tried_once_more_and_then_given_up(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    service.statuses = [500, 200, 500, 500]
    with caplog.at_level(logging.DEBUG), notifying(service, monkeypatch) as notifications:
        notifications.s1mple_order(order(1, OrderState.OPEN))
        service.wait(2)
        assert "could not be sent" not in caplog.text
        notifications.s1mple_order(order(2, OrderState.OPEN))
    assert len(service.messages) == 4
    assert "a notification of 1 lines could not be sent to everybody" in caplog.text
    assert "hunter2" not in caplog.text


def test_what_a_client_raises_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    sent: list[str] = []

    def send(text: str, urgent: bool) -> bool:
        sent.append(text)
        raise ConnectionError("json://somebody:hunter2@127.0.0.1/")

    postman = Postman(send, queue_max=5, close_s_max=5)
    notifications = Notifications(ALL, postman)
    notifications.s1mple_fill(fill(1))
    notifications.close()
    notifications.close()
    assert len(sent) == 2
    assert "a notification failed: ConnectionError" in caplog.text
    assert "hunter2" not in caplog.text


def test_the_end_of_a_run_waits_for_a_while_and_no_longer(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    service.hold()
    with notifying(service, monkeypatch, close_s_max=0.2) as notifications:
        notifications.s1mple_order(order(1, OrderState.OPEN))
        service.wait(1)
        notifications.s1mple_order(order(2, OrderState.OPEN))
        begun = monotonic()
        notifications.close()
        assert monotonic() - begun < 2
        notifications.s1mple_order(order(3, OrderState.OPEN))
    assert "before all notifications were sent: at least 1 lines are lost" in caplog.text


def test_addresses_may_stand_in_a_file_that_is_its_owners_alone(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "people"
    file.write_text(f"# who is told\n\n{service.address}\n")
    file.chmod(0o600)
    run(portfolio('watch.tell=["fills"]', f"watch.addresses_file={file}"))
    assert service.lines
    file.chmod(0o644)
    with pytest.raises(ConfigurationError, match=r"\[\[watch\]\] #1: .*people can be read by others"):
        run(portfolio(f"watch.addresses_file={file}"))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "there is no address in the environment variable S1MPLETRADER_NOTIFY_URLS"),
        ("slack://hunter2/x", "address 1 of 1 in the environment variable S1MPLETRADER_NOTIFY_URLS is none that"),
    ],
)
def test_a_missing_or_a_wrong_address_is_a_mistake_that_shows_none(
    value: str | None, message: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv(URLS_VARIABLE_DEFAULT, raising=False)
    if value is not None:
        monkeypatch.setenv(URLS_VARIABLE_DEFAULT, value)
    with caplog.at_level(logging.DEBUG), pytest.raises(ConfigurationError) as caught, watching(portfolio(), "r", VirtualClock()):
        pass
    assert message in str(caught.value)
    assert "hunter2" not in str(caught.value) + caplog.text


def test_many_lines_go_in_few_messages_and_drops_are_told_once(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    service.hold()
    with notifying(service, monkeypatch, queue_max=25) as notifications:
        notifications.s1mple_order(order(1, OrderState.OPEN))
        service.wait(1)
        for number in range(30):
            notifications.s1mple_order(order(number, OrderState.OPEN))
        service.release()
        service.wait(3)
        notifications.s1mple_order(order(1, OrderState.CANCELLED))
    counts = [len(message["message"].splitlines()) for message in service.messages]
    assert counts == [1, 21, 5, 1]
    assert [line for line in service.lines if "dropped" in line] == [
        "(5 earlier lines were dropped: more happened than could be sent)"
    ]


def test_what_comes_after_the_end_is_not_sent() -> None:
    sent: list[str] = []

    def send(text: str, urgent: bool) -> bool:
        sent.append(text)
        return True

    postman = Postman(send, queue_max=5, close_s_max=5)
    notifications = Notifications(ALL, postman)
    notifications.s1mple_fill(fill(1))
    notifications.close()
    notifications.s1mple_fill(fill(2))
    notifications.close()
    assert len(sent) == 1
    assert not postman.waiting
