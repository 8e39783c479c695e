"""Checking the signatures of webhooks: right, wrong, old, and in odd shapes."""

import hashlib
import hmac

import pytest

from thegrid.webhooks import WebhookRefused, verify

SECRET = "whsec_test"
BODY = b'{"id":"ntc_1","type":"low_cash"}'
NOW_S = 1_780_000_000


def sign(body: bytes = BODY, secret: str = SECRET, at_s: int = NOW_S) -> str:
    mac = hmac.digest(secret.encode(), b"%d." % at_s + body, hashlib.sha256).hex()
    return f"t={at_s},v1={mac}"


def test_a_right_signature_gives_the_event() -> None:
    assert verify(BODY, sign(), SECRET, now_s=NOW_S + 299)["id"] == "ntc_1"
    rolling = f"{sign(secret='other')},{sign().partition(',')[2]}"
    assert verify(BODY, rolling, SECRET, now_s=NOW_S)["type"] == "low_cash"


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "t=,v1=",
        "v1=" + "0" * 64,
        "t=1,t=2,v1=00",
        f"t={NOW_S}",
        f"t={NOW_S},v1=\u00e9",
        sign(secret="other"),
        sign(body=BODY + b" "),
        sign(at_s=NOW_S - 301),
        sign(at_s=NOW_S + 301),
        sign().replace(f"t={NOW_S}", f"t={NOW_S + 1}"),
    ],
)
def test_any_other_is_refused(signature: str) -> None:
    with pytest.raises(WebhookRefused):
        verify(BODY, signature, SECRET, now_s=NOW_S)
