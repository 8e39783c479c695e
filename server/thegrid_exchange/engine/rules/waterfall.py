"""Who pays what an issuer owes and no escrow holds: collateral, its earnings, then the guarantee.

Each step is a posting with its own cause; what is left at the end is a named, recorded shortfall.
"""

from collections.abc import Mapping
from typing import Final

from thegrid_exchange.engine import events
from thegrid_exchange.engine.quantities import CASH, HOUSE
from thegrid_exchange.engine.records import Loss, Posting, Shortfall
from thegrid_exchange.engine.rule import Rule
from thegrid_exchange.engine.rules.escrow import Claim
from thegrid_exchange.engine.rules.lookups import are_affiliated
from thegrid_exchange.engine.state import State

_OWN_MEANS: Final = (("collateral", "collateral"), ("available", "earnings"))
"""An issuer's accounts in the order in which they pay, and what their postings are called."""


def settle_claims(
    state: State,
    owner_id: str,
    claims: Mapping[str, Claim],
    reference: str,
    name: str = "cover",
) -> Rule[None]:
    """Pay an owner what issuers owe it, as far as there is money, and then their penalties.

    `name` is what the causes of the postings to the owner begin with.
    """
    covers = {issuer: claim.cover_micros for issuer, claim in claims.items()}
    penalties = {issuer: claim.penalty_micros for issuer, claim in claims.items()}
    owner = (owner_id, "available")
    left = yield from _pay_by_own_means(state, covers, owner, name, reference)
    if left:
        yield from _from_guarantee(state, owner_id, left, f"{name}_guarantee", reference)
    yield from _pay_by_own_means(state, penalties, (HOUSE, "guarantee"), "penalty", reference)


def _pay_by_own_means(
    state: State, due: Mapping[str, int], to: tuple[str, str], name: str, reference: str
) -> Rule[dict[str, int]]:
    """Let issuers pay from their own accounts; answers what each still owes."""
    left = {issuer: amount for issuer, amount in due.items() if amount}
    for account, means in _OWN_MEANS:
        left = yield from _pay(state, left, account, to, f"{name}_{means}", reference)
    return left


def _pay(
    state: State,
    due: Mapping[str, int],
    account: str,
    to: tuple[str, str],
    cause: str,
    reference: str,
) -> Rule[dict[str, int]]:
    """Let each issuer pay from one of its accounts; answers what each still owes."""
    paid = {
        issuer: min(amount, state.balance(issuer, account, CASH)) for issuer, amount in due.items()
    }
    lines = [Posting(issuer, account, CASH, -amount) for issuer, amount in paid.items() if amount]
    if lines:
        owner_id, account_to = to
        total = Posting(owner_id, account_to, CASH, sum(paid.values()))
        yield events.Posted((*lines, total), cause, reference)
    return {issuer: due[issuer] - paid[issuer] for issuer in due if due[issuer] > paid[issuer]}


def _from_guarantee(
    state: State, owner_id: str, left: Mapping[str, int], cause: str, reference: str
) -> Rule[None]:
    """Let the guarantee pay for issuers that cannot, and record it as what they owe.

    It pays nothing to an issuer's own affiliation group, which would only empty it.
    """
    pot = state.balance(HOUSE, "guarantee", CASH)
    losses = []
    for issuer_id, amount in left.items():
        advanced = 0 if are_affiliated(state, issuer_id, owner_id) else min(amount, pot)
        pot -= advanced
        losses.append(Loss(issuer_id, owner_id, advanced, amount - advanced))
    total = sum(loss.guarantee_micros for loss in losses)
    if total:
        yield events.Posted(
            (
                Posting(HOUSE, "guarantee", CASH, -total),
                Posting(owner_id, "available", CASH, total),
            ),
            cause,
            reference,
        )
    yield events.ShortfallRecorded(
        tuple(losses), tuple(_added(state, loss) for loss in losses), reference
    )


def _added(state: State, loss: Loss) -> Shortfall:
    before = state.shortfalls.get(loss.issuer_id) or Shortfall(loss.issuer_id)
    return before._replace(
        guarantee_micros=before.guarantee_micros + loss.guarantee_micros,
        uncovered_micros=before.uncovered_micros + loss.uncovered_micros,
    )
