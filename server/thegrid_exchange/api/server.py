"""The gRPC server: options, servicers, health, reflection and credentials.

Starting and stopping it in the right order is `app`'s.
"""

from pathlib import Path
from typing import Any, Final

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection, reflection_pb2, reflection_pb2_grpc

from thegrid.v1 import (
    accounts_pb2_grpc,
    admin_pb2_grpc,
    delivery_pb2_grpc,
    history_pb2_grpc,
    instruments_pb2_grpc,
    market_data_pb2_grpc,
    members_pb2_grpc,
    notices_pb2_grpc,
    performance_pb2_grpc,
    supply_pb2_grpc,
    trading_pb2_grpc,
    usage_pb2_grpc,
)
from thegrid_exchange.api.accounts import AccountServicer
from thegrid_exchange.api.admin import AdminServicer
from thegrid_exchange.api.delivery import DeliveryServicer
from thegrid_exchange.api.history import HistoryServicer
from thegrid_exchange.api.instruments import InstrumentServicer
from thegrid_exchange.api.interceptor import Interceptor
from thegrid_exchange.api.market_data import MarketDataServicer
from thegrid_exchange.api.members import MemberServicer
from thegrid_exchange.api.notices import NoticeServicer
from thegrid_exchange.api.performance import PerformanceServicer
from thegrid_exchange.api.services import Services
from thegrid_exchange.api.supply import SupplyServicer
from thegrid_exchange.api.trading import TradingServicer
from thegrid_exchange.api.usage import UsageServicer
from thegrid_exchange.api.validation import descriptor_image
from thegrid_exchange.config import Config

