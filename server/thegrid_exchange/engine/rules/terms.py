"""What an order must look like to be taken: its fields together, its price and its quantity.

Whether the member can pay for it is seen when it is held.
"""

from typing import NoReturn

from thegrid_exchange.engine import commands
from thegrid_exchange.engine.quantities import BASIS_POINTS
from thegrid_exchange.engine.records import Market, Order
from thegrid_exchange.engine.refusals import refuse
from thegrid_exchange.engine.state import State


def check_in_time(state: State, valid_until_us: int | None) -> None:
    """Refuse a command that reached the engine after its own deadline."""
    if valid_until_us is not None and state.now_us > valid_until_us:
        refuse(
            "ORDER_TOO_LATE",
            "valid_until_us",
            "the order came after its deadline; send a new one",
            limit=valid_until_us,
            value=state.now_us,
        )


def check_terms(state: State, market: Market, command: commands.PlaceOrder) -> None:
    """Refuse an order whose terms make no sense, are out of bounds, or repeat an id."""
    if command.type == "market":
        _check_market_terms(command)
    elif command.price_micros is None:
        refuse("ORDER_TERMS_INVALID", "price_micros", "a limit order needs a price")
    if command.price_micros is not None:
        check_price(state, market, command.price_micros)
    check_quantity(market, command.quantity_units)
    _check_caps(market, command)
    _check_combinations(state, command)
    _check_client_order_id(state, command)
    most = state.term("max_open_orders")
    opened = state.indices.open_order_count[command.member_id]
    if opened >= most:
        refuse(
            "OPEN_ORDER_LIMIT",
            "member_id",
            f"{opened} orders are open; cancel some",
            limit=most,
            value=opened + 1,
        )


def _check_market_terms(command: commands.PlaceOrder) -> None:
    if command.post_only:
        refuse("ORDER_TERMS_INVALID", "post_only", "a market order never rests")
    if command.time_in_force in ("gtd", "gts"):
        refuse("ORDER_TERMS_INVALID", "time_in_force", "a market order never waits; use ioc or fok")


def _check_caps(market: Market, command: commands.PlaceOrder) -> None:
    average_micros, spend_micros = command.max_average_price_micros, command.max_spend_micros
    caps = (("max_average_price_micros", average_micros), ("max_spend_micros", spend_micros))
    for field, cap_micros in caps:
        if cap_micros is None:
            continue
        if command.type != "market":
            refuse("ORDER_TERMS_INVALID", field, "goes with market orders; a limit has its price")
        if cap_micros <= 0:
            refuse("ORDER_TERMS_INVALID", field, "must be above 0", limit=1, value=cap_micros)
    if spend_micros is not None and command.side == "sell":
        refuse("ORDER_TERMS_INVALID", "max_spend_micros", "only a buy spends")
    most_micros = market.terms.price_micros_max
    if average_micros is not None and average_micros > most_micros:
        refuse(
            "PRICE_OUT_OF_RANGE",
            "max_average_price_micros",
            f"must be 1 to {most_micros} micro-dollars per Unit",
            limit=most_micros,
            value=average_micros,
        )


def check_may_wait(state: State, market: Market, command: commands.PlaceOrder) -> None:
    """Refuse an order that must trade at once, in a market that collects orders for an auction."""
    ends_at_us = state.auctions[market.auction_id].ends_at_us
    for field, waits in (
        ("type", command.type == "limit"),
        ("time_in_force", command.time_in_force not in ("ioc", "fok")),
    ):
        if not waits:
            refuse(
                "MARKET_NOT_OPEN",
                field,
                "orders collect for an auction; give a limit order that may wait, or come back",
                retry_after_us=max(ends_at_us - state.now_us, 0),
            )


def slid_price_micros(market: Market, order: Order, price_micros: int, best_micros: int) -> int:
    """One tick behind the best price of the other side; refused where there is none."""
    tick_micros = market.terms.tick_micros
    slid_micros = best_micros - tick_micros if order.side == "buy" else best_micros + tick_micros
    if not 0 < slid_micros <= market.terms.price_micros_max:
        refuse_post_only(price_micros, best_micros)
    return slid_micros


def refuse_post_only(price_micros: int, best_micros: int) -> NoReturn:
    """Refuse an order that would take what it must only make."""
    refuse(
        "POST_ONLY_WOULD_CROSS",
        "post_only",
        f"the order would trade at {best_micros}; choose a price that rests",
        limit=best_micros,
        value=price_micros,
    )


