# Made by `make proto` from thegrid/aio/instruments.py; edit that file instead.
"""The catalogue of instruments.
Their markets are in `market_data`.
"""

from collections.abc import Iterator

from thegrid.sync.transport import Transport
from thegrid.v1 import common_pb2, instruments_pb2


class Instruments:
    """An instrument is named by id (`ins_…`) or symbol."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(
        self, instrument: str, *, min_position: common_pb2.Position | None = None
    ) -> instruments_pb2.Instrument:
        """Return one instrument with all its specification versions."""
        request = instruments_pb2.GetInstrumentRequest(
            instrument=instrument, min_position=min_position
        )
        response = self._transport.call(request, instruments_pb2.GetInstrumentResponse)
        return response.instrument

    def list(
        self, *, page_size: int = 0, min_position: common_pb2.Position | None = None
    ) -> Iterator[instruments_pb2.Instrument]:
        """Iterate over all instruments, by symbol."""
        request = instruments_pb2.ListInstrumentsRequest(
            page_size=page_size, min_position=min_position
        )
        return self._transport.pages(
            request, instruments_pb2.ListInstrumentsResponse, lambda page: page.instruments
        )

    def metering_policies(
        self, *, min_position: common_pb2.Position | None = None
    ) -> tuple[instruments_pb2.MeteringPolicyVersion, ...]:
        """Return every version of how tokens are counted, oldest first."""
        request = instruments_pb2.ListMeteringPoliciesRequest(min_position=min_position)
        response = self._transport.call(request, instruments_pb2.ListMeteringPoliciesResponse)
        return tuple(response.policies)
