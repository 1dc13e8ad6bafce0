"""A recording as JSON lines: a header, and then a datum in each line, in the order in which they were taken in.

Numbers come back as they were: floats are written in full, Decimals as text.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from msgspec import MsgspecError, Struct, json
from pydantic import Field

from s1mpletrader.api import BadData, Datum, NoConfig, PluginConfig, RecordingProvision

VERSION: Final = 1


class JsonLinesConfig(PluginConfig):
    """Where the files are."""

    directory: str = Field("recordings", description="A folder, made where there is none; it starts at the TOML file.")


class Header(Struct, frozen=True, kw_only=True):
    """The first line."""

    recording: int
    """The version of the format."""
    run: str


class JsonLinesRecording:
    """Writes ``RUN.jsonl``. A datum waits in memory until the next flush."""

    def __init__(self, config: JsonLinesConfig, provision: RecordingProvision) -> None:
        directory = Path(provision.directory) / Path(config.directory).expanduser()
        self.path = directory / f"{provision.run}.jsonl"
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("xb")
        except OSError as fault:
            hint = 'name another directory, or write plugin = "none"'
            raise ValueError(f"directory: {self.path} cannot be made: {fault.strerror} ({hint})") from fault
        self._encoder = json.Encoder()
        self._waiting = bytearray(self._encoder.encode(Header(recording=VERSION, run=provision.run)) + b"\n")

    def put(self, datum: Datum) -> None:
        """Remember it for the next flush."""
        self._waiting += self._encoder.encode(datum)
        self._waiting += b"\n"

    def flush(self) -> None:
        """Write what has come, all at once."""
        if self._waiting:
            # What a failed write has left over is the file's own to write when it is closed, and must not come twice.
            data, self._waiting = self._waiting, bytearray()
            self._file.write(data)
            self._file.flush()

    def close(self) -> None:
        """Write what is left."""
        if not self._file.closed:
            with self._file:
                self.flush()


class NoRecording:
    """For a run that is not to be recorded."""

    def __init__(self, config: NoConfig, provision: RecordingProvision) -> None:
        """Take nothing, keep nothing."""

    def put(self, datum: Datum) -> None:
        """Forget it."""

    def flush(self) -> None:
        """There is nothing to write."""

    def close(self) -> None:
        """There is nothing to release."""


def read_recording(path: Path) -> Iterator[Datum]:
    """What was recorded, in its order; ``BadData`` names the line that is none.

    A last line without its end was being written when the process died: it is left out, and no decision came of it.
    """
    try:
        *lines, _ = path.read_bytes().split(b"\n")
    except OSError as fault:
        raise BadData(f"{path} cannot be read: {fault.strerror}") from fault
    decoder = json.Decoder(Datum)
    for number, line in enumerate(lines, 1):
        try:
            if number > 1:
                yield decoder.decode(line)
            elif (version := json.decode(line, type=Header).recording) != VERSION:
                raise BadData(f"{path}: it is a recording of version {version}, and this program reads version {VERSION}")
        except MsgspecError as fault:
            raise BadData(f"{path}: line {number} is of no recording: {fault}") from None
