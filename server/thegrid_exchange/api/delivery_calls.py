"""The unary calls of DeliveryService: counting a prompt beforehand, and ending a delivery.

The streams that carry deliveries are in `delivery.py`.
"""

import sys
from typing import Any

from thegrid.v1 import delivery_pb2
from thegrid_exchange.api.call import caller
from thegrid_exchange.api.chat import prompt_of
from thegrid_exchange.api.embeddings import ask_of
from thegrid_exchange.api.errors import refused
from thegrid_exchange.api.handler import Handler
from thegrid_exchange.api.pipes import refusal_of
from thegrid_exchange.delivery.admission import count, wrong_kind
from thegrid_exchange.delivery.catalogue import Terms
from thegrid_exchange.delivery.embedding import count_inputs
from thegrid_exchange.delivery.parts import Failure
from thegrid_exchange.engine.refusals import Refused


async def _counted(request: delivery_pb2.CountTokensRequest, terms: Terms) -> int | Failure:
    is_embedding = request.HasField("embedding")
    refused = wrong_kind(terms, is_embedding=is_embedding)
    if refused is not None:
        return refused
    if is_embedding:
        inputs = await count_inputs(ask_of(request.embedding), terms)
        return inputs if isinstance(inputs, Failure) else inputs.tokens
    # The length of a message bounds what is counted; no window of an instrument does.
    return await count(prompt_of(request.request), terms, sys.maxsize)


class DeliveryCalls(Handler):
    """What is asked about deliveries beside their streams."""

    async def CountTokens(  # noqa: N802 - the contract's name
        self, request: delivery_pb2.CountTokensRequest, context: Any
    ) -> delivery_pb2.CountTokensResponse:
        """What the prompt of a request comes to; nothing else happens."""
        instrument_id = self.instrument(request.instrument).instrument_id
        services = self.services
        terms = services.relay.catalogue.terms(instrument_id, services.clock.now_us())
        assert terms is not None
        counted = await _counted(request, terms)
        if isinstance(counted, Failure):
            raise Refused(refusal_of(counted))
        spec = terms.contract.spec
        return delivery_pb2.CountTokensResponse(
            prompt_tokens=counted,
            instrument_id=instrument_id,
            spec_version=terms.contract.version,
            metering_version=spec.metering_policy_version,
            tokenizer=spec.tokenizer,
        )

    async def CancelDelivery(  # noqa: N802 - the contract's name
        self, request: delivery_pb2.CancelDeliveryRequest, context: Any
    ) -> delivery_pb2.CancelDeliveryResponse:
        """End one of the caller's deliveries."""
        name = request.id.removeprefix("usg_").removeprefix("dlv_")
        call = self.services.relay.running("dlv_" + name, caller().member_id)
        if call is None:
            raise refused("DELIVERY_NOT_FOUND", "id", "you have no such delivery under way here")
        call.end("cancelled")
        return delivery_pb2.CancelDeliveryResponse(usage_id="usg_" + name)
