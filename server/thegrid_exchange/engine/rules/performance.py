"""Rolling performance: judged calls counted into buckets of time, and the figures of a window.

What follows from bad figures is told in `standing`.
"""

from typing import Final, NamedTuple

from thegrid_exchange.engine import events
from thegrid_exchange.engine.quantities import HOUSE, SECOND_US, Verdict
from thegrid_exchange.engine.records import (
    CallerCount,
    Performance,
    PerformanceBucket,
    UsageRecord,
)
from thegrid_exchange.engine.rule import Rule
from thegrid_exchange.engine.rules.availability import PPM, uptime_ppm
from thegrid_exchange.engine.rules.histograms import merged, percentile, with_sample
from thegrid_exchange.engine.rules.standing import ask_review
from thegrid_exchange.engine.state import State

_MS_US: Final = 1_000

_FAULTS: Final[dict[Verdict, str]] = {
    "late_first_token": "late",
    "too_slow": "slow",
    "failed": "failed",
}
_FAULTS_OF_ATTEMPTS: Final = {
    "first_token_late": "late",
    "supplier_failed": "failed",
    "supplier_lost": "failed",
    "protocol_broken": "failed",
    "supplier_refused": "refused",
}
"""What earlier attempts of a rerouted call count as; all other outcomes count against nobody."""


class Judged(NamedTuple):
    """One judged call, as far as the record of its supplier goes."""

    member_id: str
    instrument_id: str
    caller_id: str
    counts_as: str
    """`delivered`, or the field that counts the fault."""
    output_tokens: int = 0
    first_token_us: int | None = None
    """None also for prompts beyond the first band, which take longer by their nature."""
    tokens_per_second: int | None = None
    divergent: bool = False
    """Whether the supplier counted tokens otherwise, by more than the policy allows."""


# ---- counting ----------------------------------------------------------------------------------


def note_performance(state: State, usage: UsageRecord) -> Rule[None]:
    """Count a settled call for who served it, and against those that it was taken from before.

    A fault of the client or the venue, and a call that its client left before the first token,
    count for nobody, nor does a call inside an affiliation group.
    """
    for judged in _judged(state, usage):
        caller_id = caller_of(state, usage.member_id)
        if caller_id != caller_of(state, judged.member_id):
            yield from note(state, judged._replace(caller_id=caller_id))


def caller_of(state: State, member_id: str) -> str:
    """The one as which a member counts: itself, or its affiliation group."""
    member = state.members[member_id]
    return f"group:{member.affiliation_group}" if member.affiliation_group else member_id


def note(state: State, judged: Judged) -> Rule[None]:
    """Count one judged call; a supplier that was never admitted has no record."""
    if (judged.member_id, judged.instrument_id) not in state.admissions:
        return
    yield events.PerformanceNoted(tuple(_buckets_with(state, judged)))
    yield from ask_review(state, (judged.member_id, judged.instrument_id))


def first_band_only(state: State, usage_spec: tuple[str, int], prompt_tokens: int) -> bool:
    """Whether a prompt lies in the first band of a contract."""
    bands = state.spec_versions[usage_spec].spec.first_token_bands
    return prompt_tokens <= bands[0].prompt_tokens_max


def speed_of(state: State, completion_tokens: int, streamed_us: int | None) -> int | None:
    """Tokens per second of an answer that is long enough to tell, else None."""
    if completion_tokens < state.term("performance_speed_tokens") or not streamed_us:
        return None
    return completion_tokens * SECOND_US // streamed_us


def _judged(state: State, usage: UsageRecord) -> list[Judged]:
    found = [
        Judged(attempt.supplier_id, usage.instrument_id, "", _FAULTS_OF_ATTEMPTS[attempt.outcome])
        for attempt in usage.attempts
        if attempt.outcome in _FAULTS_OF_ATTEMPTS
        and attempt.supplier_id in state.members
        and attempt.supplier_id != usage.supplier_id
    ]
    counts_as = _served_as(usage)
    if counts_as and usage.supplier_id in state.members:
        spec = (usage.instrument_id, usage.spec_version)
        canonical = usage.canonical
        is_first_band = first_band_only(state, spec, canonical.prompt_tokens)
        is_timed = usage.verdict in ("in_spec", "too_slow")
        found.append(
            Judged(
                usage.supplier_id,
                usage.instrument_id,
                "",
                counts_as,
                canonical.completion_tokens if counts_as == "delivered" else 0,
                usage.first_token_us if is_first_band else None,
                speed_of(state, canonical.completion_tokens, usage.streamed_us)
                if is_timed
                else None,
                usage.divergent,
            )
        )
    return found


def fault_of(verdict: Verdict, cause: str) -> str:
    """What a call counts as that ended so: a field of the bucket, or empty for nothing."""
    if verdict == "in_spec":
        return "delivered"
    return "refused" if cause == "supplier_refused" else _FAULTS.get(verdict, "")


