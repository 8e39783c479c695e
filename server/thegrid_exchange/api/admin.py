"""AdminService: members, money, instruments, markets, suppliers and policy, for the operator.

Every write is on the journal with its actor.
"""

from typing import Any

from thegrid.v1 import admin_pb2, admin_pb2_grpc
from thegrid_exchange.api.admin_markets import AdminMarketsMixin
from thegrid_exchange.api.admin_usage import AdminUsageMixin
from thegrid_exchange.api.call import caller
from thegrid_exchange.api.convert.common import micros_of, optional_of, time_of
from thegrid_exchange.api.convert.instruments import (
    spec_record,
    terms_record,
)
from thegrid_exchange.api.convert.members import ROLES
from thegrid_exchange.api.errors import invalid
from thegrid_exchange.api.handler import Handler
from thegrid_exchange.api.instruments import shown_instrument
from thegrid_exchange.api.paging import cut, page_of
from thegrid_exchange.engine import commands
from thegrid_exchange.engine.policy import POLICY_TERMS
from thegrid_exchange.views.live import trial_balance


class AdminServicer(
    AdminMarketsMixin, AdminUsageMixin, Handler, admin_pb2_grpc.AdminServiceServicer
):
    """The operator's side."""

    async def CreateMember(  # noqa: N802
        self, request: admin_pb2.CreateMemberRequest, context: Any
    ) -> admin_pb2.CreateMemberResponse:
        roles = tuple(dict.fromkeys(ROLES.word(role) for role in request.roles))
        command = commands.CreateMember(
            handle=request.handle,
            roles=roles or ("trader", "consumer"),
            affiliation_group=request.affiliation_group,
            prevention_group=request.prevention_group,
            fee_tier=request.fee_tier,
        )
        answer = await self.ask(command, request.request_id)
        return admin_pb2.CreateMemberResponse(
            member=self.member_shown(answer.reply.member), position=self.position(answer.seq)
        )

    async def UpdateMember(  # noqa: N802
        self, request: admin_pb2.UpdateMemberRequest, context: Any
    ) -> admin_pb2.UpdateMemberResponse:
        command = commands.UpdateMember(
            request.member_id,
            optional_of(request, "prevention_group"),
            optional_of(request, "fee_tier"),
            request.reason,
            optional_of(request, "affiliation_group"),
        )
        answer = await self.ask(command, request.request_id)
        return admin_pb2.UpdateMemberResponse(
            member=self.member_shown(answer.reply.member), position=self.position(answer.seq)
        )

    async def ListMembers(  # noqa: N802
        self, request: admin_pb2.ListMembersRequest, context: Any
    ) -> admin_pb2.ListMembersResponse:
        await self.reach(request)
        vault = self.services.vault
        page = page_of(vault, request, "")
        found = self.services.live.members.listed(page.cursor, page.limit)
        shown, token = cut(vault, page, found, [member.member_id for member in found])
        return admin_pb2.ListMembersResponse(
            members=[self.member_shown(member) for member in shown], next_page_token=token
        )

    async def SetMemberSuspended(  # noqa: N802
        self, request: admin_pb2.SetMemberSuspendedRequest, context: Any
    ) -> admin_pb2.SetMemberSuspendedResponse:
        if request.suspended and request.member_id == caller().member_id:
            raise invalid(
                "member_id",
                "is the caller's own; who shuts himself out cannot come back: ask another operator",
                "not_self",
            )
        command: Any = commands.ReinstateMember(request.member_id)
        if request.suspended:
            command = commands.SuspendMember(request.member_id, request.reason)
        answer = await self.ask(command, request.request_id)
        return admin_pb2.SetMemberSuspendedResponse(
            member=self.member_shown(answer.reply.member), position=self.position(answer.seq)
        )

    async def Deposit(  # noqa: N802
        self, request: admin_pb2.DepositRequest, context: Any
    ) -> admin_pb2.DepositResponse:
        command = commands.Deposit(request.member_id, request.amount_micros, request.reference)
        answer = await self.ask(command, request.request_id)
        return admin_pb2.DepositResponse(
            available_micros=answer.reply.available_micros, position=self.position(answer.seq)
        )

    async def Withdraw(  # noqa: N802
        self, request: admin_pb2.WithdrawRequest, context: Any
    ) -> admin_pb2.WithdrawResponse:
        command = commands.Withdraw(request.member_id, request.amount_micros, request.reference)
        answer = await self.ask(command, request.request_id)
        return admin_pb2.WithdrawResponse(
            available_micros=answer.reply.available_micros, position=self.position(answer.seq)
        )

    async def FundGuarantee(  # noqa: N802
        self, request: admin_pb2.FundGuaranteeRequest, context: Any
    ) -> admin_pb2.FundGuaranteeResponse:
        command = commands.FundGuarantee(request.amount_micros, request.reference)
        answer = await self.ask(command, request.request_id)
        return admin_pb2.FundGuaranteeResponse(
            guarantee_micros=answer.reply.available_micros, position=self.position(answer.seq)
        )

    async def DefineInstrument(  # noqa: N802
        self, request: admin_pb2.DefineInstrumentRequest, context: Any
    ) -> admin_pb2.DefineInstrumentResponse:
        command = commands.DefineInstrument(
            request.symbol, request.name, spec_record(request.spec), terms_record(request.terms)
        )
        answer = await self.ask(command, request.request_id)
        return admin_pb2.DefineInstrumentResponse(
            instrument=self._shown(answer.reply.instrument_id), position=self.position(answer.seq)
        )

    async def PublishSpec(  # noqa: N802
        self, request: admin_pb2.PublishSpecRequest, context: Any
    ) -> admin_pb2.PublishSpecResponse:
        instrument = self.instrument(request.instrument)
        effective_at_us = micros_of(request.spec, "effective_time", "spec.")
        command = commands.PublishSpec(
            instrument.instrument_id, spec_record(request.spec), effective_at_us or 0
        )
        answer = await self.ask(command, request.request_id)
        return admin_pb2.PublishSpecResponse(
            instrument=self._shown(instrument.instrument_id), position=self.position(answer.seq)
        )

    async def AdmitSupplier(  # noqa: N802
        self, request: admin_pb2.AdmitSupplierRequest, context: Any
    ) -> admin_pb2.AdmitSupplierResponse:
        instrument_id = self.instrument(request.instrument).instrument_id
        command = commands.AdmitSupplier(
            request.member_id, instrument_id, request.verified_tokens_per_second, request.reason
        )
        answer = await self.ask(command, request.request_id)
        return admin_pb2.AdmitSupplierResponse(position=self.position(answer.seq))

    async def SetSupplierSuspended(  # noqa: N802
        self, request: admin_pb2.SetSupplierSuspendedRequest, context: Any
    ) -> admin_pb2.SetSupplierSuspendedResponse:
        instrument_id = self.optional_instrument_id(request.instrument)
        kind = commands.SuspendSupplier if request.suspended else commands.ReinstateSupplier
        command = kind(request.member_id, instrument_id, request.reason)
        answer = await self.ask(command, request.request_id)
        return admin_pb2.SetSupplierSuspendedResponse(position=self.position(answer.seq))

    async def SetPolicy(  # noqa: N802
        self, request: admin_pb2.SetPolicyRequest, context: Any
    ) -> admin_pb2.SetPolicyResponse:
        names = [change.name for change in request.changes]
        if len(set(names)) < len(names):
            raise invalid("changes", "must name each figure once", "policy.unique")
        command = commands.SetPolicy(tuple((each.name, each.value) for each in request.changes))
        answer = await self.ask(command, request.request_id)
        return admin_pb2.SetPolicyResponse(position=self.position(answer.seq))

    async def GetPolicy(  # noqa: N802
        self, request: admin_pb2.GetPolicyRequest, context: Any
    ) -> admin_pb2.GetPolicyResponse:
        await self.reach(request)
        state = self.services.live.state
        return admin_pb2.GetPolicyResponse(
            policy=[
                admin_pb2.PolicyValue(
                    name=name, value=state.term(name), description=POLICY_TERMS[name].meaning
                )
                for name in sorted(POLICY_TERMS)
            ]
        )

    async def GetTrialBalance(  # noqa: N802
        self, request: admin_pb2.GetTrialBalanceRequest, context: Any
    ) -> admin_pb2.GetTrialBalanceResponse:
        await self.reach(request)
        live = self.services.live
        return admin_pb2.GetTrialBalanceResponse(
            lines=[
                admin_pb2.TrialBalanceLine(asset=asset, account=account, amount=amount)
                for asset, account, amount in trial_balance(live.state)
            ],
            position=self.position(live.durable.seq),
            balance_time=time_of(live.durable.at_us),
        )

    def _shown(self, instrument_id: str) -> Any:
        return shown_instrument(self.services, self.instrument(instrument_id))
