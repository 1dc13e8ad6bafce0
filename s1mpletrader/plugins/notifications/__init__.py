"""Notifications of what happens in a run, through any of the services that apprise knows."""

from collections.abc import Sequence
from typing import Any

from s1mpletrader.api import IWatcher, Plugin, WatchProvision, hookimpl
from s1mpletrader.plugins.notifications.addresses import NotifyConfig, open_addresses
from s1mpletrader.plugins.notifications.postman import Postman
from s1mpletrader.plugins.notifications.watcher import Notifications


def _build(config: NotifyConfig, given: WatchProvision) -> IWatcher:
    title = f"s1mpletrader {given.mode} {given.account}: {', '.join(given.strategies)}"
    send = open_addresses(config, given.directory, title)
    return Notifications(config.tell, Postman(send, queue_max=config.queue_max, close_s_max=config.close_s_max))


@hookimpl
def s1mple_watchers() -> Sequence[Plugin[Any, WatchProvision, IWatcher]]:
    """Notifications."""
    return (
        Plugin(
            name="notify",
            config=NotifyConfig,
            build=_build,
            summary="Tells people what happens, by mail, chat or push, through apprise. Needs the extra `notify`.",
        ),
    )
