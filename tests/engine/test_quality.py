"""How suppliers do: figures of rolling windows, and the ladder from a warning to reinstatement."""

import random

import pytest

from tests.support.market import (
    DOLLAR,
    HOUR,
    INSTRUMENT,
    SECOND,
    SPEC,
    Exchange,
    report,
    reserve,
    small_exchange,
)
from thegrid_exchange.engine import commands, events
from thegrid_exchange.engine.quantities import HOUSE
from thegrid_exchange.engine.records import Attempt, CallerCount, Performance, TokenCounts
from thegrid_exchange.engine.rules.availability import able_us
from thegrid_exchange.engine.rules.histograms import bin_of, percentile, top_of, with_sample
from thegrid_exchange.engine.rules.performance import contested_faults, performance_of

MINUTE = 60 * SECOND


class Floor(Exchange):
    """An exchange in which callers call one supplier and get what the test says."""

    calls = 0

    def called(self, caller: str, verdict: str = "in_spec", times: int = 1, **more: object) -> None:
        for _ in range(times):
            self.calls += 1
            delivery_id = f"dlv_{self.calls}"
            self.ok(reserve(delivery_id, caller, 10, 100))
            more.setdefault("canonical", TokenCounts(10, 90))
            more.setdefault("first_token_us", 300_000)
            more.setdefault("streamed_us", SECOND)
            more.setdefault("supplier_id", self.ann)
            billed = 100 if verdict == "in_spec" else 0
            self.ok(report(delivery_id, verdict, billed, **more))

    def figures(self, window_us: int = HOUR, supplier: str = "") -> Performance:
        return performance_of(self.state, supplier or self.ann, INSTRUMENT, window_us)

    def status(self) -> str:
        standing = self.state.standings.get((self.ann, INSTRUMENT))
        return standing.status if standing is not None else "admitted"

    def link(self, connected: bool) -> None:
        self.ok(commands.Availability(self.ann, "relay-1", (INSTRUMENT,), connected))


@pytest.fixture
def floor() -> Floor:
    """Ann supplies; bob, bea and abe each have a Lot."""
    floor = Floor()
    floor.instrument()
    floor.ann = floor.supplier("ann", 100)
    for name in ("bob", "bea", "abe"):
        setattr(floor, name, floor.member(name))
        floor.bought(floor.ann, getattr(floor, name), 3, 2 * DOLLAR, auto_transfer=True)
    return floor


# ---- figures -----------------------------------------------------------------------------------


