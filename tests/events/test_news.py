"""News: lines of a file, a feed that is really served, and what detectors make of them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from s1mpletrader.api import BadData, Direction, Event, EventProvision, Instant, NewsItem, OriginKind, Refused, Series, iso
from s1mpletrader.contracts.generated import PROVISION
from s1mpletrader.plugins.events.feed import Feed, FeedConfig
from s1mpletrader.plugins.events.json_lines import JsonLines, JsonLinesConfig
from s1mpletrader.plugins.workers.event_detectors import Headline, HeadlineConfig, Scheduled, ScheduledConfig
from tests.events.test_cron import Clock, moment

GOOD = '{"at": "2022-01-01T10:00:00Z", "headline": "It rises", "symbols": ["BTC/USDT"]}'


def lines(directory: Path, *rows: str, clock: Clock | None = None) -> JsonLines:
    (directory / "news.jsonl").write_text("".join(f"{row}\n" for row in rows))
    provision = EventProvision(name="wire", directory=str(directory), clock=clock or Clock())
    return JsonLines(JsonLinesConfig(path="news.jsonl"), provision)


def test_news_come_in_the_order_of_their_receipt_and_once(tmp_path: Path) -> None:
    source = lines(
        tmp_path,
        '{"at": "2022-01-02T00:00:00+02:00", "id": "b", "headline": "second"}',
        "",
        GOOD,
        '{"at": "2022-01-02T00:00:00+02:00", "id": "b", "headline": "second, delivered again"}',
        '{"at": "2022-01-01T22:00:00Z", "headline": "third, at the same instant"}',
    )
    found = source.history(moment("2022-01-01"), moment("2022-01-02"))
    assert [(iso(event.at), event.payload.headline, event.anchor) for event in found if isinstance(event.payload, NewsItem)] == [
        ("2022-01-01T10:00:00Z", "It rises", "line 3"),
        ("2022-01-01T22:00:00Z", "second", "b"),
        ("2022-01-01T22:00:00Z", "third, at the same instant", "line 5"),
    ]
    assert source.history(moment("2022-01-01T10:00"), moment("2022-01-01T22:00")) == [found[0]]
    assert {(event.kind, event.source) for event in found} == {(OriginKind.NEWS, "wire")}


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("not json", "line 2 is no JSON"),
        ("[]", "line 2: the line"),
        ('{"headline": "no time"}', "line 2: at: Field required"),
        ('{"at": "2022-01-01T10:00:00", "headline": "no zone"}', "line 2: '2022-01-01T10:00:00' has no time zone"),
        ('{"at": "yesterday", "headline": "x"}', "line 2: Invalid isoformat"),
        ('{"at": "2022-01-01T10:00:00Z", "headline": ""}', "line 2: headline"),
        ('{"at": "2022-01-01T10:00:00Z", "headline": "x", "symbol": "BTC"}', "line 2: symbol: Extra"),
        ('{"at": "2022-01-01T10:00:00Z", "headline": "x", "symbols": "BTC"}', "line 2: symbols"),
    ],
)
def test_a_bad_line_is_refused_with_its_number(tmp_path: Path, row: str, complaint: str) -> None:
    with pytest.raises(BadData, match=r"news\.jsonl") as caught:
        lines(tmp_path, GOOD, row).history(0, moment("2100-01-01"))
    assert complaint in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    provision = EventProvision(name="wire", directory=str(tmp_path), clock=Clock())
    with pytest.raises(BadData, match=r"nowhere\.jsonl cannot be read"):
        JsonLines(JsonLinesConfig(path="nowhere.jsonl"), provision).history(0, 1)


def test_what_is_appended_is_told_once_and_a_bad_line_ends_nothing(tmp_path: Path) -> None:
    rows = ["broken", '{"at": "2022-01-02T10:00:00Z", "headline": "appended"}']

    class Appending(Clock):
        async def sleep_until(self, at: Instant) -> None:
            await super().sleep_until(at)
            if rows:
                with (tmp_path / "news.jsonl").open("a") as file:
                    file.write(rows.pop(0) + "\n")

    clock = Appending(moment("2022-01-03"))
    source = lines(tmp_path, '{"at": "2021-01-01T10:00:00Z", "headline": "old"}', GOOD, clock=clock)

    async def told() -> list[str]:
        found: list[str] = []
        async for event in source.events(moment("2022-01-01")):
            assert isinstance(event.payload, NewsItem)
            found.append(event.payload.headline)
            if len(found) == 2:
                break
        return found

    assert asyncio.run(told()) == ["It rises", "appended"]


def test_nothing_is_told_before_its_time(tmp_path: Path) -> None:
    """A recording replayed at another speed, or a sender whose clock is ahead: what is to come waits, and holds nobody up."""
    clock = Clock(moment("2022-01-01T09:59:55"))
    later = '{"at": "2022-01-01T10:00:02.5Z", "headline": "It falls"}'
    source = lines(tmp_path, later, GOOD, clock=clock)

    async def told() -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        async for event in source.events(clock.now()):
            assert isinstance(event.payload, NewsItem)
            found.append((event.payload.headline, iso(clock.now())))
            if len(found) == 2:
                break
        return found

    assert asyncio.run(told()) == [("It rises", "2022-01-01T10:00:00Z"), ("It falls", "2022-01-01T10:00:02.5Z")]


def rss(*titles: str) -> str:
    items = "".join(
        f"<item><title>{title}</title><guid>{title}</guid><pubDate>Sat, 01 Jan 2022 10:00:00 GMT</pubDate></item>"
        for title in reversed(titles)
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>t</title>{items}</channel></rss>'


ATOM = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>t</title>
<entry><id>a2</id><title>two</title><category term="BTC/USDT"/><updated>2022-01-01T10:00:00Z</updated></entry>
<entry><id>a1</id><title>one</title><updated>2022-01-01T09:00:00Z</updated></entry></feed>"""


