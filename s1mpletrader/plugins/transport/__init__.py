"""The transport of network connectors: HTTP requests and message sockets over aiohttp."""

from s1mpletrader.plugins.transport.aiohttp_transport import AiohttpTransport
from s1mpletrader.plugins.transport.sealed import Sealed, SealedHeaders

__all__ = ["AiohttpTransport", "Sealed", "SealedHeaders"]
