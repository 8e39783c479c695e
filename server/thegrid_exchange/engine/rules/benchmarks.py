"""Benchmarks and probes: deliveries of the venue's own that admit a supplier and keep it honest.

They move no Units and no money. Sending them is the relay's work; what came of them is judged here.
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
)
from thegrid_exchange.engine.refusals import refuse
from thegrid_exchange.engine.rule import Rule
from thegrid_exchange.engine.rules.availability import PPM
from thegrid_exchange.engine.rules.due import run_due
from thegrid_exchange.engine.rules.lookups import (
    active_member,
    spec_in_force,
    the_instrument,
    weighted_tokens,
)
from thegrid_exchange.engine.rules.metering import is_divergent, metering_policy
from thegrid_exchange.engine.rules.notices import raise_notice
from thegrid_exchange.engine.rules.offers import require_offer
from thegrid_exchange.engine.rules.performance import (
    Judged,
    fault_of,
    first_band_only,
    note,
    speed_of,
)
from thegrid_exchange.engine.rules.standing import Pair, move, pair_of, standing_of
from thegrid_exchange.engine.state import State

_OUT = ("suspended", "ended")


def open_benchmark(state: State, command: commands.OpenBenchmark) -> Rule[replies.BenchmarkReply]:
    """Let an offer be measured: the relay sees the benchmark and sends its probes."""
    member = active_member(state, command.member_id, "supplier")
    instrument = the_instrument(state, command.instrument_id)
    pair = (member.member_id, instrument.instrument_id)
    offer = require_offer(state, *pair)
    if command.asked_by != "operator":
        _require_self_admission(state, pair)
    _require_no_other(state, pair)
    if not _is_connected(state, pair):
        refuse("SUPPLIER_NOT_CONNECTED", "member_id", "serves nothing now; connect it first")
    wanted = state.term("benchmark_probes")
    benchmark = Benchmark(
        benchmark_id=state.next_id("bmk"),
        member_id=member.member_id,
        instrument_id=instrument.instrument_id,
        asked_by=command.asked_by,
        spec_version=spec_in_force(state, instrument).version,
        opened_at_us=state.now_us,
        deadline_us=state.now_us + state.term("benchmark_us"),
        outage_base_us=state.outage_us,
        probes_wanted=wanted,
        concurrent_probes=min(
            state.term("benchmark_deliveries"), wanted, offer.concurrent_deliveries
        ),
        status="running",
    )
    yield events.BenchmarkChanged(benchmark)
    return replies.BenchmarkReply(benchmark)


def report_probe(state: State, command: commands.ReportProbe) -> Rule[replies.ProbeReply]:
    """Count a probe in the record of its supplier, and in the benchmark it belongs to.

    A probe that failed by no fault of the supplier counts nowhere and is made again.
    """
    pair = (command.member_id, command.instrument_id)
    if pair not in state.offers and pair not in state.admissions:
        refuse("OFFER_NOT_FOUND", "member_id", "neither offers the instrument nor was admitted")
    probe = _result(state, pair, command)
    counts_as = fault_of(probe.verdict, probe.cause)
    if probe.verdict == "client_fault":
        # What the venue sends is well formed, so to call it malformed is a failure.
        counts_as = "failed"
    if not counts_as:
        return replies.ProbeReply(probe)
    yield from note(state, _judged(state, pair, probe, counts_as))
    benchmark = state.benchmarks.get(pair)
    if benchmark is None or benchmark.benchmark_id != command.benchmark_id:
        return replies.ProbeReply(probe)
    if benchmark.status == "running":
        benchmark = benchmark._replace(probes=(*benchmark.probes, probe))
        if len(benchmark.probes) < benchmark.probes_wanted:
            yield events.BenchmarkChanged(benchmark)
        else:
            yield from _close(state, benchmark)
    return replies.ProbeReply(probe)


def end_benchmarks(state: State) -> Rule[int]:
    """Judge the benchmarks whose time has passed by what they have."""

    def close(key: str) -> Rule[None]:
        return _close(state, state.benchmarks[pair_of(key)])

    return (yield from run_due(state, state.indices.benchmark_deadlines, state.up_us, close))


# ---- asking ------------------------------------------------------------------------------------


def _require_self_admission(state: State, pair: Pair) -> None:
    if not state.term("self_admission"):
        refuse("SELF_ADMISSION_CLOSED", "instrument_id", "ask the operator for a benchmark")
    supplier = state.suppliers.get(pair[0])
    if standing_of(state, pair).status in _OUT or (supplier is not None and supplier.suspended):
        refuse("SUPPLIER_NOT_ADMITTED", "member_id", "is suspended here; ask the operator")


def _require_no_other(state: State, pair: Pair) -> None:
    running = state.benchmarks.get(pair)
    if running is not None and running.status == "running":
        deadline_us = state.deadline_us(running.deadline_us, running.outage_base_us)
        refuse(
            "BENCHMARK_RUNNING",
            "instrument_id",
            f"{running.benchmark_id} is under way; wait for its end",
            retry_after_us=max(deadline_us - state.now_us, 0),
        )


def _is_connected(state: State, pair: Pair) -> bool:
    links = (state.supplier_links[pair[0], relay] for relay in state.indices.links_of[pair[0]])
    return any(link.connected and pair[1] in link.instrument_ids for link in links)


# ---- one probe ---------------------------------------------------------------------------------


def _result(state: State, pair: Pair, command: commands.ReportProbe) -> ProbeResult:
    spec = spec_in_force(state, state.instruments[pair[1]]).spec
    policy = metering_policy(state, spec.metering_policy_version)
    canonical = command.canonical
    return ProbeResult(
        command.delivery_id,
        command.verdict,
        command.cause,
        canonical.prompt_tokens,
        canonical.completion_tokens,
        command.first_token_us,
        command.streamed_us,
        command.duration_us,
        policy is not None and is_divergent(policy, canonical, command.by_supplier),
    )


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
        probe.divergent,
    )


# ---- the result --------------------------------------------------------------------------------


def _close(state: State, benchmark: Benchmark) -> Rule[None]:
    """Judge a benchmark, and admit its supplier or say why not."""
    pair = (benchmark.member_id, benchmark.instrument_id)
    spec = state.spec_versions[(pair[1], benchmark.spec_version)].spec
    measured = _measured(state, benchmark)
    verified = measured.measured_tokens_per_second * state.term("benchmark_speed_per_mille")
    verified //= PER_MILLE
    findings = (
        *_changes(state, benchmark),
        *_findings(state, measured, spec),
        *([] if verified else [Finding("verified_tokens_per_second", 0, 1)]),
    )
    closed = measured._replace(
        status="failed" if findings else "passed",
        closed_at_us=state.now_us,
        verified_tokens_per_second=0 if findings else verified,
        findings=findings,
    )
    yield events.BenchmarkChanged(closed)
    told = "".join(f"; {each.figure} {each.value}, limit {each.limit}" for each in findings)
    yield from raise_notice(
        state,
        pair[0],
        "supplier",
        closed.benchmark_id,
        f"benchmark {closed.status} at {measured.measured_tokens_per_second} tokens/s{told}",
        instrument_id=pair[1],
        value=closed.verified_tokens_per_second,
    )
    if not findings:
        yield from _admit(state, closed)


def _measured(state: State, benchmark: Benchmark) -> Benchmark:
    """The benchmark with its figures: exact percentiles of so few probes."""
    good = [each for each in benchmark.probes if each.verdict == "in_spec"]
    spec = state.spec_versions[(benchmark.instrument_id, benchmark.spec_version)].spec
    first_us = sorted(each.first_token_us for each in good if each.first_token_us is not None)
    speeds = (speed_of(state, each.completion_tokens, each.streamed_us) for each in good)
    known = sorted(speed for speed in speeds if speed is not None)
    # Vectors stand for the tokens of their inputs.
    is_chat = spec.embedding is None
    worth = sum(each.completion_tokens if is_chat else each.prompt_tokens for each in good)
    tokens = weighted_tokens(state, benchmark.instrument_id, worth)
    # As many at once as were asked for share the time; who has fewer places takes longer in all.
    shared_us = sum(each.duration_us or 0 for each in benchmark.probes)
    shared_us //= benchmark.concurrent_probes
    busy_us = max(shared_us, state.now_us - benchmark.opened_at_us, 1)
    return benchmark._replace(
        first_token_us_p50=_at(first_us, 500),
        first_token_us_p95=_at(first_us, 950),
        tokens_per_second_p50=_at(known, 500),
        measured_tokens_per_second=tokens * SECOND_US // busy_us,
    )


def _changes(state: State, benchmark: Benchmark) -> list[Finding]:
    """What happened meanwhile that leaves nothing to admit."""
    pair, found = (benchmark.member_id, benchmark.instrument_id), []
    offer, standing = state.offers.get(pair), standing_of(state, pair)
    if offer is None or offer.shortfalls or offer.registered_at_us > benchmark.opened_at_us:
        found.append(Finding("offer_changes", 1, 0))
    is_out = standing.status in _OUT and standing.since_us > benchmark.opened_at_us
    if is_out or state.members[pair[0]].suspended:
        found.append(Finding("suspensions", 1, 0))
    return found


def _findings(state: State, benchmark: Benchmark, spec: InstrumentSpec) -> list[Finding]:
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
    return found


def _admit(state: State, benchmark: Benchmark) -> Rule[None]:
    """Admit at the verified speed; a pool that was verified for more keeps that."""
    pair = (benchmark.member_id, benchmark.instrument_id)
    verified = benchmark.verified_tokens_per_second
    known = state.suppliers.get(pair[0]) or Supplier(pair[0], 0, False, "", state.now_us)
    supplier = known._replace(
        verified_tokens_per_second=max(verified, known.verified_tokens_per_second)
    )
    before = standing_of(state, pair).status
    is_new = before in ("none", *_OUT)
    admission = state.admissions.get(pair) or Admission(*pair, state.now_us)
    yield events.SupplierChanged(supplier, admission._replace(suspended=False))
    if is_new:
        yield from move(
            state,
            pair,
            "admitted",
            "benchmark",
            evidence=Evidence(benchmark.spec_version, ()),
            suspensions=0,
            came_from=before,
            benchmark_id=benchmark.benchmark_id,
        )


def _at(ordered: list[int], per_mille: int) -> int | None:
    if not ordered:
        return None
    return ordered[max(-(-len(ordered) * per_mille // PER_MILLE), 1) - 1]
