"""What tokens that end do with the money that waits for them: earned, or given back to the owner.

Each parcel's money goes by floor differences of its one counter, so that parts add up to the whole.
"""

from typing import NamedTuple

from thegrid_exchange.engine.quantities import CASH, HOUSE, PER_MILLE, value_between
from thegrid_exchange.engine.records import Lot, LotParcel, Parcel, Posting
from thegrid_exchange.engine.rules.availability import able_us
from thegrid_exchange.engine.rules.parcels import cost_between, escrow_between, issue_fee_between
from thegrid_exchange.engine.rules.reference_index import index_price_micros
from thegrid_exchange.engine.state import State


class Ending(NamedTuple):
    """Tokens of one parcel that end now, in the order of its counter."""

    consumed_tokens: int = 0
    refunded_tokens: int = 0
    expired_tokens: int = 0


class Claim(NamedTuple):
    """What an issuer owes for tokens beyond the money that waited for them."""

    cover_micros: int = 0
    """To the owner, up to the refund."""
    penalty_micros: int = 0
    """To the guarantee, for what was called and not delivered in spec."""


class Ended(NamedTuple):
    """What ending tokens move: lines that earn, lines that give back, and what is owed still."""

    earned: tuple[Posting, ...]
    refunded: tuple[Posting, ...]
    cost_micros: int
    """What the used tokens cost their owner."""
    earned_micros: int
    """What the used tokens earned, fee included."""
    claim: Claim


class _Share(NamedTuple):
    """The part of a stretch of tokens that is given back; the rest is earned."""

    part: int
    whole: int

    def of(self, amount: int) -> int:
        return amount * self.part // self.whole


class _Back(NamedTuple):
    """A stretch of tokens that is given back, in part or whole."""

    earned: list[Posting]
    refunded: list[Posting]
    escrow_micros: int
    """Taken from the issuer's escrow."""
    earned_micros: int
    fee_micros: int
    refund_micros: int
    cover_micros: int


def refund_price_micros(state: State, instrument_id: str, parcel: Parcel) -> int:
    """The most that an owner gets back per Unit: its cost, but not far above what is usual.

    Without that bound a false price between accomplices would be paid out by others.
    """
    index_micros = index_price_micros(state, instrument_id)
    usual_micros = index_micros * state.term("refund_index_per_mille") // PER_MILLE
    return min(parcel.cost_price_micros, max(parcel.issue_price_micros, usual_micros))


def end_tokens(state: State, lot: Lot, held: LotParcel, ending: Ending, server_id: str) -> Ended:
    """Settle the money of tokens that end.

    Used ones pay who served them; `server_id` empty means the issuer. Refunded ones go back to the
    owner and earn nothing. Expired ones earn for the share of the Lot's life in which their issuer
    was able to serve, and go back for the rest.
    """
    parcel = held.parcel
    issuer_id = parcel.issuer_id
    start = held.ended_tokens
    used = start + ending.consumed_tokens
    refunded = used + ending.refunded_tokens
    end = refunded + ending.expired_tokens
    price_micros = refund_price_micros(state, lot.instrument_id, parcel)
    earned_micros = escrow_between(parcel, start, used)
    fee = issue_fee_between(parcel, start, used)
    called = _give_back(lot, parcel, (used, refunded), price_micros, _Share(1, 1))
    share = _unable_share(state, lot, issuer_id)
    lapsed = _give_back(lot, parcel, (refunded, end), price_micros, share)
    earned = [
        Posting(issuer_id, "escrow", CASH, -earned_micros - lapsed.earned_micros),
        Posting(server_id or issuer_id, "available", CASH, earned_micros - fee),
        Posting(issuer_id, "available", CASH, lapsed.earned_micros - lapsed.fee_micros),
        Posting(HOUSE, "fees", CASH, fee + lapsed.fee_micros),
        *_freed_gains(parcel, start, used),
        *called.earned,
        *lapsed.earned,
    ]
    refund_lines = [
        Posting(issuer_id, "escrow", CASH, -called.escrow_micros - lapsed.escrow_micros),
        *called.refunded,
        *lapsed.refunded,
    ]
    penalty = called.refund_micros * state.term("supply_penalty_per_mille") // PER_MILLE
    return Ended(
        tuple(earned),
        tuple(refund_lines),
        cost_between(parcel, start, used),
        earned_micros,
        Claim(called.cover_micros + lapsed.cover_micros, penalty),
    )


def _unable_share(state: State, lot: Lot, issuer_id: str) -> _Share:
    """The share of a Lot's life in which its issuer was not able to serve."""
    from_us = lot.minted_at_us - lot.outage_base_us
    until_us = lot.expires_at_us - lot.outage_base_us
    life_us = until_us - from_us
    able = able_us(state, issuer_id, lot.instrument_id, from_us, until_us)
    return _Share(life_us - min(able, life_us), life_us)


def _give_back(
    lot: Lot, parcel: Parcel, stretch: tuple[int, int], price_micros: int, share: _Share
) -> _Back:
    """Give a share of a stretch's money back to its owner, at no more than a price per Unit.

    Layer by layer of that price: the issuer's escrow below its first price, above it what was
    withheld of those who resold it dearer, and what no money waits for is for the issuer to cover.
    """
    owner_id = lot.member_id
    escrow = escrow_between(parcel, *stretch)
    fee = issue_fee_between(parcel, *stretch)
    kept = _Share(share.whole - share.part, share.whole)
    earned_micros = kept.of(escrow)
    unearned = escrow - earned_micros
    base_micros = min(price_micros, parcel.issue_price_micros)
    refund = min(unearned, share.of(value_between(base_micros, *stretch)))
    earned: list[Posting] = []
    # What the owner did not pay is nobody's to earn: the issuer failed all the same.
    refunded = [Posting(HOUSE, "guarantee", CASH, unearned - refund)]
    uncovered_price = price_micros - base_micros
    for gain in parcel.gains:
        whole = value_between(gain.until_micros - gain.from_micros, *stretch)
        layer = max(0, min(gain.until_micros, price_micros) - gain.from_micros)
        uncovered_price -= layer
        taken = min(whole, share.of(value_between(layer, *stretch)))
        refund += taken
        refunded.append(Posting(gain.member_id, "withheld", CASH, -taken))
        earned.append(Posting(gain.member_id, "withheld", CASH, taken - whole))
        earned.append(Posting(gain.member_id, "available", CASH, whole - taken))
    refunded.append(Posting(owner_id, "available", CASH, refund))
    cover = share.of(value_between(uncovered_price, *stretch))
    return _Back(earned, refunded, unearned, earned_micros, kept.of(fee), refund + cover, cover)


def _freed_gains(parcel: Parcel, before: int, after: int) -> list[Posting]:
    """What was withheld of resellers goes to them as the tokens are used."""
    lines = []
    for gain in parcel.gains:
        amount = value_between(gain.until_micros - gain.from_micros, before, after)
        lines.append(Posting(gain.member_id, "withheld", CASH, -amount))
        lines.append(Posting(gain.member_id, "available", CASH, amount))
    return lines
