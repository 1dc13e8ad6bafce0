"""Reading a trade's entries from a journal that is written by hand."""

from collections.abc import Iterator
from decimal import Decimal

from s1mpletrader.analysis.happenings import Happening, commands_of
from s1mpletrader.analysis.trade_entries import entries_of_trade
from s1mpletrader.contracts.samples import Samples
from s1mpletrader.core.journal_reader import StrategyJournal
from s1mpletrader.core.journal_writer import StrategyJournalWriter
from s1mpletrader.domain.directives import Refusal, Scope, Stage, StrategyDirective
from s1mpletrader.domain.ids import IdKind, OrderId, TradeId
from s1mpletrader.domain.opinion import Direction
from s1mpletrader.domain.origin import Origin, OriginKind
from s1mpletrader.domain.reasons import SCHEMA_VERSION, EntryDraft, EntryKind, EntryRef, Reasons
from s1mpletrader.plugins.stores import MemoryJournal

IDS = Samples("happenings")
ORDER = OrderId(IDS.id(IdKind.ORDER))
TRADE = TradeId(IDS.id(IdKind.TRADE))
OTHER = TradeId(IDS.id(IdKind.TRADE))


def directive(trade_id: TradeId | None) -> StrategyDirective:
    return StrategyDirective(
        id=IDS.id(IdKind.STRATEGY_DIRECTIVE),  # type: ignore[arg-type]
        symbol="BTC/USDT",
        direction=Direction.LONG,
        scope=Scope.NEW_TRADE if trade_id is None else Scope.CLOSE_EXISTING,
        trade_id=trade_id,
        confidence=1.0,
        reason="",
        signal_ids=(),
        risk_ids=(),
    )


def refusal(stage: Stage, about: StrategyDirective | None = None) -> Reasons:
    one = Refusal(id=IDS.id(IdKind.REFUSAL), stage=stage, by="b", code="NO", detail="", directive=about)  # type: ignore[arg-type]
    return Reasons(v=SCHEMA_VERSION, refusals=(one,))


def test_an_entry_follows_from_a_trades_or_names_it() -> None:
    origin = Origin(id=IDS.id(IdKind.TICK), kind=OriginKind.TICK, at=1)  # type: ignore[arg-type]
    nothing = Reasons(v=SCHEMA_VERSION)
    opened = Reasons(v=SCHEMA_VERSION, strategy="s", origin=origin, directive=directive(None))
    ours, theirs = directive(TRADE), directive(OTHER)
    drafts = [
        (True, EntryDraft(EntryKind.INTENDED, 1, opened, None, ORDER)),
        (False, EntryDraft(EntryKind.REFUSED, 1, refusal(Stage.STRATEGY_PLANNER), 0)),
        (False, EntryDraft(EntryKind.REFUSED, 1, refusal(Stage.RISK_GATE, directive(None)), 0)),
        (False, EntryDraft(EntryKind.COMMANDED, 1, Reasons(v=SCHEMA_VERSION, directive=theirs), 0)),
        (True, EntryDraft(EntryKind.ADVANCED, 2, nothing, 0)),
        (True, EntryDraft(EntryKind.REFUSED, 2, refusal(Stage.EXPIRY), 4)),
        (False, EntryDraft(EntryKind.ADVANCED, 3, nothing, 3)),
        (False, EntryDraft(EntryKind.OBSERVED, 3, Reasons(v=SCHEMA_VERSION, origin=origin), None)),
        (True, EntryDraft(EntryKind.COMMANDED, 4, Reasons(v=SCHEMA_VERSION, origin=origin, directive=ours), None)),
        (True, EntryDraft(EntryKind.REFUSED, 5, refusal(Stage.RISK_GATE, ours), 7)),
        (False, EntryDraft(EntryKind.REFUSED, 5, refusal(Stage.RISK_GATE, theirs), 7)),
        (True, EntryDraft(EntryKind.CANCELLED, 6, nothing, 0, ORDER)),
    ]
    journal = MemoryJournal(lasting=False)
    entries = StrategyJournalWriter("r").seal([draft for _, draft in drafts])
    with journal.begin() as tx:
        journal.write(tx, entries)
    found = entries_of_trade(StrategyJournal(journal), TRADE, {ORDER}, [entries[0]])
    assert [told.entry for told in found.own] == [entry for entry, (is_own, _) in zip(entries, drafts, strict=True) if is_own]
    assert found.batches == ()


def happenings(*kinds: tuple[EntryKind, str | None]) -> Iterator[Happening]:
    for seq, (kind, text) in enumerate(kinds):
        yield Happening(ref=EntryRef("r", seq), kind=kind, at=seq, decision=0, cause=None, order_id=ORDER, text=text)


def test_commands_about_one_order_are_answered_in_their_turn() -> None:
    heir = OrderId(IDS.id(IdKind.ORDER))
    told = tuple(
        happenings(
            (EntryKind.COMMANDED, f"AMEND to {Decimal(1)}"),
            (EntryKind.COMMANDED, f"REPLACE by {heir}"),
            (EntryKind.FILLED, None),
            (EntryKind.CANCEL_REJECTED, "too late"),
            (EntryKind.REPLACED, heir),
            (EntryKind.COMMANDED, "CANCEL"),
        )
    )
    first, second, third = commands_of(told)
    assert (first.kind, first.answer, first.answer_text, first.answered_at) == ("AMEND", EntryKind.CANCEL_REJECTED, "too late", 3)
    assert (second.kind, second.answer, second.replaced_by) == ("REPLACE", EntryKind.REPLACED, heir)
    assert (third.kind, third.answer, third.replaced_by) == ("CANCEL", None, None)
