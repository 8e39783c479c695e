"""Random commands about the quality of supply, for `world`: the operator's word, offers, contracts,
benchmarks and their probes.

What they choose from is a suppliers' world; what becomes of a command is not their business.
"""

import random
from typing import Final

from tests.support.market import SPEC
from tests.support.world_of_supply import SYMBOLS, numbered_member
from thegrid_exchange.engine import commands
from thegrid_exchange.engine.records import TokenCounts
from thegrid_exchange.engine.state import State

OPENING_FIGURES: Final = (
    ("benchmark_probes", 1),
    ("capacity_derating_per_mille", 1_000),
    ("standing_min_calls", 60),
)
"""With which rare things happen in short lives."""


def quality_command(rand: random.Random, state: State) -> commands.Command:
    """Suspend, reinstate, publish a contract, offer anew, measure or probe an offer."""
    member_id = numbered_member(rand.randint(1, 2))
    instrument_id = f"ins_{rand.choice(SYMBOLS)}"
    spec = SPEC._replace(quality_score_min=rand.choice((38_000,) * 5 + (50_000,)))
    made: commands.Command = rand.choice(
        (
            commands.SuspendSupplier(member_id, rand.choice(("", instrument_id)), "random"),
            commands.ReinstateSupplier(member_id, "", "random"),
            commands.ReinstateSupplier(member_id, instrument_id, "random"),
            commands.PublishSpec(instrument_id, spec, 0),
            offer_of(member_id, instrument_id),
            *_of_benchmarks(rand, state),
        )
    )
    return made


def _of_benchmarks(rand: random.Random, state: State) -> tuple[commands.Command, ...]:
    """Ask for a benchmark; probe for one that runs, or now and then for none."""
    pair = (numbered_member(rand.choice((1, 1, 2, 2, 3))), f"ins_{rand.choice(SYMBOLS)}")
    running = [key for key, each in state.benchmarks.items() if each.status == "running"]
    probed = rand.choice(running) if running and rand.random() < 0.8 else pair
    benchmark = state.benchmarks.get(probed)
    probe = commands.ReportProbe(
        *probed,
        f"dlv_probe{rand.randrange(10**6)}",
        rand.choice(("in_spec",) * 4 + ("too_slow", "failed", "venue_fault", "client_fault")),
        "random",
        TokenCounts(200, rand.randint(0, 300)),
        first_token_us=rand.choice((None, 400_000)),
        streamed_us=rand.choice((None, 2_000_000)),
        duration_us=rand.choice((None, 3_000_000)),
        benchmark_id=benchmark.benchmark_id if benchmark and rand.random() < 0.9 else "",
    )
    asked_by = rand.choice(("operator", "operator", "supplier"))
    return (*(commands.OpenBenchmark(*pair, asked_by),) * 2, *(probe,) * 2)


def offer_of(member_id: str, instrument_id: str) -> commands.RegisterOffer:
    """An offer that meets the usual contract."""
    return commands.RegisterOffer(
        member_id, instrument_id, "demo/model", 40_000, 200_000, 64_000, 80, 400_000, 64
    )
