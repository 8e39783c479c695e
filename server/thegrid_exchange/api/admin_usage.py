"""AdminService on usage: versions of the metering policy, and disputes of usage records.

Records themselves are never edited, by nobody.
"""

from typing import Any

from thegrid.v1 import admin_pb2
from thegrid_exchange.api.convert.metering import policy_message, policy_record
from thegrid_exchange.api.convert.usage import DISPUTE_PAYERS, DISPUTE_STATUSES, dispute_message
from thegrid_exchange.api.errors import invalid
from thegrid_exchange.api.handler import Handler
from thegrid_exchange.api.paging import cut, page_of
from thegrid_exchange.delivery.encodings import ENCODINGS
from thegrid_exchange.engine import commands


class AdminUsageMixin(Handler):
    """The operator's side of metering and of disputes."""

    async def DefineMeteringPolicy(  # noqa: N802
        self, request: admin_pb2.DefineMeteringPolicyRequest, context: Any
    ) -> admin_pb2.DefineMeteringPolicyResponse:
        if request.policy.tokenizer not in ("", *ENCODINGS):
            raise invalid(
                "policy.tokenizer", f"must be one of {', '.join(ENCODINGS)}, or empty", "tokenizer"
            )
        command = commands.DefineMeteringPolicy(policy_record(request.policy))
        answer = await self.ask(command, request.request_id)
        return admin_pb2.DefineMeteringPolicyResponse(
            policy=policy_message(answer.reply.policy), position=self.position(answer.seq)
        )

    async def ListDisputes(  # noqa: N802
        self, request: admin_pb2.ListDisputesRequest, context: Any
    ) -> admin_pb2.ListDisputesResponse:
        await self.reach(request)
        vault, status = self.services.vault, DISPUTE_STATUSES.optional_word(request.status)
        page = page_of(vault, request, "", request.member_id, request.supplier_id, status)
        found = await self.services.usage.disputes(
            member_id=request.member_id,
            supplier_id=request.supplier_id,
            status=status,
            before=page.cursor,
            limit=page.limit,
        )
        shown, token = cut(vault, page, found, [each.dispute_id for each in found])
        return admin_pb2.ListDisputesResponse(
            disputes=[dispute_message(each) for each in shown], next_page_token=token
        )

    async def ResolveDispute(  # noqa: N802
        self, request: admin_pb2.ResolveDisputeRequest, context: Any
    ) -> admin_pb2.ResolveDisputeResponse:
        command = commands.ResolveDispute(
            request.dispute_id,
            request.refund_micros,
            DISPUTE_PAYERS.optional_word(request.payer) or "supplier",
            request.reason,
        )
        answer = await self.ask(command, request.request_id)
        return admin_pb2.ResolveDisputeResponse(
            dispute=dispute_message(answer.reply.dispute), position=self.position(answer.seq)
        )
