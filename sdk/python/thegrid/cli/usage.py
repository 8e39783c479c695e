"""What your calls used: `grid usage …`, and `grid verify-receipt`.
Balances and Lots are in `accounts`.
"""

from itertools import islice
from pathlib import Path
from typing import Any

import click
from google.protobuf import json_format

from thegrid import receipts
from thegrid.cli.output import moment, plain, price
from thegrid.cli.receipt import receipt
from thegrid.cli.session import GridCommand, GridGroup, Session
from thegrid.cli.types import INSTANT, choice
from thegrid.enums import short_name
from thegrid.follow import Gap
from thegrid.v1 import usage_pb2

_limit = click.option(
    "--limit", type=click.IntRange(1), default=50, show_default=True, help="How many."
)
_FILTERS = (
    click.option("--instrument", default="", help="Only this instrument."),
    click.option("--key", "key_id", default="", help="Only calls of this key."),
    click.option("--model", "serving_model", default="", help="Only calls this model served."),
    click.option("--supplier", "supplier_id", default="", help="Only calls this supplier served."),
    click.option("--verdict", type=choice(usage_pb2.Verdict), default=None, help="Only these."),
    click.option("--from", "start_time", type=INSTANT, help="Only at or after this instant."),
    click.option("--to", "end_time", type=INSTANT, help="Only before this instant."),
)


def _filtered(command: Any) -> Any:
    """Give a command the options that narrow which calls are meant."""
    for option in reversed(_FILTERS):
        command = option(command)
    return command


class UsageGroup(GridGroup):
    """`grid usage` alone lists; followed by an id it shows that record."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        first = args[0] if args else ""
        if not first.startswith("-") and first not in self.commands and first:
            args = ["show", *args]
        elif first not in (*self.commands, *ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group(cls=UsageGroup)
def usage() -> None:
    """Show what your calls used and cost. Alone it lists them, with an id it shows that one."""


@usage.command("list")
@_filtered
@click.option("--disputed", is_flag=True, help="Only those that are or were disputed.")
@_limit
@click.pass_obj
def list_usage(session: Session, /, limit: int, verdict: str | None, **filters: Any) -> None:
    """List what your calls used, newest first."""
    shown = islice(session.client.usage.list(verdict=verdict or 0, **filters), limit)
    if session.as_json:
        session.output.messages(shown)
        return
    columns = (
        "record",
        "instrument",
        "model",
        "supplier",
        ">billed",
        ">cost",
        "verdict",
        "time (UTC)",
    )
    session.output.table(columns, map(_row, shown), "There are no calls yet.")


@usage.command("show")
@click.argument("record")
@click.option(
    "--save-receipt",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the signed receipt to this file as well.",
)
@click.pass_obj
def show(session: Session, record: str, save_receipt: Path | None) -> None:
    """Show one RECORD by its id, its delivery's, or x-request-id."""
    found = session.client.usage.get_with_receipt(record)
    if save_receipt is not None:
        if not found.HasField("receipt"):
            raise click.ClickException("the call is not settled yet, so there is no receipt")
        save_receipt.write_bytes(found.receipt.SerializeToString())
    if session.as_json:
        session.output.message(found.usage)
    else:
        receipt(session.output, found.usage)


@usage.command("summary")
@_filtered
@click.option("--by", "group_by", type=choice(usage_pb2.SummaryGroup), multiple=True,
              help="Keep these apart; once for each.")  # fmt: skip
@click.option("--per", "interval", type=choice(usage_pb2.SummaryInterval), default=None,
              help="Span of each row, in UTC; else one for all.")  # fmt: skip
@click.pass_obj
def summary(
    session: Session,
    /,
    group_by: tuple[str, ...],
    interval: str | None,
    verdict: str | None,
    **filters: Any,
) -> None:
    """Add your calls up; without times, those of the last 30 days."""
    answer = session.client.usage.summary(
        group_by, interval=interval or 0, verdict=verdict or 0, **filters
    )
    if session.as_json:
        session.output.message(answer)
        return
    keys = ("from (UTC)",) if interval else ()
    columns = (*keys, *group_by, ">calls", ">prompt", ">answer", ">billed", ">cost")
    rows = [(*_keys(row, group_by, interval), *_sums(row.totals)) for row in answer.rows]
    blank = ("all",) + ("",) * (len(keys) + len(group_by) - 1) if keys or group_by else ()
    rows.append((*blank, *_sums(answer.totals)))
    session.output.table(columns, rows, "There are no calls.")


