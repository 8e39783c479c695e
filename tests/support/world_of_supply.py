"""Random commands of suppliers, for the world of `world`: issuance, links, collateral, renewal.

Each is made of a random source alone; what becomes of it is not its business.
"""

import random
from collections.abc import Callable
from typing import Final

from tests.support.market import DOLLAR, SECOND
from thegrid_exchange.engine import commands

SYMBOLS: Final = ("text-prime", "code-max")
Supplying = Callable[[random.Random], commands.Command]


def numbered_member(number: int) -> str:
    """The id of the `number`-th member."""
    return f"mem_{number:012d}"


def supply_policies(rand: random.Random) -> list[tuple[str, int]]:
    """Figures of the supply's rules, to set one of."""
    return [
        ("index_trades_min", rand.randint(1, 3)),
        ("index_final_after_us", rand.choice((0, 1_800 * SECOND))),
        ("refund_index_per_mille", rand.choice((500, 1_250, 9_000))),
        ("resale_gains_max", rand.choice((0, 1, 8))),
        ("supply_penalty_per_mille", rand.choice((0, 100))),
        ("collateral_escrow_per_mille", rand.choice((800, 1_000))),
        ("availability_samples_max", rand.choice((4, 64))),
    ]


def _issue(rand: random.Random) -> commands.Command:
    return commands.IssueUnits(_supplier(rand), _instrument(rand), rand.randint(1, 40))


def _retire(rand: random.Random) -> commands.Command:
    return commands.RetireUnits(_supplier(rand), _instrument(rand), 5)


def _availability(rand: random.Random) -> commands.Command:
    instruments = tuple(f"ins_{symbol}" for symbol in SYMBOLS)[: rand.randint(1, 2)]
    relay = rand.choice(("relay-1", "relay-2"))
    return commands.Availability(_supplier(rand), relay, instruments, rand.random() < 0.6)


def _collateral(rand: random.Random) -> commands.Command:
    member_id, amount = _supplier(rand), rand.randint(1, 80 * DOLLAR)
    if rand.random() < 0.7:
        return commands.PostCollateral(member_id, amount)
    return commands.WithdrawCollateral(member_id, amount)


def _renewal(rand: random.Random) -> commands.Command:
    return commands.SetRenewal(_supplier(rand), _instrument(rand), rand.random() < 0.6)


def _supplier(rand: random.Random) -> str:
    """Mostly one of the two suppliers, now and then a member that is none."""
    return numbered_member(rand.randint(1, 3))


def _instrument(rand: random.Random) -> str:
    return f"ins_{rand.choice(SYMBOLS)}"


SUPPLY: Final[tuple[tuple[int, Supplying], ...]] = (
    (4, _issue),
    (1, _retire),
    (3, _availability),
    (2, _collateral),
    (1, _renewal),
)
"""Weights and makers."""
