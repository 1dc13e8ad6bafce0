"""Who is told: apprise's URLs, which hold secrets, from the environment or from a file that nobody else may read."""

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from s1mpletrader.api import PluginConfig, Topic
from s1mpletrader.plugins.credentials import read_private

Send = Callable[[str, bool], bool]
"""Sends a text, waits for it, and says whether everybody has it; the flag is for what needs somebody's attention."""

URLS_VARIABLE_DEFAULT: Final = "S1MPLETRADER_NOTIFY_URLS"


class NotifyConfig(PluginConfig):
    """What is told, and where the addresses are. The addresses themselves hold secrets and never stand in the TOML."""

    tell: Annotated[tuple[Topic, ...], Field(min_length=1)] = (
        Topic.FILLS,
        Topic.REJECTIONS,
        Topic.ALARMS,
        Topic.RUN,
        Topic.HEALTH,
    )
    addresses_variable: Annotated[
        str, Field(min_length=1, description="The environment variable with apprise's URLs, separated by spaces or line breaks.")
    ] = URLS_VARIABLE_DEFAULT
    addresses_file: Annotated[
        str | None, Field(description="A file with one URL in each line, which only its owner may read; instead of the variable.")
    ] = None
    queue_max: Annotated[int, Field(ge=1, description="How many lines wait at most; beyond it the oldest are dropped.")] = 1_000
    close_s_max: Annotated[float, Field(gt=0, description="How long the end of a run waits for what is still unsent.")] = 10.0


def open_addresses(config: NotifyConfig, directory: str, title: str) -> Send:
    """What sends to all addresses under a title; ``ValueError`` where there is none, or one that apprise does not know."""
    try:
        import apprise  # noqa: PLC0415  An extra: who does not use it need not have it.
    except ImportError:
        raise ValueError("notifications need a library: pip install 's1mpletrader[notify]'") from None
    # What apprise logs about an address may hold the address, and with it the secrets in it.
    logging.getLogger(apprise.__name__).setLevel(logging.CRITICAL + 1)
    place, addresses = _addresses(config, directory)
    if not addresses:
        raise ValueError(f"there is no address in {place}; write apprise URLs there, such as tgram://TOKEN/CHAT")
    everybody = apprise.Apprise()
    for number, address in enumerate(addresses, start=1):
        if not everybody.add(address):
            raise ValueError(f"address {number} of {len(addresses)} in {place} is none that apprise knows")

    def send(text: str, urgent: bool) -> bool:
        kind = apprise.NotifyType.FAILURE if urgent else apprise.NotifyType.INFO
        return bool(everybody.notify(title=title, body=text, notify_type=kind, interpret_escapes=False))

    return send


def _addresses(config: NotifyConfig, directory: str) -> tuple[str, list[str]]:
    """Where the addresses were looked for, and what was found."""
    if config.addresses_file is None:
        return f"the environment variable {config.addresses_variable}", os.environ.get(config.addresses_variable, "").split()
    path = Path(directory, config.addresses_file)
    lines = [line.strip() for line in read_private(path).decode(errors="replace").splitlines()]
    return str(path), [line for line in lines if line and not line.startswith("#")]
