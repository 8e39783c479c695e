"""What the Python programs share: where the gateway is, and how a call is seen to have ended.

It uses nothing but the standard library, so that every environment can run it.
"""

import json
import os
import time
import unittest
import urllib.error
import urllib.request
from typing import Any

BASE_URL = os.environ["BASE_URL"]
ORIGIN = os.environ["ORIGIN"]
KEY = os.environ["KEY"]
POOR_KEY = os.environ["POOR_KEY"]
LIMITED_KEY = os.environ["LIMITED_KEY"]
"""Has one call a minute."""
SCRIPTED = os.environ["SCRIPTED"]
"""Does as the prompt says: `mode=…`."""
DEMO = os.environ["DEMO"]
"""Repeats what it is told, calls a tool that the prompt names, and fills a JSON schema."""

EMBED = os.environ["EMBED"]
"""Makes vectors of texts."""

TEXT = " token" * 32
"""What the scripted model says."""
OLD_TEXT = " choice 0 of 16"
"""What it says to a legacy completion, which has at most 16 tokens unless told otherwise."""
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def record(usage_id: str) -> dict[str, Any]:
    """Answer a usage record, once it is final."""
    asked = urllib.request.Request(
        f"{BASE_URL}/usage/{usage_id}", headers={"authorization": f"Bearer {KEY}"}
    )
    for _ in range(200):
        try:
            with urllib.request.urlopen(asked, timeout=10) as answer:
                found: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as missing:
            found = {"error": missing.code}
        if found.get("status") == "final":
            return found
        time.sleep(0.05)
    raise AssertionError(f"the record of {usage_id} is not final: {found}")


class Scene(unittest.TestCase):
    """A case whose calls are looked up afterwards."""

    def assert_cancelled(self, usage_id: str) -> None:
        """The call ended because the client left, and what had been delivered was billed."""
        found = record(usage_id)
        self.assertEqual(found["verdict"], "cancelled_by_client")
        self.assertGreater(found["billed_tokens"], 0)

    def assert_in_spec(self, usage_id: str) -> None:
        """The call was served, and billed."""
        found = record(usage_id)
        self.assertEqual(found["verdict"], "in_spec")
        self.assertGreater(found["billed_tokens"], 0)
