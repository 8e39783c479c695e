"""Faults to plant in what bounds and warns a consumer: spend, tokens, keys below keys, notices.
How they are planted and who must notice is in `test_planted_faults`.
"""

from typing import Final

from tests.simulation.mutants_of_orders import Mutant

LIMITS: Final = "tests/engine/test_limits.py"
WEBHOOKS: Final = "tests/notify/test_webhooks.py"
NOTICES: Final = "tests/engine/test_notices.py"
SPENDING: Final = "engine/rules/spending.py"
PURCHASES: Final = "engine/rules/purchases.py"

LIMIT_MUTANTS: Final = (
    Mutant(
        "a limit of spend is refused when it is met",
        SPENDING,
        "        if wanted <= limit:\n",
        "        if wanted < limit:\n",
        LIMITS,
    ),
    Mutant(
        "open calls hold nothing against a limit",
        SPENDING,
        "wanted = spent + spend.held_micros + micros",
        "wanted = spent + micros",
        LIMITS,
    ),
    Mutant(
        "a settled call goes on holding",
        SPENDING,
        "held_micros=spend.held_micros - reservation.spend_held_micros",
        "held_micros=spend.held_micros",
        LIMITS,
    ),
    Mutant(
        "a child's calls count for itself alone",
        SPENDING,
        "        key = state.keys.get(key.parent_id)\n    return line",
        "        key = None\n    return line",
        LIMITS,
    ),
    Mutant(
        "a day frees a microsecond late",
        "engine/quantities.py",
        "return (day_of(instant_us) + 1) * DAY_US",
        "return (day_of(instant_us) + 1) * DAY_US + 1",
        LIMITS,
    ),
    Mutant(
        "the spend of yesterday counts today",
        SPENDING,
        "    if spend.day != day:\n",
        "    if spend.day > day:\n",
        LIMITS,
    ),
    Mutant(
        "a month begins anew with each call",
        SPENDING,
        "    if spend.month != month:\n",
        "    if True:\n",
        LIMITS,
    ),
    Mutant(
        "unused tokens are gone for the minute",
        SPENDING,
        "max(backlog - unused * MINUTE_US, 0)",
        "max(backlog, 0)",
        LIMITS,
    ),
    Mutant(
        "tokens of a minute never flow back",
        SPENDING,
        "return max(spend.backlog - (now_us - spend.backlog_at_us) * limit, 0)",
        "return spend.backlog",
        LIMITS,
    ),
    Mutant(
        "any key reaches every key",
        "engine/rules/keys.py",
        "    if by not in line[0 if itself else 1 :]:\n",
        "    if by is None:\n",
        LIMITS,
    ),
    Mutant(
        "children outlive their parent",
        "engine/rules/keys.py",
        "below = tuple(_below(state, key.key_id))",
        "below: tuple[str, ...] = ()",
        LIMITS,
    ),
    Mutant(
        "the ceiling of a day is not looked at",
        PURCHASES,
        "if limit and day_micros > limit:",
        "if limit and cost_micros > limit:",
        LIMITS,
    ),
    Mutant(
        "auto mode buys ahead at its threshold already",
        PURCHASES,
        "if free_tokens < threshold_tokens:",
        "if free_tokens <= threshold_tokens + 1_000_000:",
        LIMITS,
    ),
    Mutant(
        "a notice is given at every call",
        "engine/rules/notices.py",
        "    if (member_id, kind, subject_id) in state.alerts:\n        return\n",
        "",
        NOTICES,
    ),
    Mutant(
        "a figure on its bound counts as low",
        "engine/rules/notices.py",
        "    if value >= limit:\n",
        "    if value > limit:\n",
        NOTICES,
    ),
    Mutant(
        "an outage leaves the alarm of a Lot where it was",
        "engine/rules/notices.py",
        "    if due_us > state.now_us:\n        # An",
        "    if False:\n        # An",
        NOTICES,
    ),
    # ---- webhooks
    Mutant(
        "a redirect is followed",
        "notify/sender.py",
        "allow_redirects=False",
        "allow_redirects=True",
        WEBHOOKS,
    ),
    Mutant(
        "an address is judged by its name alone",
        "notify/addresses.py",
        '        self.check_address(ipaddress.ip_address(where[0].partition("%")[0]))\n',
        "",
        "tests/notify/test_addresses.py",
    ),
    Mutant(
        "a later notice overtakes one that failed",
        "notify/outbox.py",
        "            if not posted.failure:\n",
        "            if posted.http_status:\n",
        WEBHOOKS,
    ),
    Mutant(
        "what was delivered is not taken down",
        "notify/outbox.py",
        "            await self._note(webhook, delivered)\n        return bool(found)",
        "            pass\n        return False",
        WEBHOOKS,
    ),
)
