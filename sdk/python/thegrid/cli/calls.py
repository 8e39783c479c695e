"""`grid call`: one call of a model, streamed, with its receipt.
Programs better use the OpenAI-compatible gateway or `client.deliver`.
"""

import sys

import click

from thegrid.cli.output import Output, plain
from thegrid.cli.receipt import receipt
from thegrid.cli.session import GridCommand, Session
from thegrid.cli.types import DOLLARS
from thegrid.v1 import chat_pb2


@click.command(cls=GridCommand)
@click.argument("instrument")
@click.argument("prompt", required=False)
@click.option("--system", help="What the model is told before.")
@click.option("--max-tokens", type=click.IntRange(1), help="Greatest length of the answer.")
@click.option(
    "--max-price",
    "max_price_micros",
    type=DOLLARS,
    help="Highest price per Unit, if Units must be bought for it.",
)
@click.pass_obj
def call(
    session: Session,
    instrument: str,
    prompt: str | None,
    system: str | None,
    max_tokens: int | None,
    max_price_micros: int | None,
) -> None:
    """Call INSTRUMENT with a PROMPT (or standard input), stream the answer, show the receipt."""
    said = prompt if prompt is not None else sys.stdin.read()
    if not said.strip():
        raise click.UsageError("the prompt is empty; give it as an argument or on standard input")
    messages = [("system", system)] if system else []
    delivery = session.client.deliver(
        instrument,
        [*messages, ("user", said)],
        max_output_tokens=max_tokens,
        max_price_micros=max_price_micros,
        timeout_s=session.timeout_s,
    )
    output = session.output
    with delivery:
        for event in delivery:
            if session.as_json:
                output.value(plain(event))
            else:
                _show(output, event.reply)
                _show(output, event.ended.reply)
    if not session.as_json:
        output.line("\n")
        if delivery.usage is not None:
            receipt(output, delivery.usage)


def _show(output: Output, reply: chat_pb2.ChatReply) -> None:
    for choice in reply.choices:
        said = choice.delta if choice.HasField("delta") else choice.message
        output.piece(said.text)