def test_a_percentile_lies_above_the_truth_by_at_most_a_sixteenth() -> None:
    rand = random.Random(7)
    for _ in range(50):
        values = sorted(rand.randrange(10 ** rand.randint(1, 9)) for _ in range(99))
        bins: tuple[tuple[int, int], ...] = ()
        for value in values:
            bins = with_sample(bins, value)
        for share in (50, 500, 950):
            true = values[-(-99 * share // 1_000) - 1]
            shown = percentile(bins, share)
            assert shown is not None
            assert true <= shown <= true + true // 16
    assert all(bin_of(top_of(number)) == number for number in range(300))
    assert percentile((), 500) is None


def test_calls_are_counted_by_their_verdict(floor: Floor) -> None:
    floor.called(floor.bob, times=4)
    for verdict in ("late_first_token", "too_slow", "failed", "client_fault", "venue_fault"):
        floor.called(floor.bob, verdict)
    floor.called(floor.bob, "failed", cause="supplier_refused")
    floor.called(floor.bob, "cancelled_by_client")
    floor.called(floor.bob, "cancelled_by_client", first_token_us=None)
    figures = floor.figures()
    assert (figures.delivered, figures.late, figures.slow) == (5, 1, 1)
    assert (figures.failed, figures.refused, figures.calls) == (1, 1, 9)
    assert figures.error_rate_ppm == 4 * 1_000_000 // 9
    assert figures.tokens_per_second_p50 == top_of(bin_of(90))
    assert figures.first_token_us_p50 == top_of(bin_of(300)) * 1_000


def test_calls_that_the_supplier_counted_otherwise_are_counted(floor: Floor) -> None:
    floor.called(floor.bob, by_supplier=TokenCounts(10, 90))
    floor.called(floor.bob, by_supplier=TokenCounts(10, 900))
    assert (floor.figures().calls, floor.figures().divergent) == (2, 1)
    assert floor.figures(24 * HOUR).divergent == 1


def test_who_was_tried_in_vain_bears_that_fault_and_who_served_none(floor: Floor) -> None:
    eve = floor.supplier("eve")
    tried = (Attempt(eve, "first_token_late"), Attempt(floor.ann, "served"))
    floor.called(floor.bob, attempts=tried)
    floor.called(floor.bob, attempts=(Attempt(eve, "hedge_lost"), Attempt(floor.ann, "served")))
    assert floor.figures(supplier=eve).late == floor.figures(supplier=eve).calls == 1
    assert floor.figures().error_rate_ppm == 0


def test_calls_inside_an_affiliation_group_count_for_nothing() -> None:
    floor = Floor()
    floor.instrument()
    floor.ann = floor.supplier("ann", 100, affiliation_group="kin")
    floor.bob = floor.member("bob", affiliation_group="kin")
    floor.bought(floor.ann, floor.bob, 3, 2 * DOLLAR, auto_transfer=True)
    floor.called(floor.bob)
    assert floor.figures().calls == 0


def test_windows_slide_and_rings_stay_bounded(floor: Floor) -> None:
    for _ in range(60):
        floor.called(floor.bob)
        floor.later(4 * MINUTE)
    assert 15 <= floor.figures().calls <= 17
    assert floor.figures(24 * HOUR).calls == 60
    assert floor.figures(7 * 24 * HOUR).calls == 60
    fine = [key for key in floor.state.performance if key[2] == "fine"]
    assert len(fine) <= 14


def test_one_callers_faults_do_not_make_a_record_that_others_do_not_see() -> None:
    honest = (CallerCount("bea", 40, 0), CallerCount("abe", 60, 1))
    assert contested_faults((*honest, CallerCount("bob", 900, 900)), 4, 2) == 891
    everybody = (CallerCount("bea", 40, 20), CallerCount("abe", 60, 30))
    assert contested_faults((*everybody, CallerCount("bob", 100, 50)), 4, 2) == 0
    assert contested_faults((CallerCount("bob", 9, 9), CallerCount("bea", 3, 0)), 4, 2) == 0
    assert contested_faults((), 4, 2) == 0


def test_two_who_act_together_need_more_than_one_other_or_the_venues_own_probes() -> None:
    pair = (CallerCount("bob", 90, 90), CallerCount("bill", 70, 60))
    honest = CallerCount("abe", 60, 0)
    # Two of three could as well be right, unless the venue itself saw otherwise.
    assert contested_faults((*pair, honest), 4, 2) < 150
    assert contested_faults((*pair, honest, CallerCount(HOUSE, 4, 0)), 4, 2) == 150
    assert contested_faults((*pair, honest, CallerCount(HOUSE, 4, 4)), 4, 2) < 150
    others = (CallerCount("bea", 9, 0), CallerCount("ben", 9, 0))
    assert contested_faults((*pair, honest, *others), 4, 2) == 150


# ---- the ladder --------------------------------------------------------------------------------


def fail_everybody(floor: Floor) -> None:
    for caller in (floor.bob, floor.bea, floor.abe):
        floor.called(caller, times=6)
        floor.called(caller, "failed", times=2)


def review(floor: Floor, span_us: int) -> list[events.StandingSet]:
    floor.later(span_us)
    floor.tick()
    changes = floor.all_events(events.StandingSet)
    return [each for each in changes if each.change is not None and each.change.before != "none"]


def test_wrecking_a_rivals_record_moves_nothing(floor: Floor) -> None:
    floor.called(floor.bea, times=15)
    floor.called(floor.abe, times=15)
    floor.called(floor.bob, "failed", times=60)
    assert floor.figures().contested_faults == 60
    assert floor.figures().error_rate_ppm == 0
    review(floor, 5 * MINUTE)
    assert floor.status() == "admitted"


def test_a_supplier_is_warned_suspended_tried_and_reinstated(floor: Floor) -> None:
    floor.link(True)
    fail_everybody(floor)
    (warned,) = review(floor, 5 * MINUTE)
    assert warned.change is not None
    assert warned.change.evidence is not None
    assert (warned.change.before, warned.change.status) == ("admitted", "warned")
    assert warned.change.until_us == floor.at_us + HOUR
    assert warned.change.policy_version == floor.state.policy_version > 0
    (finding,) = warned.change.evidence.findings
    assert (finding.figure, finding.limit) == ("error_rate_ppm", SPEC.error_rate_ppm_max)
    assert finding.value == 6 * 1_000_000 // 24
    told = [each.notice for each in floor.events(events.NoticeRaised)]
    assert [(each.member_id, each.kind, each.due_us) for each in told] == [
        (floor.ann, "supplier", warned.change.until_us)
    ]
    floor.later(5 * MINUTE)
    fail_everybody(floor)
    review(floor, 55 * MINUTE)
    assert floor.status() == "suspended"
    assert floor.refused(commands.IssueUnits(floor.ann, INSTRUMENT, 1)).reason == (
        "SUPPLIER_NOT_ADMITTED"
    )
    assert not floor.state.able_histories[(floor.ann, INSTRUMENT)].is_able
    review(floor, 4 * HOUR)
    assert floor.status() == "probation"
    assert floor.state.able_histories[(floor.ann, INSTRUMENT)].is_able
    assert floor.refused(commands.IssueUnits(floor.ann, INSTRUMENT, 1)).reason == (
        "SUPPLIER_ON_PROBATION"
    )
    review(floor, 4 * HOUR)
    assert floor.status() == "admitted"
    floor.ok(commands.IssueUnits(floor.ann, INSTRUMENT, 1))


def test_a_warning_that_is_heeded_is_lifted(floor: Floor) -> None:
    fail_everybody(floor)
    review(floor, 5 * MINUTE)
    floor.later(5 * MINUTE)
    floor.called(floor.bob, times=30)
    changes = review(floor, 55 * MINUTE)
    assert [each.standing.status for each in changes] == ["warned", "admitted"]


def test_a_few_faults_and_few_calls_warn_nobody(floor: Floor) -> None:
    floor.called(floor.bob, "failed", times=2)
    floor.called(floor.bea, times=30)
    assert review(floor, 5 * MINUTE) == []


def test_without_enforcement_a_warning_stays_a_warning(floor: Floor) -> None:
    floor.policy(standing_enforced=0)
    fail_everybody(floor)
    review(floor, 5 * MINUTE)
    floor.later(5 * MINUTE)
    fail_everybody(floor)
    review(floor, 55 * MINUTE)
    assert floor.status() == "warned"


def test_the_operators_word_is_not_undone_by_the_rules(floor: Floor) -> None:
    floor.ok(commands.SuspendSupplier(floor.ann, INSTRUMENT, "looked into"))
    review(floor, 48 * HOUR)
    assert floor.status() == "suspended"
    floor.ok(commands.ReinstateSupplier(floor.ann, INSTRUMENT, "cleared"))
    (change,) = [each.change for each in floor.events(events.StandingSet) if each.change]
    assert (change.status, change.cause, change.reason) == ("admitted", "operator", "cleared")


# ---- offers and ability ------------------------------------------------------------------------


def test_an_offer_that_a_new_contract_overtakes_is_marked_warned_and_suspended() -> None:
    exchange = small_exchange()
    ann = exchange.supplier("ann")
    pair = (ann, INSTRUMENT)
    better = SPEC._replace(quality_score_min=45_000, output_tokens_min=90_000)
    exchange.ok(commands.PublishSpec(INSTRUMENT, better, exchange.at_us + HOUR))
    exchange.tick()
    assert exchange.state.offers[pair].shortfalls == ()
    exchange.later(HOUR)
    exchange.tick()
    assert exchange.state.offers[pair].shortfalls == ("quality_score", "output_tokens")
    assert exchange.state.standings[pair].status == "warned"
    refusal = exchange.refused(commands.IssueUnits(ann, INSTRUMENT, 1))
    assert (refusal.reason, refusal.field) == ("OFFER_BELOW_SPEC", "quality_score")
    exchange.later(24 * HOUR)
    exchange.tick()
    assert exchange.state.standings[pair].status == "suspended"
    exchange.ok(
        commands.RegisterOffer(
            ann, INSTRUMENT, "better/model", 46_000, 200_000, 90_000, 80, 400_000, 64
        )
    )
    assert exchange.state.offers[pair].shortfalls == ()
    assert exchange.state.standings[pair].status == "probation"


def test_a_refused_offer_is_told_its_first_shortfall_and_the_names_of_the_rest() -> None:
    exchange = small_exchange()
    ann = exchange.supplier("ann")
    low = commands.RegisterOffer(ann, INSTRUMENT, "low", 1, 200_000, 64_000, 1, 400_000, 64)
    refusal = exchange.refused(low)
    assert (refusal.reason, refusal.field) == ("OFFER_BELOW_SPEC", "quality_score")
    assert (refusal.limit, refusal.value) == (38_000, 1)
    assert "tokens_per_second" in refusal.message


def test_ability_is_kept_as_time_able_and_bounded(floor: Floor) -> None:
    floor.policy(availability_samples_max=4)
    begin_us = floor.at_us
    for _ in range(9):
        floor.link(True)
        floor.later(10 * SECOND)
        floor.link(False)
        floor.later(30 * SECOND)
    ability = floor.state.able_histories[(floor.ann, INSTRUMENT)]
    assert len(ability.samples) == 4
    assert able_us(floor.state, floor.ann, INSTRUMENT, begin_us, floor.at_us) == 90 * SECOND
    last_us = floor.at_us - 40 * SECOND
    assert able_us(floor.state, floor.ann, INSTRUMENT, last_us, floor.at_us) == 10 * SECOND
    floor.tick()
    assert floor.figures(24 * HOUR).uptime_ppm == 250_000


def test_too_little_uptime_warns(floor: Floor) -> None:
    floor.link(True)
    floor.later(12 * HOUR)
    floor.link(False)
    floor.later(13 * HOUR)
    floor.tick()
    standing = floor.state.standings[(floor.ann, INSTRUMENT)]
    assert (standing.status, standing.cause) == ("warned", "uptime")
