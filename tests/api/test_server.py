"""The process around the services: health, reflection, TLS, the operator's port, start and stop."""

import asyncio
import datetime
import ipaddress
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2

from tests.support.exchange import Exchange, a_config, credentials, running_exchange
from thegrid.v1 import admin_pb2, admin_pb2_grpc
from thegrid_exchange import app
from thegrid_exchange.config import ConfigError


async def http(port: int, request: str) -> tuple[int, str]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"{request} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    answer = (await asyncio.wait_for(reader.read(), 5)).decode()
    writer.close()
    head, _, body = answer.partition("\r\n\r\n")
    return int(head.split()[1]), body


async def test_health_is_told_for_every_service(exchange: Exchange) -> None:
    stub: Any = health_pb2_grpc.HealthStub(exchange.channel)
    for name in ("", *exchange.running.server.names):
        answer = await stub.Check(health_pb2.HealthCheckRequest(service=name))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
    assert "thegrid.v1.DeliveryService" in exchange.running.server.names
    await exchange.running.server.drain()
    answer = await stub.Check(health_pb2.HealthCheckRequest(service=""))
    assert answer.status == health_pb2.HealthCheckResponse.NOT_SERVING


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
async def test_reflection_shows_the_contract_with_its_rules(
    exchange: Exchange, version: str
) -> None:
    call = exchange.channel.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )()
    await call.write(reflection_pb2.ServerReflectionRequest(list_services=""))
    listed = {each.name for each in (await call.read()).list_services_response.service}
    assert "thegrid.v1.TradingService" in listed
    symbol = "thegrid.v1.OrderTerms"
    await call.write(reflection_pb2.ServerReflectionRequest(file_containing_symbol=symbol))
    file, *_ = (await call.read()).file_descriptor_response.file_descriptor_proto
    assert b"buf/validate/validate.proto" in file
    call.cancel()


async def test_the_operators_port_tells_health_readiness_and_figures(exchange: Exchange) -> None:
    await exchange.admin.GetPolicy(admin_pb2.GetPolicyRequest())
    port = exchange.running.operator_port
    assert await http(port, "GET /healthz") == (200, "ok\n")
    assert await http(port, "GET /readyz") == (200, "ready\n")
    status, figures = await http(port, "GET /metrics")
    assert status == 200
    assert 'grid_calls_total{code="OK",method="GetPolicy"} 1.0' in figures
    assert "mem_" not in figures
    assert (await http(port, "GET /nothing"))[0] == 404
    assert (await http(port, "POST /metrics"))[0] == 405
    exchange.running.services.pulse.drain()
    assert (await http(port, "GET /readyz"))[0] == 503
    answer = exchange.admin.GetPolicy(admin_pb2.GetPolicyRequest())
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await answer
    assert caught.value.code() == grpc.StatusCode.UNAVAILABLE


# ---- TLS ---------------------------------------------------------------------------------------


def certificate(folder: Path, name: str, issuer: Any = None) -> tuple[Any, Any]:
    """A key and a certificate for 127.0.0.1, signed by the issuer or by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.SubjectAlternativeName(
        [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    )
    signer, parent = (key, subject) if issuer is None else (issuer[0], issuer[1].subject)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(parent)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .sign(signer, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    form = serialization.PrivateFormat.PKCS8
    (folder / f"{name}.key").write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()))
    (folder / f"{name}.pem").write_bytes(made.public_bytes(pem))
    return key, made


@pytest.mark.parametrize("mutual", [False, True])
async def test_tls_and_mutual_tls(tmp_path: Path, mutual: bool) -> None:
    authority = certificate(tmp_path, "authority")
    certificate(tmp_path, "server", authority)
    certificate(tmp_path, "client", authority)
    settings = {
        "tls_certificate_file": tmp_path / "server.pem",
        "tls_key_file": tmp_path / "server.key",
        "tls_client_ca_file": tmp_path / "authority.pem" if mutual else None,
    }
    root = (tmp_path / "authority.pem").read_bytes()
    async with running_exchange(tmp_path / "data", **settings) as exchange:
        identity = ((tmp_path / "client.key").read_bytes(), (tmp_path / "client.pem").read_bytes())
        secured = grpc.ssl_channel_credentials(root, *(identity if mutual else (None, None)))
        async with grpc.aio.secure_channel(exchange.target, secured) as channel:
            stub: Any = admin_pb2_grpc.AdminServiceStub(channel)
            metadata = credentials(exchange.operator_key)
            request = admin_pb2.GetPolicyRequest()
            assert (await stub.GetPolicy(request, metadata=metadata, timeout=10)).policy
        if mutual:
            bare = grpc.ssl_channel_credentials(root)
            async with grpc.aio.secure_channel(exchange.target, bare) as channel:
                stub = admin_pb2_grpc.AdminServiceStub(channel)
                with pytest.raises(grpc.aio.AioRpcError) as caught:
                    await stub.GetPolicy(request, metadata=metadata, timeout=10)
                assert caught.value.code() == grpc.StatusCode.UNAVAILABLE


# ---- the process -------------------------------------------------------------------------------


async def test_the_process_says_ready_serves_and_leaves_in_good_order(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "thegrid_exchange", "serve", "--data", str(tmp_path)),
        *("--grpc-port", "0", "--operator-port", "0", "--drain-s", "2"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        line = (await asyncio.wait_for(process.stdout.readline(), 30)).decode()
        assert line.startswith("READY grpc=127.0.0.1:")
        target = line.split("grpc=")[1].split()[0]
        secret = (tmp_path / "operator.key").read_text().strip()
        async with grpc.aio.insecure_channel(target) as channel:
            stub: Any = admin_pb2_grpc.AdminServiceStub(channel)
            metadata = credentials(secret)
            answer = await stub.GetPolicy(
                admin_pb2.GetPolicyRequest(), metadata=metadata, timeout=10
            )
            assert answer.policy
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 20) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_a_second_start_makes_no_second_operator(tmp_path: Path) -> None:
    async with running_exchange(tmp_path) as exchange:
        key, clock = exchange.operator_key, exchange.clock
    async with running_exchange(tmp_path, clock=clock) as exchange:
        assert exchange.operator_key == key
        members = await exchange.admin.ListMembers(admin_pb2.ListMembersRequest())
        assert [member.handle for member in members.members] == ["operator"]


async def test_a_taken_port_and_a_broken_secret_stop_the_start_naming_them(tmp_path: Path) -> None:
    async with running_exchange(tmp_path / "one") as exchange:
        port = exchange.running.port
        config = a_config(tmp_path / "two", grpc_port=port)
        with pytest.raises((OSError, ConfigError), match=f"{port}"):
            await app.start(config)
    (tmp_path / "two" / "hash.secret").write_bytes(b"short")
    with pytest.raises((ValueError, ConfigError), match=r"hash\.secret"):
        await app.start(replace(config, grpc_port=0))
