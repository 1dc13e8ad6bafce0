"""Asking the stores: the story of any id, the audit of all, and the measures that both use."""

from s1mpletrader.analysis.audit import audit_store
from s1mpletrader.analysis.findings import AuditReport, Violation
from s1mpletrader.analysis.profit import AccountProfit, StrategyProfit, TradeProfit
from s1mpletrader.analysis.result import TradeResult, trade_result
from s1mpletrader.analysis.results import results_of
from s1mpletrader.analysis.slippage import Slippage, calculate_slippage
from s1mpletrader.analysis.story import Story
from s1mpletrader.analysis.story_tree import story_tree
from s1mpletrader.analysis.teller import story_of

__all__ = [
    "AccountProfit",
    "AuditReport",
    "Slippage",
    "Story",
    "StrategyProfit",
    "TradeProfit",
    "TradeResult",
    "Violation",
    "audit_store",
    "calculate_slippage",
    "results_of",
    "story_of",
    "story_tree",
    "trade_result",
]
