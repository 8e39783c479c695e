"""The command's tree: every subcommand in its place.
What each does stands in the file of its noun.
"""

import click

from thegrid.cli.accounts import balances, lots, postings, transfer, transfers, watch
from thegrid.cli.books import book
from thegrid.cli.calls import call, cancel_call, count
from thegrid.cli.embedding import embed
from thegrid.cli.export import export
from thegrid.cli.history import positions, statement, statistics, sweeps
from thegrid.cli.issuance import collateral, issuance
from thegrid.cli.keys import keys
from thegrid.cli.market import candles, instruments, markets, ticker, trades
from thegrid.cli.members import settings, whoami
from thegrid.cli.notices import notices, webhooks
from thegrid.cli.performance import admin, benchmark, performance, supplier_changes
from thegrid.cli.quoting import cancel_after, prevented, quote
from thegrid.cli.reference_index import index
from thegrid.cli.session import EXIT_CODES, GridGroup
from thegrid.cli.supply import supply
from thegrid.cli.trading import amend, buy, cancel, fills, orders, sell
from thegrid.cli.up import up
from thegrid.cli.usage import receipt_keys, usage, verify_receipt
from thegrid.settings import version


@click.group(
    cls=GridGroup,
    epilog=EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(version(), prog_name="grid")
def grid() -> None:
    """The Grid: buy, sell and use AI inference on a spot market.

    Prices are dollars per Unit, written as decimals; one Unit is 1,000,000 tokens of an
    instrument. The key is read from GRID_API_KEY or from --key-file.

    Begin on this machine with: grid up
    """


for command in (
    up,
    markets,
    instruments,
    book,
    ticker,
    candles,
    trades,
    index,
    buy,
    sell,
    amend,
    cancel,
    quote,
    cancel_after,
    orders,
    fills,
    prevented,
    balances,
    transfer,
    transfers,
    lots,
    postings,
    positions,
    statistics,
    statement,
    sweeps,
    export,
    usage,
    verify_receipt,
    receipt_keys,
    watch,
    call,
    embed,
    count,
    cancel_call,
    supply,
    performance,
    supplier_changes,
    benchmark,
    issuance,
    collateral,
    whoami,
    settings,
    keys,
    notices,
    webhooks,
    admin,
):
    grid.add_command(command)
