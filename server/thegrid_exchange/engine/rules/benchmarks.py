"""Benchmarks and probes: deliveries of the venue's own that admit a supplier and keep it honest.

They move no Units and no money. Sending them is the relay's work; judging what came of them, ours.
"""

from thegrid_exchange.engine import commands, events, replies
from thegrid_exchange.engine.quantities import HOUSE, PER_MILLE, SECOND_US
from thegrid_exchange.engine.records import (
    Admission,
    Benchmark,
    Evidence,
    Finding,
    InstrumentSpec,
    ProbeResult,
    Supplier,
    SupplierChange,
)
from thegrid_exchange.engine.refusals import refuse
from thegrid_exchange.engine.rule import WORK_MARGIN, Rule
from thegrid_exchange.engine.rules.lookups import active_member, spec_in_force, the_instrument
from thegrid_exchange.engine.rules.offers import require_offer
from thegrid_exchange.engine.rules.performance import (
    PPM,
    Judged,
    fault_of,
    first_band_only,
    note,
    speed_of,
)
from thegrid_exchange.engine.rules.standing import Pair, move, standing_of
from thegrid_exchange.engine.state import State


def open_benchmark(state: State, command: commands.OpenBenchmark) -> Rule[replies.BenchmarkReply]:
    """Let an offer be measured: the relay sees the benchmark and sends its probes."""
    member = active_member(state, command.member_id, "supplier")
    instrument = the_instrument(state, command.instrument_id)
    pair = (member.member_id, instrument.instrument_id)
    offer = require_offer(state, *pair)
    if command.asked_by == "supplier":
        _require_self_admission(state, pair)
    running = state.benchmarks.get(pair)
    if running is not None and running.status == "running":
        deadline_us = state.deadline_us(running.deadline_us, running.outage_base_us)
        refuse(
            "BENCHMARK_RUNNING",
            "instrument_id",
            f"{running.benchmark_id} is under way; wait for its end",
            retry_after_us=max(deadline_us - state.now_us, 0),
        )
    if not _is_connected(state, pair):
        refuse("SUPPLIER_NOT_CONNECTED", "member_id", "serves nothing now; connect it first")
    benchmark = Benchmark(
        benchmark_id=state.next_id("bmk"),
        member_id=member.member_id,
        instrument_id=instrument.instrument_id,
        asked_by=command.asked_by,
        spec_version=spec_in_force(state, instrument).version,
        opened_at_us=state.now_us,
        deadline_us=state.now_us + state.term("benchmark_us"),
        outage_base_us=state.outage_us,
        probes_wanted=state.term("benchmark_probes"),
        concurrent_probes=min(state.term("benchmark_deliveries"), offer.concurrent_deliveries),
        status="running",
    )
    yield events.BenchmarkChanged(benchmark)
    return replies.BenchmarkReply(benchmark)


def report_probe(state: State, command: commands.ReportProbe) -> Rule[replies.ProbeReply]:
    """Count a probe in the record of its supplier, and in the benchmark it belongs to."""
    pair = (command.member_id, command.instrument_id)
    benchmark = state.benchmarks.get(pair)
    if benchmark is None or benchmark.benchmark_id != command.benchmark_id:
        benchmark = None
    if benchmark is None and pair not in state.admissions:
        refuse("SUPPLIER_NOT_ADMITTED", "member_id", "is neither admitted nor measured")
    probe = ProbeResult(
        command.delivery_id,
        command.verdict,
        command.cause,
        command.prompt_tokens,
        command.completion_tokens,
        command.first_token_us,
        command.streamed_us,
        command.duration_us,
    )
    yield events.ProbeRecorded(*pair, probe, command.benchmark_id)
    counts_as = fault_of(probe.verdict, probe.cause)
    if not counts_as:
        return replies.ProbeReply(probe)
    yield from note(state, _judged(state, pair, probe, counts_as))
    if benchmark is not None and benchmark.status == "running":
        benchmark = benchmark._replace(probes=(*benchmark.probes, probe))
        yield events.BenchmarkChanged(benchmark)
        if len(benchmark.probes) >= benchmark.probes_wanted:
            yield from _close(state, benchmark)
    return replies.ProbeReply(probe)


def run_benchmarks(state: State) -> Rule[int]:
    """Close the benchmarks whose time has passed, by what they have."""
    deadlines, done = state.indices.benchmark_deadlines, 0
    while state.work_left() >= WORK_MARGIN:
        first = deadlines.first()
        if first is None or first[0] > state.up_us:
            break
        member_id, instrument_id = first[1].split("/", 1)
        yield from _close(state, state.benchmarks[(member_id, instrument_id)])
        done += 1
    return done


def _require_self_admission(state: State, pair: Pair) -> None:
    if not state.term("self_admission"):
        refuse("SELF_ADMISSION_CLOSED", "instrument_id", "ask the operator for a benchmark")
    supplier, standing = state.suppliers.get(pair[0]), standing_of(state, pair)
    is_barred = standing.status in ("suspended", "ended") and standing.cause == "operator"
    if is_barred or (supplier is not None and supplier.suspended):
        refuse("SUPPLIER_NOT_ADMITTED", "member_id", "the operator suspended it; ask the operator")


