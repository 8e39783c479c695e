"""What the guard lets a webhook connect to, whatever name led there."""

import socket

import aiohttp
import pytest

from thegrid_exchange.clock import ManualClock
from thegrid_exchange.notify.addresses import AddressRefused, Guard
from thegrid_exchange.notify.sender import Sender


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "fe80::1",
        "fc00::1",
        "::ffff:127.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::7f00:1",
        "ff02::1",
    ],
)
def test_no_socket_is_opened_to_what_is_not_public(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    info = (family, socket.SOCK_STREAM, 0, "", (host, 443))
    with pytest.raises(AddressRefused):
        Guard(allow_private=False).open_socket(info)


@pytest.mark.parametrize("host", ["93.184.216.34", "2606:2800:220:1::1"])
def test_public_addresses_are_let_through(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    Guard(allow_private=False).open_socket((family, socket.SOCK_STREAM, 0, "", (host, 443))).close()


async def test_a_name_that_leads_inside_is_caught_when_it_connects(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name that was fine when it was looked at may lead anywhere later."""

    async def resolve(
        self: object, host: str, port: int = 0, family: int = socket.AF_INET
    ) -> list[dict[str, object]]:
        return [
            {
                "hostname": host,
                "host": "127.0.0.1",
                "port": port,
                "family": socket.AF_INET,
                "proto": 0,
                "flags": 0,
            }
        ]

    monkeypatch.setattr(aiohttp.resolver.DefaultResolver, "resolve", resolve)
    guard = Guard(allow_private=False)
    guard.check_url("https://rebound.example/hook")
    sender = Sender(guard, ManualClock(), timeout_us=2_000_000)
    posted = await sender.post("https://rebound.example/hook", b"{}", "secret")
    assert posted.http_status == 0
    assert "127.0.0.1 is no public address" in posted.failure