async def served(answers: list[web.Response], count: int) -> tuple[list[Event], list[dict[str, str]]]:
    """The first events of a feed that a real server gives, answer by answer, and what was asked with."""
    asked: list[dict[str, str]] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append({name: value for name, value in request.headers.items() if name.startswith("If-")})
        return answers.pop(0) if answers else web.Response(status=304)

    app = web.Application()
    app.router.add_get("/feed", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    clock = Clock(moment("2022-01-05"))
    feed = Feed(FeedConfig(url=f"http://127.0.0.1:{port}/feed"), EventProvision(name="rss", directory=".", clock=clock))
    stream: AsyncIterator[Event] = feed.events(clock.now())
    found: list[Event] = []
    try:
        async for event in stream:
            found.append(event)
            if len(found) == count:
                break
    finally:
        await stream.aclose()  # type: ignore[attr-defined]
        await runner.cleanup()
    return found, asked


def headlines(found: list[Event]) -> list[str]:
    return [event.payload.headline for event in found if isinstance(event.payload, NewsItem)]


def test_a_feed_tells_what_is_new_from_old_to_new_and_once() -> None:
    answers = [
        web.Response(text=rss("a")),
        web.Response(text=rss("a", "b", "c"), headers={"ETag": '"1"', "Last-Modified": "Sat, 01 Jan 2022 10:00:00 GMT"}),
        web.Response(status=304),
        web.Response(text=rss("b", "c", "d")),
    ]
    found, asked = asyncio.run(served(answers, 3))
    assert headlines(found) == ["b", "c", "d"]
    assert found[0].payload == NewsItem(headline="b", url="b", published_at=moment("2022-01-01T10:00"))
    assert found[0].at > moment("2022-01-05")
    assert asked[0] == {}
    assert asked[2] == {"If-None-Match": '"1"', "If-Modified-Since": "Sat, 01 Jan 2022 10:00:00 GMT"}


def test_an_atom_feed_is_read_as_well() -> None:
    found, _ = asyncio.run(served([web.Response(text=rss("a")), web.Response(text=ATOM)], 2))
    assert headlines(found) == ["one", "two"]
    assert isinstance(found[1].payload, NewsItem)
    assert found[1].payload.symbols == ("BTC/USDT",)


def test_a_feed_that_fails_is_asked_again() -> None:
    answers = [
        web.Response(text=rss("a")),
        web.Response(status=500),
        web.Response(text="<html>a maintenance page"),
        web.Response(text=rss("a", "b")),
    ]
    found, _ = asyncio.run(served(answers, 1))
    assert headlines(found) == ["b"]
    # After one failure twice the interval, after two four times.
    assert found[0].at == moment("2022-01-05") + (60 + 120 + 240) * 10**9


def test_a_feed_has_no_history() -> None:
    feed = Feed(FeedConfig(url="http://127.0.0.1:1/"), EventProvision(name="rss", directory=".", clock=Clock()))
    with pytest.raises(Refused, match="json_lines"):
        feed.history(0, 1)


def event(headline: str, body: str = "", symbols: tuple[str, ...] = ()) -> Event:
    payload = NewsItem(headline=headline, body=body, symbols=symbols)
    return Event(kind=OriginKind.NEWS, source="wire", at=1, anchor="a", payload=payload)


@pytest.mark.parametrize(
    ("item", "seen"),
    [
        (event("It RISES again"), ["BTC/USDT"]),
        (event("Nothing", body="and yet it rises"), ["BTC/USDT"]),
        (event("It falls"), []),
        (event("It rises", symbols=("BTC/USDT", "XYZ")), ["BTC/USDT"]),
        (event("It rises", symbols=("XYZ",)), []),
    ],
)
def test_a_headline_is_an_opinion_on_what_it_names(item: Event, seen: list[str]) -> None:
    detector = Headline(HeadlineConfig(news="wire", pattern="rises", direction=Direction.LONG), PROVISION)
    assert detector.sources == ("wire",)
    drafts = detector.detect(item, None)  # type: ignore[arg-type]
    assert [(draft.symbol, draft.direction, draft.kind) for draft in drafts] == [
        (symbol, Direction.LONG, "headline") for symbol in seen
    ]


def test_a_schedule_says_the_same_each_time() -> None:
    config = ScheduledConfig(schedule="mine", direction=Direction.SHORT, kind="dca", confidence=0.7)
    detector = Scheduled(config, PROVISION)
    (draft,) = detector.detect(event("x"), None)  # type: ignore[arg-type]
    assert (Series(draft.symbol, "1m"), draft.direction, draft.kind, draft.confidence) == (
        PROVISION.series,
        Direction.SHORT,
        "dca",
        0.7,
    )
    assert detector.sources == ("mine",)


def test_a_pattern_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match="no regular expression"):
        HeadlineConfig(pattern="(", direction=Direction.LONG)
