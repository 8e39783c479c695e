"""`grid call`, `count` and `cancel-call`: a call of a model, its prompt's length, its early end.
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
    delivery = session.client.deliver(
        instrument,
        _messages(prompt, system),
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


@click.command(cls=GridCommand)
@click.argument("instrument")
@click.argument("prompt", required=False)
@click.option("--system", help="What the model is told before.")
@click.pass_obj
def count(session: Session, instrument: str, prompt: str | None, system: str | None) -> None:
    """Count the tokens of a PROMPT (or standard input) as INSTRUMENT would bill them."""
    counted = session.client.count_tokens(instrument, _messages(prompt, system))
    output = session.output
    if session.as_json:
        output.message(counted)
    else:
        output.line(f"{counted.prompt_tokens:,} tokens by {counted.tokenizer}")


@click.command("cancel-call", cls=GridCommand)
@click.argument("delivery")
@click.pass_obj
def cancel_call(session: Session, delivery: str) -> None:
    """End a running call by the id of its DELIVERY or usage record."""
    usage_id = session.client.cancel_delivery(delivery)
    if session.as_json:
        session.output.value({"usage_id": usage_id})
    else:
        session.output.line(f"cancelled; see: grid usage {usage_id}")


def _messages(prompt: str | None, system: str | None) -> list[tuple[str, str]]:
    said = prompt if prompt is not None else sys.stdin.read()
    if not said.strip():
        raise click.UsageError("the prompt is empty; give it as an argument or on standard input")
    return [*([("system", system)] if system else []), ("user", said)]


def _show(output: Output, reply: chat_pb2.ChatReply) -> None:
    for choice in reply.choices:
        said = choice.delta if choice.HasField("delta") else choice.message
        output.piece(said.text)
