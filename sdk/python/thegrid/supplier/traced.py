"""A backend whose answers are traced: a span for each, below the exchange's.

What a span looks like is `thegrid.telemetry`'s; nothing of a request or an answer is in it.
"""

import asyncio
import time

from thegrid.supplier.backend import Backend, BackendError
from thegrid.supplier.call import SupplierCall
from thegrid.telemetry import PROVIDER, Telemetry
from thegrid.v1 import chat_pb2

SERVICE = "thegrid-supplier"


class TracedBackend:
    """Another backend, traced."""

    def __init__(self, backend: Backend, telemetry: Telemetry) -> None:
        self._backend = backend
        self._telemetry = telemetry

    async def start(self) -> None:
        """Make ready."""
        await self._backend.start()

    async def close(self) -> None:
        """Let go of everything; send what is left of the traces."""
        await self._backend.close()
        await asyncio.to_thread(self._telemetry.close)

    async def answer(self, call: SupplierCall) -> chat_pb2.ChatUsage:
        """Answer one delivery; see `Backend`. What is asked upstream stands below its span."""
        began_s = time.perf_counter()
        model = call.opening.model
        operation = "embeddings" if call.is_embedding else "chat"
        values = {
            "gen_ai.operation.name": operation,
            "gen_ai.provider.name": PROVIDER,
            "gen_ai.request.model": model,
        }
        traced = self._telemetry.begin(
            f"{operation} {model}",
            call.opening.traceparent,
            {**values, "thegrid.delivery_id": call.opening.delivery_id},
            calls_out=True,
        )
        call.opening.traceparent = traced.traceparent
        error_type = "supplier_fault"
        try:
            usage = await self._backend.answer(call)
            error_type = ""
            traced.set(
                {
                    "gen_ai.usage.input_tokens": usage.prompt_tokens,
                    "gen_ai.usage.output_tokens": usage.completion_tokens,
                }
            )
            self._telemetry.record_tokens(usage.prompt_tokens, usage.completion_tokens, values)
            return usage
        except BackendError as failure:
            error_type = failure.word
            raise
        except asyncio.CancelledError:
            error_type = "cancelled"
            raise
        finally:
            traced.end(error_type)
            spent_s = time.perf_counter() - began_s
            failed = {**values, "error.type": error_type}
            self._telemetry.record("gen_ai.client.operation.duration", spent_s, failed)
