"""Checking that an event came from the exchange, unaltered and just now.
Making webhooks is in `aio.notices`; nothing here calls anybody.
"""

import hashlib
import hmac
import json
import time
from typing import Any

SIGNATURE_HEADER = "x-grid-signature"


class WebhookRefused(ValueError):
    """The event is not to be believed; the message says why."""


def verify(
    body: bytes,
    signature: str,
    secret: str,
    *,
    tolerance_s: int = 300,
    now_s: float | None = None,
) -> dict[str, Any]:
    """Return the event of a webhook's request whose signature is right.

    `body` is the request's body as it came, `signature` the header `x-grid-signature`, `secret`
    what CreateWebhook showed. Events come at least once: tell repeats by `id`. Raises
    WebhookRefused when the signature is wrong, or older than `tolerance_s` seconds.
    """
    parts = [part.strip().partition("=") for part in signature.split(",")]
    times = [value for name, _, value in parts if name == "t"]
    if len(times) != 1 or not (times[0].isascii() and times[0].isdigit()):
        raise WebhookRefused("the signature names no time")
    signed = times[0].encode() + b"." + body
    expected = hmac.digest(secret.encode(), signed, hashlib.sha256).hex().encode()
    given = [value.encode() for name, _, value in parts if name == "v1"]
    if not any([hmac.compare_digest(expected, each) for each in given]):  # noqa: C419 all are compared
        raise WebhookRefused("the signature is not that of this body and secret")
    age_s = (time.time() if now_s is None else now_s) - int(times[0])
    if abs(age_s) > tolerance_s:
        raise WebhookRefused(f"it was signed {age_s:.0f} s ago, and {tolerance_s} s are tolerated")
    event: dict[str, Any] = json.loads(body)
    return event
