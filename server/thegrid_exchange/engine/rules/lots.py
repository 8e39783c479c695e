"""Lots: minting them from Trading accounts, choosing what a call draws, and their expiry.

What a call used is settled in `usage`; Units never go back from a Lot to a Trading account.
"""

from collections.abc import Iterable

from thegrid_exchange.engine import commands, events, replies
from thegrid_exchange.engine.quantities import TOKENS_PER_UNIT, LotOrigin
from thegrid_exchange.engine.records import (
    Draw,
    Lot,
    LotParcel,
    LotParcelChange,
    Parcel,
    Posting,
    Transfer,
)
from thegrid_exchange.engine.refusals import refuse
from thegrid_exchange.engine.rule import Rule
from thegrid_exchange.engine.rules.escrow import Claim, Ended, Ending, end_tokens
from thegrid_exchange.engine.rules.lookups import active_member, the_instrument
from thegrid_exchange.engine.rules.parcels import (
    joined,
    take_first,
    trading_queue,
)
from thegrid_exchange.engine.rules.waterfall import settle_claims
from thegrid_exchange.engine.state import State

# ---- minting -----------------------------------------------------------------------------------


def transfer_units(state: State, command: commands.TransferUnits) -> Rule[replies.TransferReply]:
    """Move whole Units that are free in the Trading account into a new Lot."""
    member = active_member(state, command.member_id, "consumer")
    instrument = the_instrument(state, command.instrument_id)
    held_tokens = state.balance(member.member_id, "trading", instrument.instrument_id)
    free_units = held_tokens // TOKENS_PER_UNIT
    if command.quantity_units <= 0:
        refuse(
            "QUANTITY_OUT_OF_RANGE",
            "quantity_units",
            "must be at least 1 Unit",
            limit=1,
            value=command.quantity_units,
        )
    if command.quantity_units > free_units:
        refuse(
            "INSUFFICIENT_UNITS",
            "quantity_units",
            f"{free_units} Units are free in Trading; cancel sells or transfer fewer",
            limit=free_units,
            value=command.quantity_units,
        )
    transfer = yield from move_to_lot(
        state, member.member_id, instrument.instrument_id, command.quantity_units, "transfer"
    )
    return replies.TransferReply(transfer, state.lots[transfer.lot_id])


def auto_transfer(
    state: State, member_id: str, instrument_id: str, quantity_units: int
) -> Rule[None]:
    """Move what a buy has just gained; oldest Units go first, as in every transfer.

    What lies in more parcels than one Lot takes stays in Trading until the sweep: the other side
    of the trade must not be refused for it.
    """
    fitting_units = min(quantity_units, units_for_one_lot(state, member_id, instrument_id))
    yield from move_to_lot(state, member_id, instrument_id, fitting_units, "auto_transfer")


def units_for_one_lot(state: State, member_id: str, instrument_id: str) -> int:
    """Units that are free in Trading and lie in no more parcels than one Lot takes."""
    queue_id = trading_queue(member_id, instrument_id)
    numbers = state.indices.parcel_numbers.get(queue_id, ())[: state.term("max_parcels")]
    return sum(state.parcels[(queue_id, number)].quantity_units for number in numbers)


def move_to_lot(
    state: State,
    member_id: str,
    instrument_id: str,
    quantity_units: int,
    origin: LotOrigin,
    origin_id: str = "",
) -> Rule[Transfer]:
    """Mint a Lot from Units that are free in a Trading account, oldest parcels first."""
    queue_id = trading_queue(member_id, instrument_id)
    taken = take_first(state, queue_id, quantity_units, max_parcels=state.term("max_parcels"))
    transfer = Transfer(
        transfer_id=state.next_id("trf"),
        member_id=member_id,
        instrument_id=instrument_id,
        quantity_units=quantity_units,
        origin=origin,
        lot_id=state.next_id("lot"),
        transferred_at_us=state.now_us,
    )
    lot = _new_lot(state, transfer, origin_id or transfer.transfer_id)
    parcels = joined([parcel for _, parcel in taken.parcels])
    yield events.UnitsTransferred(transfer)
    yield events.Posted(
        (
            Posting(member_id, "trading", instrument_id, -lot.total_tokens),
            Posting(member_id, "lots", instrument_id, lot.total_tokens),
        ),
        "transfer",
        transfer.transfer_id,
    )
    yield events.ParcelsMoved(taken.changes)
    yield events.LotMinted(lot, tuple(_lot_parcels(lot.lot_id, parcels)))
    return transfer


