"""The table of endings, read once: what follows when a call ends at a stage by a cause.
The rows themselves are data, in `endings.toml`; every one of them is a test.
"""

import importlib.resources
import tomllib
from functools import cache
from typing import Any, Literal, NamedTuple, get_args

from thegrid_exchange.engine.quantities import Verdict

Stage = Literal["admitted", "offered", "accepted", "streaming"]
Billed = Literal["nothing", "prompt", "delivered", "marked"]
Returned = Literal["all", "rest"]

MESSAGES = {
    "KEY_REVOKED": "the key ended while the call ran: revoked, expired, or its member suspended",
    "DELIVERY_CANCELLED": "the call was cancelled by its owner; what was delivered is billed",
    "NO_SUPPLIER": "no connected supplier can serve the call now; try again in a moment",
    "SATURATED": "every supplier of the instrument is busy; try again in a moment",
    "RESERVATION_ENDED": "the delivery outlived its reservation; ask for less output at once",
    "VENUE_FAULT": "the exchange ended the delivery, which is not billed; try again",
    "READER_TOO_SLOW": "the rest of the answer was not read in time; what was read is billed",
    "SUPPLIER_FAILED": "the supplier failed, and the call is not billed; try again",
    "SUPPLIER_LOST": "the supplier was lost, and the call is not billed; try again",
    "FIRST_TOKEN_LATE": "no supplier gave a first token in time; try again",
    "CLIENT_FAULT": "the upstream refused the request as malformed; mend it before trying again",
}
"""What the client of a failed call reads, by reason, where nothing better is known."""


HOPELESS = (
    "CLIENT_FAULT",
    "KEY_REVOKED",
    "DELIVERY_CANCELLED",
    "RESERVATION_ENDED",
    "READER_TOO_SLOW",
)
"""Reasons after which waiting alone does not help."""


class Ending(NamedTuple):
    """One row of the table."""

    stage: Stage
    cause: str
    verdict: Verdict
    billed: Billed
    returned: Returned
    client_sees: str
    """`ended`, `nothing`, or the reason of a failure."""
    record: str
    reroutes: bool = False


class TableBroken(Exception):
    """A row of the table is not one; the message names it."""


@cache
def endings() -> dict[tuple[str, str], Ending]:
    """Every row, by stage and cause; raises TableBroken."""
    content = importlib.resources.files(__package__).joinpath("endings.toml").read_bytes()
    rows = [_row(entry) for entry in tomllib.loads(content.decode())["ending"]]
    table: dict[tuple[str, str], Ending] = {(row.stage, row.cause): row for row in rows}
    if len(table) != len(rows):
        raise TableBroken("two rows of endings.toml have the same stage and cause")
    return table


def ending_of(stage: str, cause: str) -> Ending:
    """The row for this stage and cause; KeyError when the table lacks it."""
    return endings()[stage, cause]


def _row(entry: dict[str, Any]) -> Ending:
    try:
        row = Ending(**entry)
    except TypeError as error:
        raise TableBroken(f"{entry}: {error}") from error
    allowed = {
        "stage": get_args(Stage),
        "verdict": get_args(Verdict),
        "billed": get_args(Billed),
        "returned": get_args(Returned),
        "client_sees": ("ended", "nothing", *MESSAGES),
        "record": ("final",),
    }
    for name, values in allowed.items():
        if getattr(row, name) not in values:
            raise TableBroken(f"{row.stage}/{row.cause}: {name} {getattr(row, name)!r} is unknown")
    if (row.billed == "nothing") != (row.returned == "all"):
        raise TableBroken(f"{row.stage}/{row.cause}: what is not billed is returned")
    return row
