"""`grid embed`: the vectors of texts, and how near the texts come to the first of them.
Programs better use the OpenAI-compatible gateway or `client.embed`.
"""

import math
import sys
from operator import mul

import click

from thegrid.cli.output import plain
from thegrid.cli.receipt import receipt
from thegrid.cli.session import GridCommand, Session
from thegrid.cli.types import DOLLARS

_SHOWN_CHARACTERS, _SHOWN_VALUES = 40, 4


@click.command(cls=GridCommand)
@click.argument("instrument")
@click.argument("texts", nargs=-1)
@click.option("--dimensions", type=click.IntRange(1), help="Shorter vectors, where it has them.")
@click.option(
    "--max-price",
    "max_price_micros",
    type=DOLLARS,
    help="Highest price per Unit, if Units must be bought for it.",
)
@click.pass_obj
def embed(
    session: Session,
    instrument: str,
    texts: tuple[str, ...],
    dimensions: int | None,
    max_price_micros: int | None,
) -> None:
    """Embed TEXTS (or each line of standard input) with INSTRUMENT, and show the receipt.

    Each vector is shown by its beginning, with its cosine to the first one.
    """
    given = list(texts) or [line.strip() for line in sys.stdin if line.strip()]
    if not given:
        raise click.UsageError("no text; give some as arguments, or line by line")
    embedded = session.client.embed(
        instrument,
        given,
        dimensions=dimensions,
        max_price_micros=max_price_micros,
        timeout_s=session.timeout_s,
    )
    output = session.output
    if session.as_json:
        output.value({"vectors": embedded.vectors, "usage": plain(embedded.usage)})
        return
    first = embedded.vectors[0]
    output.table(
        ("text", ">dimensions", ">cosine", "vector"),
        (
            (_short(text), len(vector), f"{cosine(first, vector):.3f}", _beginning(vector))
            for text, vector in zip(given, embedded.vectors, strict=True)
        ),
        "no vectors",
    )
    receipt(output, embedded.usage)


def cosine(one: list[float], other: list[float]) -> float:
    """Return the cosine of the angle between two vectors; 0 where one of them is nothing."""
    lengths = math.hypot(*one) * math.hypot(*other)
    return sum(map(mul, one, other)) / lengths if lengths else 0.0


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"


def _beginning(vector: list[float]) -> str:
    shown = " ".join(f"{value:.4f}" for value in vector[:_SHOWN_VALUES])
    return f"{shown} …" if len(vector) > _SHOWN_VALUES else shown