def _served_as(usage: UsageRecord) -> str:
    if usage.status != "settled":
        return ""
    if usage.verdict == "cancelled_by_client":
        return "delivered" if usage.first_token_us is not None else ""
    return fault_of(usage.verdict, usage.cause)


# ---- buckets -----------------------------------------------------------------------------------


def _buckets_with(state: State, judged: Judged) -> list[PerformanceBucket]:
    """The fine bucket of now with the call in it, and the coarse one that takes in the last."""
    fine_us = state.term("performance_fine_us")
    start_us = state.now_us // fine_us * fine_us
    head = fine_head(state, judged.member_id, judged.instrument_id)
    changed = []
    if head is not None:
        end_us = head.start_us + head.length_us
        if state.now_us < end_us:
            return [_counted(state, head, judged)]
        changed.append(_taken_in(state, head))
        # The length may have been changed meanwhile; buckets never overlap.
        start_us = max(start_us, end_us)
    slots = state.term("performance_short_us") // fine_us + 2
    fresh = PerformanceBucket(
        judged.member_id,
        judged.instrument_id,
        "fine",
        start_us // fine_us % slots,
        start_us,
        fine_us,
    )
    return [*changed, _counted(state, fresh, judged)]


def fine_head(state: State, member_id: str, instrument_id: str) -> PerformanceBucket | None:
    """The fine bucket that was counted into last; no coarse one has taken it in."""
    slot = state.indices.performance_heads.get((member_id, instrument_id))
    return None if slot is None else state.performance[(member_id, instrument_id, "fine", slot)]


def _taken_in(state: State, fine: PerformanceBucket) -> PerformanceBucket:
    """The coarse bucket around a fine one, with it in it."""
    coarse_us = state.term("performance_coarse_us")
    start_us = fine.start_us // coarse_us * coarse_us
    slot = start_us // coarse_us % (state.term("performance_long_us") // coarse_us + 2)
    key = (fine.member_id, fine.instrument_id, "coarse", slot)
    before = state.performance.get(key)
    if before is None or (before.start_us, before.length_us) != (start_us, coarse_us):
        return fine._replace(grain="coarse", slot=slot, start_us=start_us, length_us=coarse_us)
    return _sum(before, fine, state.term("performance_callers"))


