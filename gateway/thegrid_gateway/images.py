"""Images in requests: how long they may be, which addresses may stand for them, and fetching them.

Nothing is fetched unless the operator turns it on, and then from public addresses alone. How large
an image counts is the exchange's word.
"""

import asyncio
import base64
import ipaddress
import socket
from collections.abc import Iterator
from typing import Any, Final

from thegrid_gateway.config import Config
from thegrid_gateway.errors import ApiError

_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_KINDS: Final = ("image/png", "image/jpeg", "image/gif", "image/webp")
_URL_CHARACTERS: Final = 8_192
_FETCHED_MAX: Final = 32
"""Most images of one request that are fetched."""


class AddressRefused(OSError):
    """The address is none that a request may make this gateway call."""


class Images:
    """Checks the images of chats, and fetches those that are elsewhere where that is turned on."""

    def __init__(self, config: Config) -> None:
        self._config = config

    async def settle(self, chat: dict[str, Any], *, names_fields: bool = True) -> None:
        """Check every image of a chat; put those that are fetched in. Raises ApiError.

        `names_fields` is off for chats made of another dialect, whose fields lie elsewhere.
        """
        elsewhere: list[tuple[str | None, dict[str, Any]]] = []
        for path, image in _images(chat):
            param = path if names_fields else None
            url = image["url"]
            if url[:5].lower() == "data:":
                self._check_length(param, (len(url) - url.find(",") - 1) * 3 // 4)
            elif url[:8].lower().startswith(("https://", "http://")):
                elsewhere.append((param, image))
            else:
                raise _invalid(param, "An image is a data: URL, or an https:// or http:// address.")
        if elsewhere and self._config.fetch_images:
            await self._fetch_all(elsewhere)

    def _check_length(self, param: str | None, length_bytes: int) -> None:
        most_bytes = self._config.image_max_bytes
        if length_bytes > most_bytes:
            raise _invalid(
                param,
                f"The image has about {length_bytes} bytes; the most is {most_bytes}. Send a"
                " smaller one.",
                "image_too_large",
            )

    async def _fetch_all(self, elsewhere: list[tuple[str | None, dict[str, Any]]]) -> None:
        if len(elsewhere) > _FETCHED_MAX:
            raise _invalid(
                elsewhere[_FETCHED_MAX][0],
                f"The request names {len(elsewhere)} images by address; the most is {_FETCHED_MAX}."
                " Send the others as data: URLs.",
            )
        # Here, because who fetches nothing need not carry a client for HTTP.
        import aiohttp

        connector = aiohttp.TCPConnector(
            socket_factory=open_public_socket, force_close=True, use_dns_cache=False
        )
        async with aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=self._config.fetch_timeout_s),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        ) as session:
            left_bytes = self._config.body_max_bytes
            for param, image in elsewhere:
                image["url"], fetched_bytes = await self._fetch(session, param, image["url"])
                left_bytes -= fetched_bytes
                if left_bytes < 0:
                    raise _invalid(
                        param,
                        f"All images together have more than {self._config.body_max_bytes} bytes.",
                        "image_too_large",
                    )

    async def _fetch(self, session: Any, param: str | None, url: str) -> tuple[str, int]:
        """Answer an image as a data: URL, and its length. Raises ApiError."""
        import aiohttp

        if len(url) > _URL_CHARACTERS:
            raise _unavailable(param, f"is longer than {_URL_CHARACTERS} characters")
        try:
            async with session.get(url, allow_redirects=False) as response:
                kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
                if response.status != 200:
                    raise _unavailable(param, f"answered {response.status}, not 200")
                if kind not in _KINDS:
                    raise _unavailable(param, "holds no PNG, JPEG, GIF or WebP image")
                content = await self._read(param, response)
        except TimeoutError:
            span = f"{self._config.fetch_timeout_s:g} s"
            raise _unavailable(param, f"did not answer within {span}") from None
        except (aiohttp.ClientError, OSError, ValueError):
            # Why is not said: it would tell a stranger about the network that this stands in.
            raise _unavailable(param, "cannot be called from here") from None
        text = base64.b64encode(content).decode()
        return f"data:{kind};base64,{text}", len(content)

    async def _read(self, param: str | None, response: Any) -> bytes:
        content = bytearray()
        async for piece in response.content.iter_any():
            content += piece
            self._check_length(param, len(content))
            await asyncio.sleep(0)
        return bytes(content)


def _images(chat: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Answer every part that names an image, and where it stands."""
    for index, message in enumerate(chat.get("messages") or ()):
        content = message.get("content")
        if not isinstance(content, list):
            continue
        for place, part in enumerate(content):
            image = part.get("image_url")
            if part.get("type") == "image_url" and image:
                yield f"messages[{index}].content[{place}].image_url.url", image


def open_public_socket(info: tuple[Any, ...]) -> socket.socket:
    """Answer a socket for an address that a name led to, judged right before connecting.

    Raises AddressRefused unless the address is public.
    """
    family, kind, protocol, _, where = info
    if not is_public(ipaddress.ip_address(where[0].partition("%")[0])):
        raise AddressRefused(f"{where[0]} is no public address")
    made = socket.socket(family, kind, protocol)
    made.setblocking(False)
    return made


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Answer whether an address is one of the open Internet, and stands for no other address."""
    if isinstance(address, ipaddress.IPv6Address) and (
        address.ipv4_mapped or address.sixtofour or address.teredo or address in _NAT64
    ):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _invalid(param: str | None, message: str, code: str = "invalid_value") -> ApiError:
    return ApiError(400, message, param=param, code=code)


def _unavailable(param: str | None, why: str) -> ApiError:
    return _invalid(
        param, f"The image's address {why}. Send it as a data: URL.", "image_unavailable"
    )
