"""Counts of a run for Prometheus, at an address of this machine alone."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from pydantic import Field

from s1mpletrader.api import IWatcher, Plugin, PluginConfig, WatchProvision, hookimpl

PORT_DEFAULT: Final = 9464


class PrometheusConfig(PluginConfig):
    """Where Prometheus finds the counts: ``http://127.0.0.1:PORT/metrics``."""

    port: Annotated[int, Field(ge=0, le=65_535, description="0 takes any that is free, and logs which.")] = PORT_DEFAULT


def _build(config: PrometheusConfig, given: WatchProvision) -> IWatcher:
    try:
        from s1mpletrader.plugins.metrics.watcher import open_metrics  # noqa: PLC0415  Its library is an extra.
    except ImportError:
        raise ValueError("metrics need a library: pip install 's1mpletrader[metrics]'") from None
    return open_metrics(config.port, {"account": given.account, "mode": given.mode})


@hookimpl
def s1mple_watchers() -> Sequence[Plugin[Any, WatchProvision, IWatcher]]:
    """Counts for Prometheus."""
    return (
        Plugin(
            name="prometheus",
            config=PrometheusConfig,
            build=_build,
            summary="Counts, gauges and latencies for Prometheus, on 127.0.0.1. Needs the extra `metrics`.",
        ),
    )