def _counted(state: State, bucket: PerformanceBucket, judged: Judged) -> PerformanceBucket:
    is_fault = judged.counts_as != "delivered"
    callers, caller = _with_call(bucket.callers, judged.caller_id, is_fault, state)
    bucket = bucket._replace(
        callers=callers,
        output_tokens=bucket.output_tokens + judged.output_tokens,
        divergent=bucket.divergent + judged.divergent,
    )
    counted = getattr(bucket, judged.counts_as) + 1
    bucket = bucket._replace(**{judged.counts_as: counted})
    if not _may_add_samples(state, bucket, caller):
        return bucket
    if judged.first_token_us is not None:
        first_ms = -(-judged.first_token_us // _MS_US)
        bucket = bucket._replace(first_token_bins=with_sample(bucket.first_token_bins, first_ms))
    if judged.tokens_per_second is not None:
        bins = with_sample(bucket.speed_bins, judged.tokens_per_second)
        bucket = bucket._replace(speed_bins=bins)
    return bucket


def _may_add_samples(state: State, bucket: PerformanceBucket, caller: CallerCount) -> bool:
    """No single caller shapes the times of a bucket that others call in as well."""
    if caller.calls <= state.term("performance_caller_samples"):
        return True
    return caller.calls * 1_000 <= bucket.calls * state.term("performance_caller_per_mille")


def _with_call(
    callers: tuple[CallerCount, ...], caller_id: str, is_fault: bool, state: State
) -> tuple[tuple[CallerCount, ...], CallerCount]:
    known = {each.caller_id: each for each in callers}
    is_full = len(known) >= state.term("performance_callers")
    if caller_id not in known and is_full and caller_id != HOUSE:
        caller_id = ""
    before = known.get(caller_id, CallerCount(caller_id, 0, 0))
    after = CallerCount(caller_id, before.calls + 1, before.faults + is_fault)
    known[caller_id] = after
    return tuple(sorted(known.values())), after


def _sum(one: PerformanceBucket, other: PerformanceBucket, most_callers: int) -> PerformanceBucket:
    """One bucket with another's calls in it."""
    names = ("delivered", "late", "slow", "failed", "refused", "output_tokens", "divergent")
    return one._replace(
        first_token_bins=merged(one.first_token_bins, other.first_token_bins),
        speed_bins=merged(one.speed_bins, other.speed_bins),
        callers=_joined(one.callers + other.callers, most_callers),
        **{name: getattr(one, name) + getattr(other, name) for name in names},
    )


def _joined(counts: tuple[CallerCount, ...], most: int) -> tuple[CallerCount, ...]:
    """One count per caller; the least of too many become one."""
    calls: dict[str, CallerCount] = {}
    for each in counts:
        before = calls.get(each.caller_id, CallerCount(each.caller_id, 0, 0))
        joined = CallerCount(each.caller_id, before.calls + each.calls, before.faults + each.faults)
        calls[each.caller_id] = joined
    # The venue's own word is never lost among others.
    ranked = sorted(calls.values(), key=lambda each: (each.caller_id != HOUSE, -each.calls, each))
    if len(ranked) <= most + 1:
        return tuple(sorted(ranked))
    kept = [
        each._replace(caller_id="") if place >= most else each for place, each in enumerate(ranked)
    ]
    return _joined(tuple(kept), most)


# ---- figures -----------------------------------------------------------------------------------


def windows_us(state: State) -> tuple[int, int, int]:
    """The windows that figures are shown of."""
    short_us = state.term("performance_short_us")
    middle_us = state.term("performance_middle_us")
    return short_us, middle_us, state.term("performance_long_us")


def performance_of(
    state: State,
    member_id: str,
    instrument_id: str,
    window_us: int,
    now_us: int | None = None,
    *,
    since_us: int = 0,
) -> Performance:
    """Figures of the window that ends now, of buckets that begin at `since_us` or later."""
    now_us = state.now_us if now_us is None else now_us
    from_us = max(now_us - window_us, since_us)
    total = _total(state, member_id, instrument_id, window_us, from_us, since_us)
    contested = contested_faults(
        total.callers,
        state.term("performance_other_calls"),
        state.term("performance_contested_callers"),
    )
    counted = total.faults - contested
    first_ms = [percentile(total.first_token_bins, share) for share in (500, 950)]
    first_us = [None if each is None else each * _MS_US for each in first_ms]
    return Performance(
        member_id=member_id,
        instrument_id=instrument_id,
        window_us=window_us,
        start_us=from_us if not total.calls else total.start_us,
        calls=total.calls,
        delivered=total.delivered,
        late=total.late,
        slow=total.slow,
        failed=total.failed,
        refused=total.refused,
        output_tokens=total.output_tokens,
        contested_faults=contested,
        error_rate_ppm=counted * PPM // total.calls if total.calls else None,
        first_token_us_p50=first_us[0],
        first_token_us_p95=first_us[1],
        tokens_per_second_p50=percentile(total.speed_bins, 500),
        tokens_per_second_p05=percentile(total.speed_bins, 50),
        uptime_ppm=uptime_ppm(state, member_id, instrument_id, window_us, now_us),
        probes=total.probes,
        divergent=total.divergent,
    )


def contested_faults(
    callers: tuple[CallerCount, ...], least_other_calls: int, most_callers: int
) -> int:
    """Faults that the few callers with the most of them saw beyond the rate that all others saw.

    A few callers' word does not make a record when enough others see the supplier keep its
    promise. Where the venue's own probes are among these, `most_callers` may be contested; else
    they must be fewer than half of all callers, or a lone one.
    """
    probes = sum(each.calls for each in callers if each.caller_id == HOUSE)
    members = [each for each in callers if each.caller_id != HOUSE]
    if probes < least_other_calls:
        most_callers = min(most_callers, max((len(members) - 1) // 2, 1))
    worst = sorted(members, key=lambda each: (-each.faults, each.caller_id))[:most_callers]
    calls = sum(each.calls for each in callers) - sum(each.calls for each in worst)
    faults = sum(each.faults for each in callers) - sum(each.faults for each in worst)
    if calls < least_other_calls:
        return 0
    return sum(max(each.faults - _ceil(each.calls * faults, calls), 0) for each in worst)


def _ceil(amount: int, parts: int) -> int:
    return -(-amount // parts)


def _total(
    state: State, member_id: str, instrument_id: str, window_us: int, from_us: int, since_us: int
) -> PerformanceBucket:
    """Every bucket of the window in one, fine ones for the short window, else coarse ones."""
    grain = "fine" if window_us <= state.term("performance_short_us") else "coarse"
    total = PerformanceBucket(member_id, instrument_id, grain, 0, from_us, window_us)
    head = fine_head(state, member_id, instrument_id)
    # The coarse buckets have not yet taken in the fine one that is being filled.
    parts = [head] if head is not None and grain == "coarse" else []
    slots = state.indices.performance_slots.get((member_id, instrument_id, grain), ())
    parts += [state.performance[(member_id, instrument_id, grain, slot)] for slot in slots]
    inside = [
        part
        for part in parts
        if part.start_us + part.length_us > from_us and part.start_us >= since_us
    ]
    first_us = min((part.start_us for part in inside), default=from_us)
    for part in inside:
        total = _sum(total, part, 2**31)
    return total._replace(start_us=first_us)
