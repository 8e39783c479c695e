"""The whole house under load for long, killed again and again: `make soak ARGS="--minutes 30"`.

Prints its progress, and proves in the end what the tests of kills prove: everything answered is
there once, the books are whole, the journal verifies.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from tests.flows.test_kills import Clocks
from tests.support.load import Load, verify
from tests.support.whole import Whole, free_port

PROVE_EVERY = 25
"""Lives between two proofs of everything."""


class Soak:
    """Lives of one exchange, one after another."""

    def __init__(self, folder: Path, seed: int, life_s: float) -> None:
        self.load, self.clocks = Load(seed), Clocks()
        self.folder, self.port, self.life_s = folder, free_port(), life_s
        self.began_s = time.monotonic()
        self.lives = 0
        self.most_rss_bytes = 0
        self.longest_start_s = 0.0

    async def begin(self, *, margin_s: float) -> Whole:
        """Start a life whose next sweep is `margin_s` away."""
        began = time.monotonic()
        whole = await Whole.start(
            self.folder,
            self.port,
            clock_offset_s=self.clocks.before_slot(margin_s),
            snapshot_rows=500,
            request_horizon_s=86_400,
            requests_per_second_per_key=1_000_000,
        )
        self.longest_start_s = max(self.longest_start_s, time.monotonic() - began)
        return whole

    async def run(self, minutes: float, kills: int) -> None:
        """Live and die until the time is over and there were so many kills; then prove."""
        whole = await self.begin(margin_s=30)
        await self.load.set_up(whole)
        await whole.kill()
        while self.lives < kills or time.monotonic() - self.began_s < 60 * minutes:
            chance = self.load.chance
            whole = await self.begin(margin_s=chance.choice([0.5, 2, 10]))
            await self.load.live(whole, chance.uniform(0.1, 2 * self.life_s))
            self.lives += 1
            self._tell()
            if self.lives % PROVE_EVERY == 0:
                await self.prove()
        if self.lives % PROVE_EVERY:
            await self.prove()

    async def prove(self) -> None:
        """Prove everything that was ever answered, and the journal."""
        whole = await self.begin(margin_s=30)
        try:
            proved = await self.load.prove(whole)
            self.most_rss_bytes = max(self.most_rss_bytes, whole.rss_bytes())
            print(f"proved after {self.lives} kills: {proved}", flush=True)
        finally:
            await whole.stop()
        print(await verify(whole), end="", flush=True)
        print(
            f"start took at most {self.longest_start_s:.1f} s, "
            f"memory {self.most_rss_bytes / 1e6:.0f} MB",
            flush=True,
        )

    def _tell(self) -> None:
        memory = self.load.memory
        minutes = (time.monotonic() - self.began_s) / 60
        print(
            f"{minutes:6.1f} min  {self.lives} kills  {len(memory.wishes)} wishes  "
            f"{len(memory.answers)} answered  {memory.repeated} repeated",
            flush=True,
        )


def main() -> int:
    """Run the soak; the exit code is 0 when everything was proved."""
    parser = argparse.ArgumentParser(prog='make soak ARGS="..."', description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="at least so long")
    parser.add_argument("--kills", type=int, default=0, help="at least so many kills")
    parser.add_argument("--life", type=float, default=5, help="mean length of a life, seconds")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--data", type=Path, help="folder to keep; a temporary one without")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = (options.data or Path(scratch)) / "soak"
        soak = Soak(folder, options.seed, options.life)
        asyncio.run(soak.run(options.minutes, options.kills))
    return 0


if __name__ == "__main__":
    sys.exit(main())
