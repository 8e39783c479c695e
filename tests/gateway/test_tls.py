"""HTTPS by configuration, also for an answer that ends abnormally."""

import datetime
import ssl
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.gateway import running_gateway
from tests.support.stand_in import CALLER_KEY, GATEWAY_KEY, Call, StandIn, status

BODY = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": True}
ISSUED = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
DAYS = datetime.timedelta(days=36_500)


def certificate(folder: Path) -> tuple[str, str]:
    """Write a certificate of this machine's own and its key; answers their paths."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(ISSUED)
        .not_valid_after(ISSUED + DAYS)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    chain, private = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return str(chain), str(private)


async def test_answers_over_tls(exchange: StandIn, tmp_path: Path) -> None:
    async def broken_off(call: Call) -> None:
        call.start()
        await call.say("Hel")
        call.fail(status("SUPPLIER_LOST"))

    chain, private = certificate(tmp_path)
    trust = ssl.create_default_context(cafile=chain)
    async with (
        running_gateway(
            exchange.target,
            GATEWAY_KEY,
            tls_certificate=chain,
            tls_private_key=private,
        ) as gateway,
        httpx.AsyncClient(
            base_url=f"https://localhost:{gateway.port}/v1",
            headers={"authorization": f"Bearer {CALLER_KEY}"},
            verify=trust,
        ) as http,
    ):
        answer = await http.post("/chat/completions", json=BODY)
        assert answer.text.endswith("data: [DONE]\n\n")
        exchange.script = broken_off
        with pytest.raises(httpx.TransportError):
            await http.post("/chat/completions", json=BODY)
