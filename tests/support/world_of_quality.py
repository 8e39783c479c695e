"""Random commands about the quality of supply, for `world`: the operator's word, offers, contracts,
benchmarks and their probes.

What they choose from is a suppliers' world; what becomes of a command is not their business.
"""

import random

from tests.support.market import SPEC
from tests.support.world_of_supply import SYMBOLS, numbered_member
from thegrid_exchange.engine import commands
from thegrid_exchange.engine.records import TokenCounts


def quality_command(rand: random.Random) -> commands.Command:
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
            *_of_benchmarks(rand, numbered_member(rand.randint(1, 3)), instrument_id),
        )
    )
    return made


def _of_benchmarks(
    rand: random.Random, member_id: str, instrument_id: str
) -> tuple[commands.Command, ...]:
    number = rand.randint(1, 4)
    probe = commands.ReportProbe(
        member_id,
        instrument_id,
        f"dlv_probe{rand.randrange(10**6)}",
        rand.choice(("in_spec", "in_spec", "too_slow", "failed", "venue_fault", "client_fault")),
        "random",
        TokenCounts(200, rand.randint(0, 300)),
        first_token_us=rand.choice((None, 400_000)),
        streamed_us=rand.choice((None, 2_000_000)),
        duration_us=rand.choice((None, 3_000_000)),
        benchmark_id=rand.choice(("", f"bmk_{number:012d}")),
    )
    return (
        commands.OpenBenchmark(member_id, instrument_id, rand.choice(("operator", "supplier"))),
        *(probe,) * 3,
    )


def offer_of(member_id: str, instrument_id: str) -> commands.RegisterOffer:
    """An offer that meets the usual contract."""
    return commands.RegisterOffer(
        member_id, instrument_id, "demo/model", 40_000, 200_000, 64_000, 80, 400_000, 64
    )
