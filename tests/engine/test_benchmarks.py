"""Admission by a benchmark, and probes that go on: what is measured, judged and counted."""

from typing import Any

import pytest

from tests.support.market import DOLLAR, HOUR, INSTRUMENT, SECOND, SPEC, Exchange, report, reserve
from thegrid_exchange.engine import commands, events
from thegrid_exchange.engine.quantities import HOUSE
from thegrid_exchange.engine.records import Benchmark, TokenCounts
from thegrid_exchange.engine.rules.performance import performance_of

MINUTE = 60 * SECOND


class Bench(Exchange):
    """An exchange in which eve offers an instrument, is connected, and was never admitted."""

    probes = 0

    def opened(self, asked_by: str = "operator") -> Benchmark:
        command = commands.OpenBenchmark(self.eve, INSTRUMENT, asked_by)
        benchmark: Benchmark = self.ok(command).benchmark
        return benchmark

    def probed(self, benchmark_id: str = "", times: int = 1, **more: Any) -> None:
        for _ in range(times):
            self.probes += 1
            told: dict[str, Any] = {
                "verdict": "in_spec",
                "cause": "completed",
                "canonical": TokenCounts(200, 128),
                "first_token_us": 300_000,
                "streamed_us": 2 * SECOND,
                "duration_us": 2 * SECOND,
                **more,
            }
            delivery_id = f"dlv_probe{self.probes}"
            self.ok(
                commands.ReportProbe(
                    self.eve, INSTRUMENT, delivery_id, benchmark_id=benchmark_id, **told
                )
            )

    def last(self) -> Benchmark:
        return self.state.benchmarks[(self.eve, INSTRUMENT)]

    def refusal(self, command: commands.Command) -> tuple[str, str]:
        refused = self.refused(command)
        return refused.reason, refused.field


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.instrument()
    bench.eve = bench.member("eve")
    bench.offer(bench.eve)
    bench.connect(bench.eve)
    return bench


# ---- admission ---------------------------------------------------------------------------------


def test_a_good_run_admits_at_the_measured_speed_times_the_policys_share(bench: Bench) -> None:
    before = bench.state.balances.copy()
    opened = bench.opened()
    assert (opened.status, opened.probes_wanted, opened.concurrent_probes) == ("running", 16, 8)
    bench.probed(opened.benchmark_id, 15)
    assert bench.last().status == "running"
    assert (bench.eve, INSTRUMENT) not in bench.state.admissions
    bench.probed(opened.benchmark_id)
    closed = bench.last()
    # Sixteen answers of 128 tokens in two seconds each, eight at once: 512 tokens per second.
    assert (closed.status, closed.measured_tokens_per_second) == ("passed", 512)
    assert closed.verified_tokens_per_second == 409
    assert (closed.first_token_us_p95, closed.tokens_per_second_p50) == (300_000, 64)
    assert bench.state.suppliers[bench.eve].verified_tokens_per_second == 409
    (moved,) = [each for each in bench.events(events.StandingSet) if each.change is not None]
    assert moved.change is not None
    assert (moved.change.before, moved.change.status) == ("none", "admitted")
    assert (moved.change.cause, moved.change.benchmark_id) == ("benchmark", opened.benchmark_id)
    assert bench.state.balances == before
    bench.ok(commands.IssueUnits(bench.eve, INSTRUMENT, 1))


def test_a_run_with_faults_refuses_with_the_figures(bench: Bench) -> None:
    opened = bench.opened()
    bench.probed(opened.benchmark_id, 14)
    bench.probed(opened.benchmark_id, 2, verdict="late_first_token", first_token_us=None)
    closed = bench.last()
    assert closed.status == "failed"
    assert [tuple(each) for each in closed.findings] == [("faults", 2, 1)]
    assert (bench.eve, INSTRUMENT) not in bench.state.admissions
    (told,) = [each.notice for each in bench.events(events.NoticeRaised)]
    assert (told.kind, told.subject_id) == ("supplier", opened.benchmark_id)
    assert "faults 2, limit 1" in told.message


def test_too_slow_a_run_refuses(bench: Bench) -> None:
    opened = bench.opened()
    slow_us = 128 * SECOND // SPEC.tokens_per_second_min + SECOND
    bench.probed(opened.benchmark_id, 16, streamed_us=slow_us, duration_us=slow_us)
    (finding,) = bench.last().findings
    assert (finding.figure, finding.limit) == ("tokens_per_second", SPEC.tokens_per_second_min)


def test_who_has_fewer_places_than_the_offer_says_is_measured_by_the_time_it_took(
    bench: Bench,
) -> None:
    opened = bench.opened()
    for _ in range(16):
        bench.later(2 * SECOND)
        bench.probed(opened.benchmark_id)
    assert bench.last().measured_tokens_per_second == 128 // 2


def test_what_is_no_fault_of_the_supplier_counts_nowhere(bench: Bench) -> None:
    opened = bench.opened()
    bench.probed(opened.benchmark_id, 3, verdict="venue_fault", cause="venue_fault")
    assert bench.last().probes == ()
    bench.probed(opened.benchmark_id, verdict="client_fault", cause="client_fault")
    assert len(bench.last().probes) == 1


