"""Random commands about the quality of supply, for `world`: the operator's word, offers, contracts.

What they choose from is a suppliers' world; what becomes of a command is not their business.
"""

import random

from tests.support.market import SPEC
from tests.support.world_of_supply import SYMBOLS, numbered_member
from thegrid_exchange.engine import commands


def quality_command(rand: random.Random) -> commands.Command:
    """Suspend or reinstate a supplier, publish a contract, or register an offer anew."""
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
        )
    )
    return made


def offer_of(member_id: str, instrument_id: str) -> commands.RegisterOffer:
    """An offer that meets the usual contract."""
    return commands.RegisterOffer(
        member_id, instrument_id, "demo/model", 40_000, 200_000, 64_000, 80, 400_000, 64
    )
