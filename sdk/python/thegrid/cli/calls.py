"""`grid call`, `count` and `cancel-call`: a call of a model, its prompt's length, its early end.
Programs better use the OpenAI-compatible gateway or `client.deliver`.
"""

import sys
from typing import Any

import click

from thegrid.cli.output import Output, plain
from thegrid.cli.receipt import receipt
from thegrid.cli.session import GridCommand, Session
from thegrid.cli.types import DOLLARS
from thegrid.v1 import chat_pb2, delivery_pb2


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
@click.option("--only", multiple=True, help="Only this supplier may serve. Repeatable.")
@click.option("--ignore", multiple=True, help="This supplier may not serve. Repeatable.")
@click.option("--order", multiple=True, help="Ask this supplier first. Repeatable, in order.")
@click.option("--no-fallbacks", is_flag=True, help="Nobody else than those asked first may serve.")
@click.option("--data-policy", multiple=True, help="Only offers with this policy. Repeatable.")
@click.option("--region", multiple=True, help="Only offers in this region. Repeatable.")
@click.option("--model", multiple=True, help="Only offers of this model. Repeatable.")
@click.option(
    "--hedge-after",
    "hedge_after_percent",
    type=click.IntRange(10, 90),
    help="Ask a second supplier after so many percent of the first-token deadline.",
)
@click.pass_obj
def call(
    session: Session,
    /,
    instrument: str,
    prompt: str | None,
    system: str | None,
    max_tokens: int | None,
    max_price_micros: int | None,
    **wanted: Any,
) -> None:
    """Call INSTRUMENT with a PROMPT (or standard input), stream the answer, show the receipt."""
    delivery = session.client.deliver(
        instrument,
        _messages(prompt, system),
        max_output_tokens=max_tokens,
        max_price_micros=max_price_micros,
        preferences=_preferences(**wanted),
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


def _preferences(
    *,
    only: tuple[str, ...],
    ignore: tuple[str, ...],
    order: tuple[str, ...],
    no_fallbacks: bool,
    data_policy: tuple[str, ...],
    region: tuple[str, ...],
    model: tuple[str, ...],
    hedge_after_percent: int | None,
) -> delivery_pb2.DeliveryPreferences:
    wanted = delivery_pb2.DeliveryPreferences(
        only_supplier_ids=only,
        ignore_supplier_ids=ignore,
        order_supplier_ids=order,
        data_policies=data_policy,
        regions=region,
        models=model,
        hedge_after_percent=hedge_after_percent,
    )
    if no_fallbacks:
        wanted.allow_fallbacks = False
    return wanted


def _show(output: Output, reply: chat_pb2.ChatReply) -> None:
    for choice in reply.choices:
        said = choice.delta if choice.HasField("delta") else choice.message
        output.piece(said.text)
