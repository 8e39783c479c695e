"""What the gateway's README shows is run as it stands, against the whole house.

Only the address and the key are put in their places.
"""

import asyncio
import contextlib
import io
import re
from pathlib import Path

from tests.support.served import PRICE_MICROS, house

README = Path(__file__).parents[2] / "gateway/README.md"


def run(block: str) -> list[str]:
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(block, {})  # noqa: S102 our own words
    return said.getvalue().splitlines()


async def test_the_readme_works_as_it_stands(tmp_path: Path) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.S)
    async with house(tmp_path, upstream_url="") as market:
        block = block.replace("http://127.0.0.1:8080/v1", market.gateway.base_url)
        block = block.replace("key_….…", market.consumer.secret)
        said = await asyncio.to_thread(run, block)
        await market.settled()
    assert said == [f"{PRICE_MICROS} True", "in_spec True", "acme/one 1"]
