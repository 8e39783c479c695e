"""The house that clients call: real, with instruments scripted, of the demo model, and for vectors.

What clients do in it stands in `programs`.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.clients import environments
from tests.support.embedding import EMBED, define_embeddings
from tests.support.exchange import Participant
from tests.support.served import House, house, running_supplier, supplier_settings
from thegrid.supplier.hashed import DIMENSIONS
from thegrid.v1 import admin_pb2, members_pb2, usage_pb2

DEMO = "text-demo"
PROGRAM_TIMEOUT_S = 240.0


@dataclass
class Clients:
    """The house, and how a client's program is run against it."""

    market: House
    poor: Participant
    limited_key: str
    """A key of the consumer with one call a minute."""

    def variables(self) -> dict[str, str]:
        """What a program is told: addresses, keys, and the names of two models."""
        return {
            "BASE_URL": self.market.gateway.base_url,
            "ORIGIN": self.market.gateway.origin,
            "KEY": self.market.consumer.secret,
            "POOR_KEY": self.poor.secret,
            "LIMITED_KEY": self.limited_key,
            "SCRIPTED": "text-prime",
            "DEMO": DEMO,
            "EMBED": EMBED,
        }

    async def run(self, *command: str | Path) -> str:
        """Run a program to its end, and answer what it printed; fail with it where it fails."""
        # Whatever addresses and keys of others this machine knows are nobody's business here.
        names = ("PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE")
        environment = {name: os.environ[name] for name in names if name in os.environ}
        environment |= self.variables()
        code, said = await environments.run(
            *command, within_s=PROGRAM_TIMEOUT_S, environment=environment
        )
        assert code == 0, said[-12_000:]
        return said

    async def run_python(self, environment: str, program: str) -> str:
        """Run a program of `programs` in an environment of `pins`."""
        python = await asyncio.to_thread(environments.python, environment)
        return await self.run(python, environments.PROGRAMS / program)

    async def run_node(self, program: str) -> str:
        """Run a program of `programs/node` with Node."""
        node, folder = await asyncio.to_thread(environments.node)
        return await self.run(node, "--test", "--test-timeout=60000", folder / program)

    async def records(self) -> list[Any]:
        """Every usage record of the consumer."""
        found: list[Any] = []
        token = ""
        while True:
            asked = usage_pb2.ListUsageRequest(page_size=100, page_token=token)
            page = await self.market.consumer.usage.ListUsage(asked)
            found += page.usage
            token = page.next_page_token
            if not token:
                return found

    async def verdicts(self) -> list[str]:
        """How the calls ended, in the words of the contract."""
        await self.market.settled()
        names = usage_pb2.Verdict.Name
        return [names(one.verdict).removeprefix("VERDICT_").lower() for one in await self.records()]


@contextlib.asynccontextmanager
async def running_clients(folder: Path) -> AsyncIterator[Clients]:
    """A house with a consumer who buys by itself, and one who has no money."""
    async with house(folder, model_aliases="claude-*=text-prime") as market:
        exchange = market.exchange
        await exchange.define_instrument(DEMO)
        demo = await exchange.create_supplier("demo", DEMO)
        await define_embeddings(exchange, dimensions=DIMENSIONS, dimensions_min=64)
        await exchange.admin.AdmitSupplier(
            admin_pb2.AdmitSupplierRequest(
                request_id=exchange.request_id(),
                member_id=demo.member_id,
                instrument=EMBED,
                verified_tokens_per_second=1_000_000,
            )
        )
        talks = supplier_settings(exchange, demo, instrument=DEMO)
        embeds = supplier_settings(exchange, demo, instrument=EMBED, price_micros=20_000)
        async with running_supplier(talks, []), running_supplier(embeds, []):
            limited_key = await exchange.create_key(
                market.consumer.member_id,
                ("CONSUME",),
                limits=members_pb2.KeyLimits(requests_per_minute=1),
            )
            yield Clients(market, await exchange.create_member("poor"), limited_key)
