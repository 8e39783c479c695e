"""Images in requests: their length, and what a gateway does with addresses found in requests."""

import asyncio
import base64
import contextlib
import ipaddress
import socket
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.support.gateway import RunningGateway, running_gateway
from tests.support.stand_in import CALLER_KEY, GATEWAY_KEY, StandIn
from thegrid_gateway import images

HEADERS = {"authorization": f"Bearer {CALLER_KEY}"}
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGA")


def asking(*urls: str) -> dict[str, Any]:
    parts = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    return {"model": "m", "messages": [{"role": "user", "content": parts}]}


def data_url(length: int) -> str:
    return "data:image/png;base64," + base64.b64encode(b"x" * length).decode()


class Pictures:
    """A server of pictures that counts who comes."""

    def __init__(self) -> None:
        self.visits: list[str] = []
        self.port = 0

    async def __aenter__(self) -> "Pictures":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *trace: object) -> None:
        self._server.close()

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}/{path}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
            self.visits.append(path)
            head = b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\nconnection: close\r\n"
            if path == "/long":
                writer.write(head + b"\r\n" + b"x" * 5_000)
            elif path == "/page":
                writer.write(head.replace(b"image/png", b"text/html") + b"\r\n<p>")
            elif path == "/elsewhere":
                target = self.url("picture").encode()
                writer.write(b"HTTP/1.1 302 Found\r\nlocation: " + target + b"\r\n\r\n")
            elif path == "/silent":
                await reader.read()
            else:
                writer.write(head + b"\r\n" + PNG)
            await writer.drain()
        writer.close()


@pytest.fixture
async def pictures() -> AsyncIterator[Pictures]:
    async with Pictures() as server:
        yield server


@contextlib.asynccontextmanager
async def fetching(
    exchange: StandIn, **settings: Any
) -> AsyncIterator[tuple[RunningGateway, httpx.AsyncClient]]:
    wanted = {"fetch_images": True, "fetch_timeout_s": 0.5, "image_max_bytes": 4_000} | settings
    async with (
        running_gateway(exchange.target, GATEWAY_KEY, **wanted) as gateway,
        httpx.AsyncClient(base_url=gateway.base_url, headers=HEADERS) as http,
    ):
        yield gateway, http


async def test_nothing_is_fetched_unless_the_operator_says_so(
    http: httpx.AsyncClient, exchange: StandIn, pictures: Pictures
) -> None:
    url = pictures.url("picture")
    answer = await http.post("/chat/completions", json=asking(url))
    assert answer.status_code == 200
    part = exchange.calls[-1].opening.request.messages[0].parts.parts[0]
    assert part.image_url.url == url
    assert not pictures.visits


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0"])
async def test_no_private_address_is_called(
    exchange: StandIn, pictures: Pictures, host: str
) -> None:
    async with fetching(exchange) as (_, http):
        answer = await http.post("/chat/completions", json=asking(pictures.url("picture", host)))
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "image_unavailable")
    assert error["param"] == "messages[0].content[0].image_url.url"
    # A stranger learns nothing of what answers where.
    assert "refused" not in error["message"]
    assert not pictures.visits
    assert not exchange.calls


async def test_a_name_is_judged_by_where_it_leads(
    exchange: StandIn, pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    import aiohttp

    async def resolve(self: object, host: str, port: int = 0, family: int = 0) -> list[Any]:
        where = {"host": "127.0.0.1", "port": port, "family": socket.AF_INET}
        return [{"hostname": host, "proto": 0, "flags": 0, **where}]

    monkeypatch.setattr(aiohttp.resolver.DefaultResolver, "resolve", resolve)
    async with fetching(exchange) as (_, http):
        url = pictures.url("picture", "rebound.example")
        answer = await http.post("/chat/completions", json=asking(url))
        assert answer.json()["error"]["code"] == "image_unavailable"
        assert not pictures.visits
        # The same way is open to an address that passes: it was the judge that refused.
        monkeypatch.setattr(images, "is_public", lambda address: True)
        assert (await http.post("/chat/completions", json=asking(url))).status_code == 200
        assert pictures.visits == ["/picture"]


async def test_fetched_images_go_in_as_data(
    exchange: StandIn, pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "is_public", lambda address: True)
    async with fetching(exchange) as (_, http):
        answer = await http.post("/chat/completions", json=asking(pictures.url("picture")))
        assert answer.status_code == 200
        part = exchange.calls[-1].opening.request.messages[0].parts.parts[0]
        assert part.image_url.url == "data:image/png;base64," + base64.b64encode(PNG).decode()
        for path, code in (
            ("long", "image_too_large"),
            ("page", "image_unavailable"),
            ("elsewhere", "image_unavailable"),
            ("silent", "image_unavailable"),
        ):
            answer = await http.post("/chat/completions", json=asking(pictures.url(path)))
            assert (answer.status_code, answer.json()["error"]["code"]) == (400, code), path
        many = asking(*[pictures.url("picture")] * 33)
        assert (await http.post("/chat/completions", json=many)).status_code == 400
    assert pictures.visits == ["/picture", "/long", "/page", "/elsewhere", "/silent"]


async def test_images_have_a_length(exchange: StandIn) -> None:
    async with fetching(exchange) as (gateway, http):
        assert (await http.post("/chat/completions", json=asking(data_url(3_999)))).is_success
        answer = await http.post("/chat/completions", json=asking("data:,x", data_url(4_011)))
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (400, "image_too_large")
        assert error["param"] == "messages[0].content[1].image_url.url"
        assert "4011" in error["message"]
        assert str(gateway.config.image_max_bytes) in error["message"]
        source = {"type": "base64", "media_type": "image/png"}
        block = {"type": "image", "source": {**source, "data": "A" * 6_000}}
        message = {
            "model": "m",
            "max_tokens": 9,
            "messages": [{"role": "user", "content": [block]}],
        }
        answer = await http.post("/messages", json=message)
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] == "image_too_large"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://a.example/x", "gopher://x", "//x"])
async def test_other_addresses_never_reach_a_supplier(
    http: httpx.AsyncClient, exchange: StandIn, url: str
) -> None:
    answer = await http.post("/chat/completions", json=asking(url))
    assert answer.status_code == 400
    assert not exchange.calls


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1"),
        *("0.0.0.0", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1"),
        *("::ffff:93.184.216.34", "2002:7f00:1::", "64:ff9b::7f00:1", "2001:0:7f00:1::"),
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not images.is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1"])
def test_addresses_that_are_public(address: str) -> None:
    assert images.is_public(ipaddress.ip_address(address))