def _is_connected(state: State, pair: Pair) -> bool:
    links = (state.supplier_links[key] for key in state.indices.links_of[pair[0]])
    return any(link.connected and pair[1] in link.instrument_ids for link in links)


def _judged(state: State, pair: Pair, probe: ProbeResult, counts_as: str) -> Judged:
    version = spec_in_force(state, state.instruments[pair[1]]).version
    is_first_band = first_band_only(state, (pair[1], version), probe.prompt_tokens)
    return Judged(
        *pair,
        HOUSE,
        counts_as,
        probe.completion_tokens if counts_as == "delivered" else 0,
        probe.first_token_us if is_first_band else None,
        speed_of(state, probe.completion_tokens, probe.streamed_us),
    )


# ---- the result --------------------------------------------------------------------------------


def _close(state: State, benchmark: Benchmark) -> Rule[None]:
    """Judge a benchmark, and admit its supplier or say why not."""
    pair = (benchmark.member_id, benchmark.instrument_id)
    spec = state.spec_versions[(pair[1], benchmark.spec_version)].spec
    measured = _measured(state, benchmark)
    findings = _findings(state, measured, spec)
    verified = 0 if findings else measured.verified_tokens_per_second
    closed = measured._replace(
        status="refused" if findings else "admitted",
        closed_at_us=state.now_us,
        verified_tokens_per_second=verified,
        findings=findings,
    )
    yield events.BenchmarkChanged(closed)
    evidence = Evidence(benchmark.spec_version, findings)
    if not findings:
        yield from _admit(state, closed, evidence)
    elif pair not in state.admissions:
        yield events.SupplierChangeRecorded(
            SupplierChange(
                state.next_id("sch"),
                *pair,
                state.now_us,
                "none",
                "refused",
                "benchmark",
                "",
                None,
                state.policy_version,
                evidence,
                benchmark.benchmark_id,
            )
        )


def _measured(state: State, benchmark: Benchmark) -> Benchmark:
    """The benchmark with its figures: exact percentiles of so few probes."""
    good = [each for each in benchmark.probes if each.verdict == "in_spec"]
    first_us = sorted(each.first_token_us for each in good if each.first_token_us is not None)
    speeds = sorted(
        speed
        for each in good
        if (speed := speed_of(state, each.completion_tokens, each.streamed_us)) is not None
    )
    rates = sorted(
        each.completion_tokens * SECOND_US // max(each.duration_us or 1, 1) for each in good
    )
    measured = (_at(rates, 500) or 0) * benchmark.concurrent_probes
    offer = state.offers.get((benchmark.member_id, benchmark.instrument_id))
    offered = offer.tokens_per_second if offer is not None else 0
    verified = measured * state.term("benchmark_speed_per_mille") // PER_MILLE
    return benchmark._replace(
        first_token_us_p50=_at(first_us, 500),
        first_token_us_p95=_at(first_us, 950),
        tokens_per_second_p50=_at(speeds, 500),
        measured_tokens_per_second=measured,
        verified_tokens_per_second=min(verified, offered),
    )


def _findings(state: State, benchmark: Benchmark, spec: InstrumentSpec) -> tuple[Finding, ...]:
    found = []
    count, wanted = len(benchmark.probes), benchmark.probes_wanted
    if count < wanted:
        found.append(Finding("probes", count, wanted))
    faults = sum(each.verdict != "in_spec" for each in benchmark.probes)
    most = max(state.term("benchmark_faults"), wanted * spec.error_rate_ppm_max // PPM)
    if faults > most:
        found.append(Finding("faults", faults, most))
    speed = benchmark.tokens_per_second_p50
    if speed is not None and speed < spec.tokens_per_second_min:
        found.append(Finding("tokens_per_second", speed, spec.tokens_per_second_min))
    if benchmark.verified_tokens_per_second < 1 and not found:
        found.append(Finding("verified_tokens_per_second", 0, 1))
    return tuple(found)


def _admit(state: State, benchmark: Benchmark, evidence: Evidence) -> Rule[None]:
    pair = (benchmark.member_id, benchmark.instrument_id)
    verified = benchmark.verified_tokens_per_second
    # The pool is one for all instruments; the fastest that was verified elsewhere stands.
    others = [
        state.admissions[(pair[0], each)].measured_tokens_per_second
        for each in state.indices.admissions_of[pair[0]]
        if each != pair[1]
    ]
    supplier = state.suppliers.get(pair[0]) or Supplier(pair[0], 0, False, "", state.now_us)
    if 0 in others:
        others.append(supplier.verified_tokens_per_second)
    supplier = supplier._replace(verified_tokens_per_second=max([verified, *others]))
    before = state.admissions.get(pair) or Admission(*pair, state.now_us)
    admission = before._replace(suspended=False, measured_tokens_per_second=verified)
    yield events.SupplierChanged(supplier, admission)
    yield from move(
        state,
        pair,
        "admitted",
        "benchmark",
        evidence=evidence,
        benchmark_id=benchmark.benchmark_id,
        suspensions=0,
    )


def _at(ordered: list[int], per_mille: int) -> int | None:
    if not ordered:
        return None
    return ordered[max(-(-len(ordered) * per_mille // PER_MILLE), 1) - 1]
