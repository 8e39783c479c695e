"""Which addresses a webhook may have: public ones behind https, unless the operator says so.

A name is looked at here for its shape alone; where it leads is judged at the moment of connecting,
so that no name can lead elsewhere between the check and the call.
"""

import ipaddress
import socket
from typing import Any, Final
from urllib.parse import urlsplit

URL_CHARACTERS: Final = 2_048
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class AddressRefused(OSError):
    """The address is not one that may be called; the message says why."""


class Guard:
    """Judges addresses; with `allow_private` also those of this machine and its network."""

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private

    def check_url(self, url: str) -> None:
        """Raise AddressRefused unless the URL may be called as far as its text tells."""
        if len(url) > URL_CHARACTERS or not url.isascii() or not url.isprintable() or " " in url:
            raise AddressRefused(f"a URL has at most {URL_CHARACTERS} plain ASCII characters")
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise AddressRefused(f"it is no URL ({error})") from error
        schemes = ("https", "http") if self._allow_private else ("https",)
        if parts.scheme not in schemes:
            raise AddressRefused(f"it must begin with {' or '.join(schemes)}://")
        if not host or port == 0:
            raise AddressRefused("it names no host")
        if parts.username is not None or parts.password is not None or parts.fragment:
            raise AddressRefused("it must hold no user, password or fragment")
        self._check_host(host)

    def _check_host(self, host: str) -> None:
        if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
            self._refuse_private(host)
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return
        self.check_address(address)

    def check_address(self, address: _Address) -> None:
        """Raise AddressRefused unless the address is public, or private ones are allowed."""
        for each in (address, *_inside(address)):
            if not each.is_global or each.is_multicast or each.is_reserved:
                self._refuse_private(str(address))

    def _refuse_private(self, named: str) -> None:
        if not self._allow_private:
            raise AddressRefused(
                f"{named} is no public address; the operator may allow such with "
                "GRID_WEBHOOK_ALLOW_PRIVATE"
            )

    def open_socket(self, info: tuple[Any, ...]) -> socket.socket:
        """A socket for an address that a name led to; called right before connecting."""
        family, kind, protocol, _, where = info
        self.check_address(ipaddress.ip_address(where[0].partition("%")[0]))
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)
        return made


def _inside(address: _Address) -> list[_Address]:
    """IPv4 addresses that an IPv6 address stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    found: list[_Address | None] = [address.ipv4_mapped, address.sixtofour]
    found.extend(address.teredo or ())
    if address in _NAT64:
        found.append(ipaddress.IPv4Address(address.packed[-4:]))
    return [each for each in found if each is not None]
