"""Store URLs: which forms there are, and what is wrong with the others."""

from pathlib import Path
from typing import Final

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

_FORMS: Final = "write sqlite:///file.sqlite or postgresql+psycopg://user@host/database"
_DRIVERS: Final = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}


def store_url(text: str) -> URL:
    """The URL of a store, a file's path made absolute; ``ValueError`` for another scheme, or a directory that is not there."""
    try:
        url = make_url(text)
    except ArgumentError:
        raise ValueError(f"{text!r} is no store URL; {_FORMS}") from None
    driver = _DRIVERS.get(url.drivername)
    if driver is None:
        raise ValueError(f"{url.drivername!r} is no kind of store; {_FORMS}")
    url = url.set(drivername=driver)
    if driver != "sqlite":
        return url
    if url.database in (None, "", ":memory:") or url.query:
        raise ValueError(f"{text!r} names no file; {_FORMS}, or use the plugin 'memory'")
    path = Path(str(url.database)).expanduser().absolute()
    if not path.parent.is_dir():
        raise ValueError(f"{path.parent} is no directory: the store {path.name} cannot be made there")
    return url.set(database=str(path))


def existing_store_url(text: str) -> URL:
    """As ``store_url``, for reading alone: a file that is not there is a ``ValueError``, and none is made."""
    url = store_url(text)
    if url.drivername == "sqlite" and not Path(str(url.database)).is_file():
        raise ValueError(f"there is no store {url.database}")
    return url