@usage.command("dispute")
@click.argument("record")
@click.argument("reason", type=choice(usage_pb2.DisputeReason))
@click.pass_obj
def dispute(session: Session, record: str, reason: str) -> None:
    """Ask the operator to look at a settled RECORD again, for a REASON."""
    opened = session.client.usage.dispute(record, reason)
    if session.as_json:
        session.output.message(opened)
    else:
        session.output.line(
            f"{opened.dispute_id}: {opened.usage_id} is disputed; see: grid usage {opened.usage_id}"
        )


@usage.command("watch")
@click.option("--resume", "resume_token", default="", help="Go on after this token.")
@click.pass_obj
def watch_usage(session: Session, resume_token: str) -> None:
    """Follow records as calls are settled, and disputes and late reports of them, until
    interrupted.

    Each is one JSON object a line, with the token to resume after it.
    """
    with session.client.usage.stream(resume_token) as stream:
        for item in stream:
            if isinstance(item, Gap):
                session.output.value({"gap": item._asdict()})
                continue
            kind = item.WhichOneof("payload")
            assert kind is not None
            line = {"resume_token": item.resume_token, kind: plain(getattr(item, kind))}
            session.output.value(line)


@click.command("verify-receipt", cls=GridCommand)
@click.argument("file", type=click.File("rb"))
@click.option(
    "--keys",
    "keys_file",
    type=click.File("r"),
    help="Public keys as `grid receipt-keys --json` printed them; else they are asked for.",
)
@click.pass_obj
def verify_receipt(session: Session, file: Any, keys_file: Any) -> None:
    """Check the receipt in a FILE (- for standard input): what the exchange has signed.

    The file holds the receipt as `grid usage show --save-receipt` writes it, or as a gateway
    sends it, in base64.
    """
    content = file.read()
    keys = _keys_of(keys_file) if keys_file else session.client.usage.receipt_keys()
    try:
        body = receipts.verify(_read(content), keys)
    except receipts.ReceiptInvalid as problem:
        raise click.ClickException(f"the receipt is not good: {problem}") from problem
    if session.as_json:
        session.output.message(body)
        return
    session.output.line(f"signed by the exchange at {moment(body.issue_time)} UTC")
    receipt(session.output, body.usage)


@click.command("receipt-keys", cls=GridCommand)
@click.pass_obj
def receipt_keys(session: Session) -> None:
    """List the public keys that receipts were signed with, newest first."""
    keys = session.client.usage.receipt_keys()
    if session.as_json:
        session.output.messages(keys)
        return
    rows = (
        (key.key_id, key.public_key.hex(), moment(key.start_time), moment(key.end_time))
        for key in keys
    )
    session.output.table(("key", "public key", "from (UTC)", "until (UTC)"), rows, "None.")


def _read(content: bytes) -> usage_pb2.Receipt:
    """A receipt in either form; base64 is the one that is text."""
    try:
        return receipts.read(content.decode("ascii"))
    except (UnicodeDecodeError, receipts.ReceiptInvalid):
        return receipts.read(content)


def _keys_of(file: Any) -> list[usage_pb2.ReceiptKey]:
    whole = usage_pb2.ListReceiptKeysResponse()
    text = file.read().strip()
    json_format.Parse(f'{{"keys": {text}}}', whole)
    return list(whole.keys)


def _row(record: usage_pb2.UsageRecord) -> tuple[str | int, ...]:
    return (
        record.usage_id,
        record.symbol,
        record.serving_model,
        record.supplier_id,
        f"{record.billed_tokens:,}",
        price(record.cost_micros),
        short_name(usage_pb2.Verdict, record.verdict),
        moment(record.start_time),
    )


def _keys(
    row: usage_pb2.UsageSummaryRow, group_by: tuple[str, ...], interval: str | None
) -> tuple[str, ...]:
    named = {
        "model": row.serving_model,
        "key": row.key_id,
        "instrument": row.symbol,
        "supplier": row.supplier_id,
        "verdict": short_name(usage_pb2.Verdict, row.verdict),
    }
    begins = (moment(row.start_time),) if interval else ()
    return (*begins, *(named[each] or "-" for each in group_by))


def _sums(totals: usage_pb2.UsageTotals) -> tuple[str, ...]:
    return (
        f"{totals.calls:,}",
        f"{totals.prompt_tokens:,}",
        f"{totals.completion_tokens:,}",
        f"{totals.billed_tokens:,}",
        price(totals.cost_micros),
    )