def test_a_run_that_does_not_come_to_its_end_is_judged_at_its_deadline(bench: Bench) -> None:
    opened = bench.opened()
    bench.probed(opened.benchmark_id, 5)
    assert bench.state.next_deadline_us() == opened.deadline_us
    bench.later(10 * MINUTE)
    bench.tick()
    assert bench.last().findings[0] == ("probes", 5, 16)
    bench.probed(opened.benchmark_id, 11)
    assert bench.last().status == "failed"
    bench.opened()


def test_an_offer_that_changes_meanwhile_is_not_the_one_that_was_measured(bench: Bench) -> None:
    opened = bench.opened()
    bench.later(SECOND)
    bench.offer(bench.eve)
    bench.probed(opened.benchmark_id, 16)
    assert [each.figure for each in bench.last().findings] == ["offer_changes"]


def test_who_may_ask_for_a_benchmark_and_when(bench: Bench) -> None:
    asked = commands.OpenBenchmark(bench.eve, INSTRUMENT, "supplier")
    assert bench.refusal(asked) == ("SELF_ADMISSION_CLOSED", "instrument_id")
    bench.policy(self_admission=1)
    bench.ok(asked)
    running = bench.refused(asked)
    assert (running.reason, running.retry_after_us) == ("BENCHMARK_RUNNING", 10 * MINUTE)
    bench.probed(bench.last().benchmark_id, 16)
    bench.ok(commands.SuspendSupplier(bench.eve, INSTRUMENT, "looked into"))
    assert bench.refusal(asked) == ("SUPPLIER_NOT_ADMITTED", "member_id")
    bench.connect(bench.eve, connected=False)
    by_operator = asked._replace(asked_by="operator")
    assert bench.refusal(by_operator) == ("SUPPLIER_NOT_CONNECTED", "member_id")
    bench.connect(bench.eve)
    opened = bench.opened()
    bench.probed(opened.benchmark_id, 16)
    assert not bench.state.admissions[(bench.eve, INSTRUMENT)].suspended
    bench.ok(commands.WithdrawOffer(bench.eve, INSTRUMENT))
    assert bench.refusal(by_operator) == ("OFFER_NOT_FOUND", "instrument_id")


def test_a_benchmark_never_lowers_what_a_pool_was_verified_for(bench: Bench) -> None:
    bench.ok(commands.AdmitSupplier(bench.eve, INSTRUMENT, 9_000))
    opened = bench.opened()
    bench.probed(opened.benchmark_id, 16)
    assert bench.last().verified_tokens_per_second == 409
    assert bench.state.suppliers[bench.eve].verified_tokens_per_second == 9_000


# ---- probes that go on -------------------------------------------------------------------------


def test_probes_count_in_the_record_under_the_venues_name(bench: Bench) -> None:
    bench.ok(commands.AdmitSupplier(bench.eve, INSTRUMENT, 9_000))
    bench.probed(times=3)
    bench.probed(verdict="failed", cause="supplier_failed")
    bench.probed(by_supplier=TokenCounts(200, 900))
    figures = performance_of(bench.state, bench.eve, INSTRUMENT, HOUR)
    assert (figures.calls, figures.probes, figures.failed, figures.divergent) == (5, 5, 1, 1)
    (bucket,) = bench.state.performance.values()
    assert [each.caller_id for each in bucket.callers] == [HOUSE]


def test_two_colluding_callers_do_not_move_a_rivals_record() -> None:
    """Bob and bill have the power to make calls fail for them alone; the venue sees otherwise."""
    bench = Bench()
    bench.instrument()
    bench.eve = bench.supplier("eve", 100)
    callers = [bench.member(name) for name in ("bob", "bill", "abe")]
    for caller in callers:
        bench.bought(bench.eve, caller, 3, 2 * DOLLAR, auto_transfer=True)
    for number in range(60):
        caller, verdict = callers[number % 3], "in_spec" if number % 3 == 2 else "failed"
        bench.ok(reserve(f"dlv_{number}", caller, 10, 100))
        billed = 100 if verdict == "in_spec" else 0
        bench.ok(report(f"dlv_{number}", verdict, billed, supplier_id=bench.eve))
        if number % 10 == 0:
            bench.probed()
    figures = performance_of(bench.state, bench.eve, INSTRUMENT, HOUR)
    assert (figures.contested_faults, figures.error_rate_ppm) == (40, 0)
    bench.later(5 * MINUTE)
    bench.tick()
    assert bench.state.standings[(bench.eve, INSTRUMENT)].status == "admitted"


def test_a_supplier_that_serves_probes_alone_is_found_out_by_three_callers() -> None:
    bench = Bench()
    bench.instrument()
    bench.eve = bench.supplier("eve", 100)
    callers = [bench.member(name) for name in ("bob", "bea", "abe")]
    for number, caller in enumerate(callers):
        bench.bought(bench.eve, caller, 3, 2 * DOLLAR, auto_transfer=True)
        for turn in range(12):
            bench.ok(reserve(f"dlv_{number}_{turn}", caller, 10, 100))
            bench.ok(report(f"dlv_{number}_{turn}", "failed", 0, supplier_id=bench.eve))
    bench.probed(times=6)
    bench.later(5 * MINUTE)
    bench.tick()
    assert bench.state.standings[(bench.eve, INSTRUMENT)].status == "warned"
