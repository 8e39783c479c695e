"""A random day of a small market through the public door, for tests of what is kept of it."""

import contextlib
import random

import grpc

from tests.support.exchange import HOUR_US, Exchange, Participant
from thegrid_exchange.engine.commands import SetPolicy


async def trade_at_random(exchange: Exchange, seed: int, steps: int) -> list[Participant]:
    """Orders, cancels, transfers and time, over three members and a supplier."""
    chance = random.Random(seed)
    await exchange.define_instrument()
    await exchange.running.services.sequencer.submit(
        SetPolicy((("retire_unsold_at_sweep", 0),)), actor="test"
    )
    supplier = await exchange.create_supplier(issue_units=1_000)
    members = [
        await exchange.create_member(f"m{number}", deposit_micros=10**9) for number in range(3)
    ]
    for step in range(steps):
        member = chance.choice(members)
        price_micros = 1_000 * chance.randrange(95, 105)
        if chance.random() < 0.3:
            await exchange.sell_issuance(supplier, chance.randrange(1, 5), price_micros)
        elif chance.random() < 0.8:
            await exchange.place(
                member,
                side="buy",
                quantity_units=chance.randrange(1, 5),
                price_micros=price_micros,
                auto_transfer=chance.random() < 0.3,
                client_order_id=f"c{step}" if chance.random() < 0.5 else "",
            )
        elif chance.random() < 0.5:
            await resell(exchange, member, chance.randrange(1, 4), price_micros)
        if step % 25 == 24:
            await exchange.advance(HOUR_US)
        elif step % 5 == 4:
            exchange.clock.advance(chance.randrange(HOUR_US // 20))
    return [*members, supplier]


async def resell(
    exchange: Exchange, member: Participant, quantity_units: int, price_micros: int
) -> None:
    """Offer bought Units again, if there are so many."""
    with contextlib.suppress(grpc.aio.AioRpcError):
        await exchange.place(
            member, side="sell", quantity_units=quantity_units, price_micros=price_micros
        )
