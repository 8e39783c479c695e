"""The operator's side: members, cash, instruments, markets, suppliers, policy.
Every call asks for the scope `admin`.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import datetime

from thegrid.aio.transport import Transport
from thegrid.enums import enum_number
from thegrid.times import timestamp
from thegrid.v1 import (
    admin_pb2,
    common_pb2,
    instruments_pb2,
    market_data_pb2,
    members_pb2,
    usage_pb2,
)


class Admin:
    """Every write is on the journal with its actor."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def create_member(
        self,
        handle: str,
        roles: Iterable[int | str] = (),
        *,
        affiliation_group: str = "",
        prevention_group: str = "",
        fee_tier: str = "",
        request_id: str = "",
    ) -> members_pb2.Member:
        """Admit a member under the operator's own name for it.

        `roles` are of trader, consumer, supplier, operator; none means trader and consumer.
        """
        request = admin_pb2.CreateMemberRequest(
            request_id=request_id,
            handle=handle,
            affiliation_group=affiliation_group,
            prevention_group=prevention_group,
            fee_tier=fee_tier,
            roles=[enum_number(members_pb2.Role, role, "roles") for role in roles],  # type: ignore[misc]
        )
        response = await self._transport.call(request, admin_pb2.CreateMemberResponse)
        return response.member

    async def update_member(
        self,
        member_id: str,
        *,
        prevention_group: str | None = None,
        fee_tier: str | None = None,
        affiliation_group: str | None = None,
        reason: str = "",
        request_id: str = "",
    ) -> members_pb2.Member:
        """Change a member's groups or fee tier; None keeps one, empty ends it."""
        request = admin_pb2.UpdateMemberRequest(
            request_id=request_id,
            member_id=member_id,
            prevention_group=prevention_group,
            fee_tier=fee_tier,
            affiliation_group=affiliation_group,
            reason=reason,
        )
        response = await self._transport.call(request, admin_pb2.UpdateMemberResponse)
        return response.member

    def members(
        self, *, page_size: int = 0, min_position: common_pb2.Position | None = None
    ) -> AsyncIterator[members_pb2.Member]:
        """Iterate over all members, newest first."""
        request = admin_pb2.ListMembersRequest(page_size=page_size, min_position=min_position)
        return self._transport.pages(
            request, admin_pb2.ListMembersResponse, lambda page: page.members
        )

    async def suspend(
        self, member_id: str, reason: str, *, request_id: str = ""
    ) -> members_pb2.Member:
        """Suspend a member: its streams end and its orders are cancelled."""
        return await self._set_suspended(member_id, True, reason, request_id)

    async def reinstate(
        self, member_id: str, reason: str, *, request_id: str = ""
    ) -> members_pb2.Member:
        """End a suspension."""
        return await self._set_suspended(member_id, False, reason, request_id)

    async def deposit(
        self, member_id: str, amount_micros: int, reference: str = "", *, request_id: str = ""
    ) -> int:
        """Credit cash; return what is available then, in micro-dollars."""
        request = admin_pb2.DepositRequest(
            request_id=request_id,
            member_id=member_id,
            amount_micros=amount_micros,
            reference=reference,
        )
        response = await self._transport.call(request, admin_pb2.DepositResponse)
        return response.available_micros

    async def withdraw(
        self, member_id: str, amount_micros: int, reference: str = "", *, request_id: str = ""
    ) -> int:
        """Debit available cash; return what is available then, in micro-dollars."""
        request = admin_pb2.WithdrawRequest(
            request_id=request_id,
            member_id=member_id,
            amount_micros=amount_micros,
            reference=reference,
        )
        response = await self._transport.call(request, admin_pb2.WithdrawResponse)
        return response.available_micros

    async def fund_guarantee(
        self, amount_micros: int, reference: str = "", *, request_id: str = ""
    ) -> int:
        """Credit the fund that pays for the venue's own faults; return it, in micro-dollars."""
        request = admin_pb2.FundGuaranteeRequest(
            request_id=request_id, amount_micros=amount_micros, reference=reference
        )
        response = await self._transport.call(request, admin_pb2.FundGuaranteeResponse)
        return response.guarantee_micros

    async def define_instrument(
        self,
        symbol: str,
        name: str,
        spec: instruments_pb2.InstrumentSpec,
        terms: market_data_pb2.MarketTerms,
        *,
        request_id: str = "",
    ) -> instruments_pb2.Instrument:
        """Add an instrument with its first specification, and its market."""
        request = admin_pb2.DefineInstrumentRequest(
            request_id=request_id, symbol=symbol, name=name, spec=spec, terms=terms
        )
        response = await self._transport.call(request, admin_pb2.DefineInstrumentResponse)
        return response.instrument

    async def publish_spec(
        self, instrument: str, spec: instruments_pb2.InstrumentSpec, *, request_id: str = ""
    ) -> instruments_pb2.Instrument:
        """Add the next version of a specification, in force from its `effective_time`."""
        request = admin_pb2.PublishSpecRequest(
            request_id=request_id, instrument=instrument, spec=spec
        )
        response = await self._transport.call(request, admin_pb2.PublishSpecResponse)
        return response.instrument

    async def set_market_state(
        self, market: str, state: int | str, reason: str, *, request_id: str = ""
    ) -> market_data_pb2.Market:
        """Make a market `open`, `cancel_only` or `halted`."""
        number = enum_number(market_data_pb2.MarketState, state, "state")
        request = admin_pb2.SetMarketStateRequest(
            request_id=request_id,
            market=market,
            state=number,  # type: ignore[arg-type]
            reason=reason,
        )
        response = await self._transport.call(request, admin_pb2.SetMarketStateResponse)
        return response.market

    async def set_market_policy(
        self, market: str, policy: market_data_pb2.MarketPolicy, *, request_id: str = ""
    ) -> market_data_pb2.Market:
        """Give a market its own figures for halts and auctions, all at once."""
        request = admin_pb2.SetMarketPolicyRequest(
            request_id=request_id, market=market, policy=policy
        )
        response = await self._transport.call(request, admin_pb2.SetMarketPolicyResponse)
        return response.market

    async def start_auction(
        self, market: str, until_time: datetime, reason: str, *, request_id: str = ""
    ) -> market_data_pb2.Market:
        """Let a market collect orders until a time, then trade them at one price."""
        request = admin_pb2.StartAuctionRequest(
            request_id=request_id, market=market, until_time=timestamp(until_time), reason=reason
        )
        response = await self._transport.call(request, admin_pb2.StartAuctionResponse)
        return response.market

    async def set_fee_tier(
        self,
        fee_tier: str,
        mode: int | str,
        maker_bps: int,
        taker_bps: int,
        *,
        request_id: str = "",
    ) -> admin_pb2.FeeTier:
        """Create a tier or change it: `rates` of its own, or a `discount` on the markets' fees."""
        tier = admin_pb2.FeeTier(
            fee_tier=fee_tier,
            mode=enum_number(admin_pb2.FeeTierMode, mode, "mode"),  # type: ignore[arg-type]
            maker_bps=maker_bps,
            taker_bps=taker_bps,
        )
        request = admin_pb2.SetFeeTierRequest(request_id=request_id, tier=tier)
        response = await self._transport.call(request, admin_pb2.SetFeeTierResponse)
        return response.tier

    def fee_tiers(
        self, *, page_size: int = 0, min_position: common_pb2.Position | None = None
    ) -> AsyncIterator[admin_pb2.FeeTier]:
        """Iterate over the fee tiers by name."""
        request = admin_pb2.ListFeeTiersRequest(page_size=page_size, min_position=min_position)
        return self._transport.pages(
            request, admin_pb2.ListFeeTiersResponse, lambda page: page.tiers
        )

    async def admit_supplier(
        self,
        member_id: str,
        instrument: str,
        verified_tokens_per_second: int,
        reason: str = "",
        *,
        request_id: str = "",
    ) -> admin_pb2.AdmitSupplierResponse:
        """Let a member supply an instrument at a verified throughput; 0 ends that."""
        request = admin_pb2.AdmitSupplierRequest(
            request_id=request_id,
            member_id=member_id,
            instrument=instrument,
            verified_tokens_per_second=verified_tokens_per_second,
            reason=reason,
        )
        return await self._transport.call(request, admin_pb2.AdmitSupplierResponse)

    async def suspend_supplier(
        self, member_id: str, reason: str, instrument: str = "", *, request_id: str = ""
    ) -> admin_pb2.SetSupplierSuspendedResponse:
        """Stop a supplier, in one instrument or in all; what it sold stays owed."""
        return await self._set_supplier_suspended(member_id, instrument, True, reason, request_id)

    async def reinstate_supplier(
        self, member_id: str, reason: str, instrument: str = "", *, request_id: str = ""
    ) -> admin_pb2.SetSupplierSuspendedResponse:
        """Let a supplier issue and serve again, whatever suspended it."""
        return await self._set_supplier_suspended(member_id, instrument, False, reason, request_id)

    async def set_policy(
        self, changes: Mapping[str, int], *, request_id: str = ""
    ) -> admin_pb2.SetPolicyResponse:
        """Change numbers that the rules read."""
        request = admin_pb2.SetPolicyRequest(
            request_id=request_id,
            changes=[
                admin_pb2.PolicyValue(name=name, value=value) for name, value in changes.items()
            ],
        )
        return await self._transport.call(request, admin_pb2.SetPolicyResponse)

    async def policy(
        self, *, min_position: common_pb2.Position | None = None
    ) -> list[admin_pb2.PolicyValue]:
        """Return all numbers that the rules read, by name."""
        request = admin_pb2.GetPolicyRequest(min_position=min_position)
        response = await self._transport.call(request, admin_pb2.GetPolicyResponse)
        return [*response.policy]

    async def trial_balance(
        self, *, min_position: common_pb2.Position | None = None
    ) -> admin_pb2.GetTrialBalanceResponse:
        """Return the sum of each account kind; each asset sums to zero."""
        request = admin_pb2.GetTrialBalanceRequest(min_position=min_position)
        return await self._transport.call(request, admin_pb2.GetTrialBalanceResponse)

    async def define_metering_policy(
        self, policy: instruments_pb2.MeteringPolicyVersion, *, request_id: str = ""
    ) -> instruments_pb2.MeteringPolicyVersion:
        """Add the next version of the metering policy; return it with its number."""
        request = admin_pb2.DefineMeteringPolicyRequest(request_id=request_id, policy=policy)
        response = await self._transport.call(request, admin_pb2.DefineMeteringPolicyResponse)
        return response.policy

    def disputes(
        self,
        status: int | str = 0,
        *,
        member_id: str = "",
        supplier_id: str = "",
        page_size: int = 0,
        min_position: common_pb2.Position | None = None,
    ) -> AsyncIterator[usage_pb2.UsageDispute]:
        """Iterate over disputes of usage records, newest first.

        `status` is `open`, `refused` or `refunded`.
        """
        request = admin_pb2.ListDisputesRequest(
            page_size=page_size,
            status=enum_number(usage_pb2.DisputeStatus, status, "status"),  # type: ignore[arg-type]
            member_id=member_id,
            supplier_id=supplier_id,
            min_position=min_position,
        )
        return self._transport.pages(
            request, admin_pb2.ListDisputesResponse, lambda page: page.disputes
        )

    async def resolve_dispute(
        self,
        dispute_id: str,
        refund_micros: int,
        reason: str,
        *,
        payer: int | str = 0,
        request_id: str = "",
    ) -> usage_pb2.UsageDispute:
        """Decide a dispute: pay back so many micro-dollars of the call's cost, or 0 to refuse.

        `payer` is `supplier`, the default, or `venue`.
        """
        request = admin_pb2.ResolveDisputeRequest(
            request_id=request_id,
            dispute_id=dispute_id,
            refund_micros=refund_micros,
            payer=enum_number(usage_pb2.DisputePayer, payer, "payer"),  # type: ignore[arg-type]
            reason=reason,
        )
        response = await self._transport.call(request, admin_pb2.ResolveDisputeResponse)
        return response.dispute

    async def _set_suspended(
        self, member_id: str, suspended: bool, reason: str, request_id: str
    ) -> members_pb2.Member:
        request = admin_pb2.SetMemberSuspendedRequest(
            request_id=request_id, member_id=member_id, suspended=suspended, reason=reason
        )
        response = await self._transport.call(request, admin_pb2.SetMemberSuspendedResponse)
        return response.member

    async def _set_supplier_suspended(
        self, member_id: str, instrument: str, suspended: bool, reason: str, request_id: str
    ) -> admin_pb2.SetSupplierSuspendedResponse:
        request = admin_pb2.SetSupplierSuspendedRequest(
            request_id=request_id,
            member_id=member_id,
            instrument=instrument,
            suspended=suspended,
            reason=reason,
        )
        return await self._transport.call(request, admin_pb2.SetSupplierSuspendedResponse)
