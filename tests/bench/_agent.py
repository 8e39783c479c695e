"""One supplier's process for benchmarks: `python -m tests.bench._agent TARGET KEY UPSTREAM`.

Its Units are on sale already; it only serves.
"""

import asyncio
import sys

from tests.support.exchange import SYMBOL
from thegrid.settings import ApiKey, Settings
from thegrid.supplier import SupplierSettings, run_supplier


async def main(target: str, key: str, upstream_url: str) -> None:
    """Serve until stopped."""
    settings = SupplierSettings(
        exchange=Settings(target, ApiKey(key)),
        instrument=SYMBOL,
        model="acme/one",
        upstream_url=upstream_url,
        concurrent_deliveries=10_000,
        throughput_tokens_per_second=100_000,
        keep_market=False,
        grace_s=1.0,
    )
    await run_supplier(settings, report=lambda line: print(line, flush=True))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))