def _new_lot(state: State, transfer: Transfer, origin_id: str) -> Lot:
    tokens = transfer.quantity_units * TOKENS_PER_UNIT
    return Lot(
        lot_id=transfer.lot_id,
        member_id=transfer.member_id,
        instrument_id=transfer.instrument_id,
        origin=transfer.origin,
        origin_id=origin_id,
        minted_at_us=state.now_us,
        expires_at_us=state.now_us + state.term("lot_window_us"),
        outage_base_us=state.outage_us,
        total_tokens=tokens,
        free_tokens=tokens,
        reserved_tokens=0,
        consumed_tokens=0,
        expired_tokens=0,
        refunded_tokens=0,
    )


def _lot_parcels(lot_id: str, parcels: list[Parcel]) -> Iterable[LotParcel]:
    for number, parcel in enumerate(parcels):
        tokens = parcel.quantity_units * TOKENS_PER_UNIT
        yield LotParcel(lot_id, number, parcel, tokens, 0, 0, 0)


# ---- drawing -----------------------------------------------------------------------------------


def lot_deadline_us(state: State, lot: Lot) -> int:
    """When a Lot expires, outages counted in."""
    return state.deadline_us(lot.expires_at_us, lot.outage_base_us)


def choose_draws(
    state: State, member_id: str, instrument_id: str, tokens: int, max_draws: int
) -> tuple[list[Draw], int]:
    """What a call would draw: soonest expiry first, then id; also how many tokens are missing.

    A Lot gives nothing from the instant it expires, posted or not.
    """
    draws: list[Draw] = []
    missing = tokens
    for _, lot_id in state.indices.live_lots.get((member_id, instrument_id), ()):
        if not missing:
            break
        if lot_deadline_us(state, state.lots[lot_id]) <= state.now_us:
            continue
        for number in state.indices.free_parcel_numbers[lot_id]:
            if not missing:
                break
            if len(draws) == max_draws:
                refuse(
                    "WORK_LIMIT",
                    "prompt_tokens",
                    f"the call would draw from more than {max_draws} parcels; "
                    f"ask for at most {tokens - missing} tokens",
                    limit=tokens - missing,
                    value=tokens,
                )
            draw = _draw(state.lot_parcels[(lot_id, number)], missing)
            draws.append(draw)
            missing -= draw.tokens
    return draws, missing


def _draw(held: LotParcel, wanted_tokens: int) -> Draw:
    parcel = held.parcel
    return Draw(
        held.lot_id,
        held.number,
        min(wanted_tokens, held.free_tokens),
        parcel.issuer_id,
        parcel.issue_trade_id,
        parcel.issue_price_micros,
        parcel.cost_trade_id,
        parcel.cost_price_micros,
    )


def set_aside(
    state: State, member_id: str, instrument_id: str, draws: list[Draw], delivery_id: str
) -> Rule[None]:
    """Move drawn tokens from free to reserved."""
    total = sum(draw.tokens for draw in draws)
    yield events.Posted(
        (
            Posting(member_id, "lots", instrument_id, -total),
            Posting(member_id, "reserved", instrument_id, total),
        ),
        "reserve",
        delivery_id,
    )
    for lot_id, of_lot in by_lot(draws):
        lot = state.lots[lot_id]
        tokens = sum(draw.tokens for draw in of_lot)
        changes = []
        for draw in of_lot:
            held = state.lot_parcels[(lot_id, draw.number)]
            changes.append(
                LotParcelChange(
                    draw.number,
                    held.free_tokens - draw.tokens,
                    held.reserved_tokens + draw.tokens,
                    held.ended_tokens,
                    held.tendered_tokens,
                )
            )
        yield events.LotChanged(
            lot_id,
            lot.free_tokens - tokens,
            lot.reserved_tokens + tokens,
            lot.consumed_tokens,
            lot.expired_tokens,
            lot.refunded_tokens,
            tuple(changes),
            "reserve",
        )


def by_lot(draws: Iterable[Draw]) -> list[tuple[str, list[Draw]]]:
    """Draws gathered by Lot, in their order."""
    gathered: dict[str, list[Draw]] = {}
    for draw in draws:
        gathered.setdefault(draw.lot_id, []).append(draw)
    return list(gathered.items())


