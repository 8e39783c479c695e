"""Bounds on output under other models' names: the instrument's own, where more is asked for.

Agents ask for what the models they know can give; under an instrument's own name nothing is bent.
"""

import time
from typing import Any

import grpc
import grpc.aio

from thegrid.v1 import instruments_pb2, instruments_pb2_grpc

_TIMEOUT_S = 5.0
_KEPT_S = 60.0
_KEPT_MAX = 1_024
_BOUNDS = ("max_completion_tokens", "max_tokens")


class OutputLimits:
    """The greatest output of instruments, asked of the exchange and kept for a minute."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._instruments = instruments_pb2_grpc.InstrumentServiceStub(channel)
        self._kept: dict[str, tuple[float, int]] = {}

    async def bound(self, chat: dict[str, Any], instrument: str, credential: str) -> None:
        """Lower what a chat asks for to what the instrument gives."""
        asked = [name for name in _BOUNDS if chat.get(name)]
        if not asked:
            return
        most_tokens = await self._most_tokens(instrument, credential)
        for name in asked:
            if most_tokens:
                chat[name] = min(chat[name], most_tokens)

    async def _most_tokens(self, instrument: str, credential: str) -> int:
        """Answer the limit; 0 when it is not known, and the call itself will say why."""
        known_s, most_tokens = self._kept.get(instrument, (0.0, 0))
        if most_tokens and time.monotonic() - known_s < _KEPT_S:
            return most_tokens
        asked = instruments_pb2.GetInstrumentRequest(instrument=instrument)
        metadata = (("authorization", f"Bearer {credential}"),)
        try:
            found = await self._instruments.GetInstrument(
                asked, metadata=metadata, timeout=_TIMEOUT_S
            )
        except grpc.RpcError:
            return most_tokens
        if len(self._kept) >= _KEPT_MAX:
            self._kept.clear()
        most_tokens = found.instrument.spec.output_min_tokens
        self._kept[instrument] = time.monotonic(), most_tokens
        return most_tokens