def _check_combinations(state: State, command: commands.PlaceOrder) -> None:
    if (command.time_in_force == "gtd") != (command.expires_at_us is not None):
        refuse("ORDER_TERMS_INVALID", "expires_at_us", "goes with gtd, and gtd with it")
    if command.expires_at_us is not None and command.expires_at_us <= state.now_us:
        refuse(
            "ORDER_TERMS_INVALID",
            "expires_at_us",
            "must lie in the future",
            limit=state.now_us,
            value=command.expires_at_us,
        )
    if command.post_only_mode == "slide" and not command.post_only:
        refuse("ORDER_TERMS_INVALID", "post_only_mode", "slides post-only orders; set post_only")
    if command.post_only and command.time_in_force in ("ioc", "fok"):
        refuse("ORDER_TERMS_INVALID", "post_only", "does not go with ioc or fok")
    if command.side == "buy" and command.source == "issuance":
        refuse("ORDER_TERMS_INVALID", "source", "only a sell has a source of Units")
    if command.side == "sell" and command.auto_transfer:
        refuse("ORDER_TERMS_INVALID", "auto_transfer", "only a buy brings Units to transfer")
    slippage_bps = command.max_slippage_bps
    if slippage_bps is not None and not 0 <= slippage_bps <= BASIS_POINTS:
        refuse(
            "ORDER_TERMS_INVALID",
            "max_slippage_bps",
            "must be 0 to 10,000 basis points",
            limit=BASIS_POINTS if slippage_bps > 0 else 0,
            value=slippage_bps,
        )


def _check_client_order_id(state: State, command: commands.PlaceOrder) -> None:
    if not command.client_order_id:
        return
    holder = state.indices.client_order_ids.get((command.member_id, command.client_order_id))
    if holder is not None:
        refuse(
            "CLIENT_ORDER_ID_TAKEN",
            "client_order_id",
            f"is that of order {holder}; ids may come again 24 hours after their order closed",
        )


def check_price(state: State, market: Market, price_micros: int) -> None:
    """Refuse a price that is out of range, off the tick or outside the band."""
    terms = market.terms
    if not 0 < price_micros <= terms.price_micros_max:
        refuse(
            "PRICE_OUT_OF_RANGE",
            "price_micros",
            f"must be 1 to {terms.price_micros_max} micro-dollars per Unit",
            limit=terms.price_micros_max if price_micros > 0 else 1,
            value=price_micros,
        )
    if price_micros % terms.tick_micros:
        refuse(
            "PRICE_OFF_TICK",
            "price_micros",
            f"must be a multiple of {terms.tick_micros} micro-dollars",
            limit=terms.tick_micros,
            value=price_micros,
        )
    band_bps, reference_micros = state.term("price_band_bps"), market.last_trade_price_micros
    if not band_bps or not reference_micros:
        return
    above = price_micros > reference_micros
    reach_micros = reference_micros * band_bps // BASIS_POINTS
    if abs(price_micros - reference_micros) > reach_micros:
        refuse(
            "PRICE_OUT_OF_BAND",
            "price_micros",
            f"must lie within {band_bps} basis points of the last price {reference_micros}",
            limit=reference_micros + reach_micros * (1 if above else -1),
            value=price_micros,
        )


def check_quantity(market: Market, quantity_units: int) -> None:
    """Refuse a quantity outside the market's bounds or off its step."""
    terms = market.terms
    least, most = terms.quantity_units_min, terms.quantity_units_max
    if not least <= quantity_units <= most:
        refuse(
            "QUANTITY_OUT_OF_RANGE",
            "quantity_units",
            f"must be {least} to {most} Units",
            limit=least if quantity_units < least else most,
            value=quantity_units,
        )
    if quantity_units % terms.quantity_units_step:
        refuse(
            "QUANTITY_OUT_OF_RANGE",
            "quantity_units",
            f"must be a multiple of {terms.quantity_units_step} Units",
            limit=terms.quantity_units_step,
            value=quantity_units,
        )


def check_amendment(order: Order, command: commands.AmendOrder) -> None:
    """Refuse an amendment that changes nothing it may, or falls below what is filled."""
    if command.price_micros is None and command.quantity_units is None:
        refuse("ORDER_TERMS_INVALID", "price_micros", "give a new price or a new quantity")
    quantity_units = command.quantity_units
    if quantity_units is not None and quantity_units <= order.filled_units:
        refuse(
            "QUANTITY_OUT_OF_RANGE",
            "quantity_units",
            f"{order.filled_units} Units are filled; ask for more, or cancel the order",
            limit=order.filled_units + 1,
            value=quantity_units,
        )