# ---- ending ------------------------------------------------------------------------------------


def expire_lot(state: State, lot_id: str) -> Rule[None]:
    """End the free tokens of a Lot whose time has passed; reserved ones end with their delivery."""
    lot = state.lots[lot_id]
    changes: list[LotParcelChange] = []
    postings: list[Posting] = []
    endings: list[tuple[str, Ended]] = []
    refunded = 0
    for number in state.indices.free_parcel_numbers[lot_id][: state.term("max_parcels")]:
        held = state.lot_parcels[(lot_id, number)]
        change, ending = expiring(held, held.free_tokens, from_reserved=False)
        changes.append(change)
        refunded += ending.refunded_tokens
        endings.append((held.parcel.issuer_id, end_tokens(state, lot, held, ending, "")))
        postings += ended_units(lot, held.parcel.issuer_id, ending)
    gone = sum(-line.amount for line in postings if line.account == "lots")
    yield from settle_endings(endings, postings, "expire", lot_id)
    yield events.LotChanged(
        lot_id,
        lot.free_tokens - gone,
        lot.reserved_tokens,
        lot.consumed_tokens,
        lot.expired_tokens + gone - refunded,
        lot.refunded_tokens + refunded,
        tuple(changes),
        "expire",
    )
    yield from settle_claims(state, lot.member_id, claims_of(endings), lot_id)
    yield from close_if_ended(state, lot_id)


def expiring(
    held: LotParcel, tokens: int, *, from_reserved: bool
) -> tuple[LotParcelChange, Ending]:
    """Let tokens of a parcel expire: tendered ones are refunded, the others are the issuer's."""
    refunded = min(held.tendered_tokens, tokens)
    change = LotParcelChange(
        held.number,
        held.free_tokens if from_reserved else held.free_tokens - tokens,
        held.reserved_tokens - tokens if from_reserved else held.reserved_tokens,
        held.ended_tokens + tokens,
        held.tendered_tokens - refunded,
    )
    return change, Ending(refunded_tokens=refunded, expired_tokens=tokens - refunded)


def ended_units(
    lot: Lot, issuer_id: str, ending: Ending, *, account_from: str = "lots"
) -> tuple[Posting, ...]:
    """Tokens that leave a Lot's owner for the issuer's record of how they ended."""
    instrument_id = lot.instrument_id
    return (
        Posting(lot.member_id, account_from, instrument_id, -sum(ending)),
        Posting(issuer_id, "consumed", instrument_id, ending.consumed_tokens),
        Posting(issuer_id, "refunded", instrument_id, ending.refunded_tokens),
        Posting(issuer_id, "expired", instrument_id, ending.expired_tokens),
    )


def settle_endings(
    endings: list[tuple[str, Ended]], units: list[Posting], cause: str, reference: str
) -> Rule[None]:
    """Post what ending tokens of issuers earn, with the tokens, and then what goes back."""
    earned = [line for _, ended in endings for line in ended.earned]
    yield events.Posted(tuple(summed([*earned, *units])), cause, reference)
    refunded = summed([line for _, ended in endings for line in ended.refunded])
    if refunded:
        yield events.Posted(tuple(refunded), "refund", reference)


def claims_of(endings: list[tuple[str, Ended]]) -> dict[str, Claim]:
    """What issuers owe beyond the money that waited for their tokens, each in one sum."""
    claims: dict[str, Claim] = {}
    for issuer_id, ended in endings:
        if any(ended.claim):
            before = claims.get(issuer_id, Claim())
            claims[issuer_id] = Claim(*map(sum, zip(before, ended.claim, strict=True)))
    return claims


def summed(postings: Iterable[Posting]) -> list[Posting]:
    """One line per account, in the order of first mention; lines of zero fall away."""
    totals: dict[tuple[str, str, str], int] = {}
    for owner, account, asset, amount in postings:
        key = (owner, account, asset)
        totals[key] = totals.get(key, 0) + amount
    return [Posting(*key, amount) for key, amount in totals.items() if amount]


def close_if_ended(state: State, lot_id: str) -> Rule[None]:
    """Forget a Lot of which nothing is left."""
    lot = state.lots[lot_id]
    if lot.free_tokens == 0 and lot.reserved_tokens == 0:
        yield events.LotClosed(lot)
