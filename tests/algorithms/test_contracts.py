"""Every built-in algorithm that enters keeps the laws of its kind."""

from collections.abc import Iterator

from s1mpletrader.api import ExecutionAlgorithm, WorkerProvision
from s1mpletrader.contracts import ExecutionAlgorithmContract
from s1mpletrader.contracts.execution_desk import Task
from s1mpletrader.plugins.algorithms.bracket import Bracket
from s1mpletrader.plugins.algorithms.single import Single
from s1mpletrader.plugins.algorithms.slicing.sliced import Sliced
from s1mpletrader.plugins.algorithms.slicing.starts import start_iceberg, start_ladder, start_pov, start_twap, start_vwap

TWAP = (("duration", "30m"), ("slices", "6"))


class TestSingle(ExecutionAlgorithmContract):
    protects = False

    def make_algorithm(self, provision: WorkerProvision) -> ExecutionAlgorithm:
        return Single()


class TestBracket(ExecutionAlgorithmContract):
    def make_algorithm(self, provision: WorkerProvision) -> ExecutionAlgorithm:
        return Bracket()

    def tasks(self) -> Iterator[Task]:
        return (task for task in super().tasks() if task.stop_price is not None)


class TestTwap(ExecutionAlgorithmContract):
    parameters = TWAP

    def make_algorithm(self, provision: WorkerProvision) -> ExecutionAlgorithm:
        return Sliced(start_twap)


class TestTwapThatCatchesUpWithLimits(ExecutionAlgorithmContract):
    parameters = (*TWAP, ("leftover", "market"), ("missed", "catch_up"))
    limit = True

    def make_algorithm(self, provision: WorkerProvision) -> ExecutionAlgorithm:
        return Sliced(start_twap)


class TestVwap(ExecutionAlgorithmContract):
    parameters = (("duration", "1h"), ("profile", "3,0,1,0.5,2"), ("leftover", "keep"))
    limit = True

    def make_algorithm(self, provision: WorkerProvision) -> ExecutionAlgorithm:
        return Sliced(start_vwap)


class TestPov(ExecutionAlgorithmContract):
    parameters = (("participation", "0.2"), ("interval", "5m"), ("duration", "2h"), ("leftover", "market"))

    def make_algorithm(self, provision: WorkerProvision) -> ExecutionAlgorithm:
        return Sliced(start_pov)


class TestIceberg(ExecutionAlgorithmContract):
    parameters = (("display", "0.12"),)
    limit = True

    def make_algorithm(self, provision: WorkerProvision) -> ExecutionAlgorithm:
        return Sliced(start_iceberg)


class TestLadder(ExecutionAlgorithmContract):
    parameters = (("levels", "5"), ("step_percent", "0.5"), ("duration", "1h"), ("leftover", "market"))

    def make_algorithm(self, provision: WorkerProvision) -> ExecutionAlgorithm:
        return Sliced(start_ladder)
