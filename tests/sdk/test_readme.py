"""What the README of the Python SDK shows is run as it stands, against a real exchange.
Only the address and the key are put in their places.
"""

import asyncio
import contextlib
import io
import re
from pathlib import Path

import thegrid
from tests.support.embedding import define_embeddings, offer_embeddings
from tests.support.exchange import SYMBOL, running_exchange
from thegrid.supplier.agent import SupplierAgent
from thegrid.supplier.demo import DemoModel
from thegrid.supplier.hashed import DIMENSIONS

EMBED = "embedding-ngrams"
README = Path(__file__).parents[2] / "sdk/python/README.md"


def run(blocks: list[str], target: str, key: str) -> str:
    first, embedded, books, session, kept, refused = blocks
    assert "127.0.0.1:50051" in first
    first = first.replace("127.0.0.1:50051", target).replace("key_….…", key)
    books = books.replace("book.sequence)", "book.sequence)\n        break")
    said = io.StringIO()
    with thegrid.Client(target, key) as client, contextlib.redirect_stdout(said):
        for block in (
            first,
            embedded,
            f"import thegrid\n{books}",
            f"import thegrid\n{session}",
            kept,
            refused,
        ):
            exec(block, {"client": client, "thegrid": thegrid})  # noqa: S102 our own words
    return said.getvalue()


async def test_the_readme_works_as_it_stands(tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.S)
    async with running_exchange(tmp_path) as exchange:
        await exchange.define_instrument()
        supplier = await exchange.create_supplier(issue_units=10)
        await exchange.sell_issuance(supplier, 10, thegrid.micros("1.20"))
        await define_embeddings(exchange, EMBED, dimensions=DIMENSIONS)
        await offer_embeddings(exchange, supplier, symbol=EMBED)
        member = await exchange.create_member("reader", deposit_micros=thegrid.micros("100"))
        async with thegrid.AsyncClient(exchange.target, member.secret) as client:
            await client.members.update_settings(
                account_mode="auto", auto_buy_ceiling_micros=thegrid.micros("2")
            )
        settings = thegrid.load_settings(exchange.target, supplier.secret, environment={})
        agent = SupplierAgent(settings, (SYMBOL, EMBED), DemoModel())
        await agent.start()
        try:
            said = await asyncio.to_thread(run, blocks, exchange.target, member.secret)
        finally:
            await agent.stop()
    assert "1 Unit of 1,000,000 tokens" in said
    assert "This is the demo model" in said
    assert "2 vectors of 384 dimensions, 10 tokens" in said
    assert "text-prime 0 0" in said, "what auto mode bought is used and no longer held"
    assert re.search(r"available \d+ \d+", said)
    assert "INSUFFICIENT_FUNDS" in said