KEEPALIVE: Final = (
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    # Without this a frozen peer is found after a minute, whatever the two above say.
    ("grpc.http2.ping_timeout_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 5_000),
    ("grpc.http2.max_ping_strikes", 0),
)

_REFLECTION_V1: Final = "grpc.reflection.v1.ServerReflection"


class Server:
    """The gRPC server of one exchange process with its health."""

    def __init__(self, services: Services) -> None:
        config = services.config
        services.validator.compile_package()
        self.server: Any = grpc.aio.server(
            options=[
                *KEEPALIVE,
                # Twice what is taken, so that what is a little too large gets a proper refusal.
                ("grpc.max_receive_message_length", 2 * config.max_message_bytes),
                ("grpc.max_send_message_length", -1),
                ("grpc.so_reuseport", 0),
            ],
            maximum_concurrent_rpcs=config.max_rpcs,
        )
        self.health = health.aio.HealthServicer()
        self.names = _add_servicers(Wrapped(self.server, Interceptor(services)), services)
        health_pb2_grpc.add_HealthServicer_to_server(self.health, self.server)
        _add_reflection(self.server, (*self.names, health.SERVICE_NAME))
        self.port = 0

    async def start(self, config: Config) -> int:
        """Open the port and say SERVING; answers the port. Raises OSError when it is taken."""
        address = f"{_bracketed(config.grpc_host)}:{config.grpc_port}"
        try:
            if config.tls_certificate_file is None:
                self.port = self.server.add_insecure_port(address)
            else:
                self.port = self.server.add_secure_port(address, server_credentials(config))
        except RuntimeError as error:
            raise OSError(
                f"cannot listen on {address}: {error}; choose another with --grpc-port"
            ) from error
        await self.server.start()
        for name in ("", *self.names):
            await self.health.set(name, health_pb2.HealthCheckResponse.SERVING)
        return int(self.port)

    async def drain(self) -> None:
        """Say NOT_SERVING, so that balancers and clients look elsewhere."""
        await self.health.enter_graceful_shutdown()

    async def stop(self, grace_s: float) -> None:
        """Take no more calls; give those under way some seconds."""
        await self.server.stop(grace_s)


class Wrapped:
    """Registers services whose methods are wrapped beforehand.

    gRPC's own way asks its interceptors anew at every call, which costs a tenth of a short one.
    """

    def __init__(self, server: Any, interceptor: Interceptor) -> None:
        self._server, self._interceptor = server, interceptor

    def add_generic_rpc_handlers(self, handlers: Any) -> None:
        """Nothing: the generated code registers every method twice, and once is enough."""

    def add_registered_method_handlers(self, service: str, handlers: dict[str, Any]) -> None:
        """Register the methods of a service, each wrapped."""
        wrapped = {
            name: self._interceptor.wrap(f"/{service}/{name}", handler)
            for name, handler in handlers.items()
        }
        handler = grpc.method_handlers_generic_handler(service, wrapped)
        self._server.add_generic_rpc_handlers((handler,))


def build_server(services: Services) -> Server:
    """The server with every servicer; nothing listens yet."""
    return Server(services)


def server_credentials(config: Config) -> Any:
    """TLS, and mutual TLS when a client CA is set."""
    certificate, key = config.tls_certificate_file, config.tls_key_file
    assert certificate is not None
    assert key is not None
    authority = config.tls_client_ca_file
    return grpc.ssl_server_credentials(
        [(key.read_bytes(), certificate.read_bytes())],
        root_certificates=None if authority is None else Path(authority).read_bytes(),
        require_client_auth=authority is not None,
    )


def _add_servicers(server: Any, services: Services) -> tuple[str, ...]:
    instruments_pb2_grpc.add_InstrumentServiceServicer_to_server(
        InstrumentServicer(services), server
    )
    market_data_pb2_grpc.add_MarketDataServiceServicer_to_server(
        MarketDataServicer(services), server
    )
    trading_pb2_grpc.add_TradingServiceServicer_to_server(TradingServicer(services), server)
    accounts_pb2_grpc.add_AccountServiceServicer_to_server(AccountServicer(services), server)
    history_pb2_grpc.add_HistoryServiceServicer_to_server(HistoryServicer(services), server)
    usage_pb2_grpc.add_UsageServiceServicer_to_server(UsageServicer(services), server)
    supply_pb2_grpc.add_SupplyServiceServicer_to_server(SupplyServicer(services), server)
    members_pb2_grpc.add_MemberServiceServicer_to_server(MemberServicer(services), server)
    notices_pb2_grpc.add_NoticeServiceServicer_to_server(NoticeServicer(services), server)
    admin_pb2_grpc.add_AdminServiceServicer_to_server(AdminServicer(services), server)
    delivery_pb2_grpc.add_DeliveryServiceServicer_to_server(DeliveryServicer(services), server)
    performance_pb2_grpc.add_PerformanceServiceServicer_to_server(
        PerformanceServicer(services), server
    )
    names = [
        "InstrumentService",
        "MarketDataService",
        "TradingService",
        "AccountService",
        "HistoryService",
        "UsageService",
        "SupplyService",
        "MemberService",
        "NoticeService",
        "AdminService",
        "DeliveryService",
        "PerformanceService",
    ]
    return tuple(f"thegrid.v1.{name}" for name in names)


def _add_reflection(server: Any, names: tuple[str, ...]) -> None:
    """Serve the contract with its comments and rules, under both names that clients ask for."""
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(descriptor_image()).file:
        pool.Add(file)
    pool.Add(_file_of(health_pb2.DESCRIPTOR))
    servicer = reflection.aio.ReflectionServicer((*names, reflection.SERVICE_NAME), pool=pool)
    add: Any = reflection_pb2_grpc.add_ServerReflectionServicer_to_server
    add(servicer, server)
    handlers = {
        "ServerReflectionInfo": grpc.stream_stream_rpc_method_handler(
            servicer.ServerReflectionInfo,
            request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
            response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
        )
    }
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(_REFLECTION_V1, handlers),)
    )


def _file_of(descriptor: Any) -> descriptor_pb2.FileDescriptorProto:
    made = descriptor_pb2.FileDescriptorProto()
    descriptor.CopyToProto(made)
    return made


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
