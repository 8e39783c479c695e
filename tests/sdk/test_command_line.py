"""The command `grid` as people and scripts use it, against a whole market that `grid up` started.
How the market itself comes and goes is in test_up.
"""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.grid_up import House, grid_up


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with grid_up(tmp_path_factory.mktemp("market")) as started:
        yield started


class Grid:
    """Runs the command as the demo consumer, or with another key file."""

    def __init__(self, house: House) -> None:
        self.house = house

    def run(
        self, *arguments: str, code: int = 0, said: str = ""
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "thegrid.cli", *arguments],
            env=self.house.environment(),
            input=said,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr + self.house.logs()
        return done

    def json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json").stdout)

    def operator(self, *arguments: str, code: int = 0) -> str:
        key = str(self.house.data / "operator.key")
        return self.run(*arguments, "--key-file", key, code=code).stdout


@pytest.fixture
def grid(house: House) -> Grid:
    return Grid(house)


def test_markets_and_instruments_are_shown_in_dollars(grid: Grid) -> None:
    assert re.search(r"text-prime +open +- +\$1\.20", grid.run("markets").stdout)
    assert re.search(r"text-max .*intelligence >= 53.*1,000,000", grid.run("instruments").stdout)
    assert len(grid.json("markets")) == 10


def test_buying_using_and_the_receipt(grid: Grid) -> None:
    bought = grid.run("buy", "code-prime", "2", "--price", "1.25", "--client-order-id", "mine")
    assert "closed (filled): 2 of 2 Units filled" in bought.stdout
    assert "2 at $1.20" in bought.stdout
    assert " tokens by o200k_base" in grid.run("count", "code-prime", "Say it").stdout
    absent = grid.run("cancel-call", "usg_00000000000000000000", code=4)
    assert "no such delivery" in absent.stderr
    wishes = ("--region", "eu-north", "--order", "mem_nobody", "--no-fallbacks")
    refused = grid.run("call", "code-prime", "Say it", *wishes, code=2).stderr
    assert "order_supplier_ids" in refused
    called = grid.run("call", "code-prime", "Say it", "--max-tokens", "50").stdout
    assert "This is the demo model" in called
    assert "in_spec" in called
    record = re.search(r"usg_\w+", called)
    assert record is not None
    assert "drawn from" in grid.run("usage", record.group()).stdout
    assert record.group() in grid.run("usage").stdout
    _usage_is_read_and_disputed(grid, record.group())
    lots = grid.json("lots", "--instrument", "code-prime")
    assert any(int(lot["consumed_tokens"]) > 0 for lot in lots)
    assert re.search(r"code-prime .*\$1\.20 +\+0\.00 %", grid.run("ticker", "code-prime").stdout)
    assert len(grid.json("ticker")) == 10
    [candle] = grid.json("candles", "code-prime", "--interval", "1d")
    assert candle["close_price_micros"] == "1200000"
    assert "$1.20" in grid.run("candles", "code-prime").stdout
    fills = grid.json("fills", "--market", "code-prime")
    assert fills[0]["price_micros"] == "1200000"
    assert "code-prime" in grid.run("balances").stdout


def _usage_is_read_and_disputed(grid: Grid, usage_id: str) -> None:
    shown = grid.json("usage", "list", "--verdict", "in_spec", "--instrument", "code-prime")
    assert usage_id in [each["usage_id"] for each in shown]
    by = ("--per", "day", "--by", "instrument", "--by", "verdict")
    assert re.search(r"code-prime +in_spec +\d", grid.run("usage", "summary", *by).stdout)
    totals = grid.json("usage", "summary", "--instrument", "code-prime")["totals"]
    assert int(totals["billed_tokens"]) >= int(shown[-1]["billed_tokens"])
    receipt_file = grid.house.data / "call.receipt"
    grid.run("usage", "show", usage_id, "--save-receipt", str(receipt_file))
    assert "signed by the exchange" in grid.run("verify-receipt", str(receipt_file)).stdout
    keys_file = grid.house.data / "keys.json"
    keys_file.write_text(grid.run("receipt-keys", "--json").stdout, "utf-8")
    offline = grid.json("verify-receipt", str(receipt_file), "--keys", str(keys_file))
    assert offline["usage"]["usage_id"] == usage_id
    content = bytearray(receipt_file.read_bytes())
    content[20] ^= 1
    receipt_file.write_bytes(content)
    assert "not good" in grid.run("verify-receipt", str(receipt_file), code=1).stderr
    said = grid.run("usage", "dispute", usage_id, "wrong_count").stdout
    dispute_id = said.partition(":")[0]
    assert dispute_id in grid.operator("admin", "disputes", "--status", "open")
    assert "is refused" in grid.operator("admin", "resolve-dispute", dispute_id, "counted again")
    assert "counted again" in grid.run("usage", usage_id).stdout
    policy = json.loads(grid.operator("admin", "metering"))[0]
    policy_file = grid.house.data / "metering.json"
    policy_file.write_text(json.dumps(policy | {"message_tokens": "5"}), "utf-8")
    assert "version 2" in grid.operator("admin", "metering", str(policy_file))


def test_an_order_rests_is_amended_and_cancelled(grid: Grid) -> None:
    placed = grid.json("buy", "agent-max", "3", "--price", "0.50", "--tag", "t")
    order_id = placed["order"]["order_id"]
    assert placed["order"]["status"] == "ORDER_STATUS_OPEN"
    assert "$0.50" in grid.run("book", "agent-max").stdout
    assert order_id in grid.run("book", "agent-max", "--level", "3").stdout
    assert len(grid.json("book", "agent-max", "--level", "1")["book"]["bids"]) == 1
    grid.run("amend", order_id, "--units", "2")
    assert order_id in grid.run("orders", "--status", "open").stdout
    assert "closed (cancelled)" in grid.run("cancel", order_id).stdout
    assert "0 orders cancelled" in grid.run("cancel", "--all", "--tag", "t").stdout
    assert json.loads(grid.run("trades", "agent-max", "--json").stdout) == []


def test_quotes_caps_and_the_switch(grid: Grid) -> None:
    quoted = grid.run("quote", "agent-max", "mm", "buy:2@0.40", "buy:1@0.30", "--slide").stdout
    assert "0 orders cancelled" in quoted
    assert "open: 2 at $0.40" in quoted
    assert "2 orders cancelled" in grid.run("quote", "agent-max", "mm").stdout
    assert "SIDE:UNITS@DOLLARS" in grid.run("quote", "agent-max", "mm", "2@1", code=2).stderr
    assert (
        "INSUFFICIENT_FUNDS" in grid.run("quote", "agent-max", "mm", "buy:9000@9000", code=1).stderr
    )
    assert "are cancelled at" in grid.run("cancel-after", "60").stdout
    assert grid.run("cancel-after", "0").stdout == "disarmed\n"
    assert "No trade was prevented" in grid.run("prevented").stdout
    capped = grid.run("buy", "text-max", "5", "--max-spend", "0.01").stdout
    assert "closed (spend_limit): 0 of 5" in capped


def test_the_operator_sets_a_markets_figures_tiers_and_auctions(grid: Grid) -> None:
    shown = grid.operator("admin", "market-policy", "agent-max", "--max-move-bps", "500",
                          "--max-move-window", "60", "--max-move-auction", "30")  # fmt: skip
    assert re.search(r"max_move_window_us +60000000", shown)
    assert "rates of 1 and 5" in grid.operator("admin", "fee-tier", "vip", "rates", "1", "5")
    assert re.search(r"vip +rates +1 +5", grid.operator("admin", "fee-tiers"))
    member_id = grid.json("whoami")["member"]["member_id"]
    changed = grid.operator("admin", "update-member", member_id, "--fee-tier", "vip")
    assert "prevention group none, fee tier vip" in changed
    grid.operator("admin", "update-member", member_id, "--fee-tier", "")
    assert "collects until" in grid.operator("admin", "auction", "agent-max", "30", "test")
    assert "open" in grid.operator("admin", "market", "agent-max", "open", "enough")


def test_a_dry_run_changes_nothing(grid: Grid) -> None:
    before = grid.json("balances")["cash"]
    assert "would be" in grid.run("buy", "text-max", "1", "--dry-run").stdout
    assert grid.json("balances")["cash"] == before


def test_what_a_member_may_know_of_himself(grid: Grid) -> None:
    assert "demo-consumer" in grid.run("whoami").stdout
    assert "auto" in grid.run("settings").stdout
    assert grid.json("settings", "--ceiling", "9")["auto_buy_ceiling_micros"] == "9000000"
    assert "deposit" in grid.run("postings", "--asset", "usd").stdout
    assert "Units are now" in _bought_then_transferred(grid)
    assert "voluntary" in grid.run("transfers").stdout


def _bought_then_transferred(grid: Grid) -> str:
    grid.run("settings", "--mode", "advanced")
    try:
        grid.run("buy", "text-standard", "1")
        return grid.run("transfer", "text-standard", "1").stdout
    finally:
        grid.run("settings", "--mode", "auto")


def test_keys_are_made_and_revoked(grid: Grid, tmp_path: Path) -> None:
    out = tmp_path / "reader.key"
    made = grid.run("keys", "create", "--scope", "trade_read", "--out", str(out)).stdout
    key_id = re.search(r"key_\w+", made)
    assert key_id is not None
    assert out.stat().st_mode & 0o777 == 0o600
    assert out.read_text("utf-8").strip() not in made
    grid.run("balances", "--key-file", str(out))
    grid.run("buy", "text-prime", "1", "--key-file", str(out), code=3)
    grid.run("keys", "revoke", key_id.group())
    grid.run("balances", "--key-file", str(out), code=3)
    assert "revoked" in grid.run("keys", "list").stdout


def test_texts_are_embedded_and_compared(grid: Grid) -> None:
    assert re.search(r"embedding-ngrams .* 384 of hashed-ngrams-1", grid.run("instruments").stdout)
    texts = ("resetting a password", "how to reset passwords", "the weather in spring")
    shown = grid.run("embed", "embedding-ngrams", *texts, "--max-price", "0.05").stdout
    near, far = (
        float(re.search(rf"{text} +384 +(-?[01]\.\d+)", shown)[1])  # type: ignore[index]
        for text in texts[1:]
    )
    assert near > far
    assert "in_spec" in shown
    told = grid.json("embed", "embedding-ngrams", texts[0], "--dimensions", "64")
    assert len(told["vectors"][0]) == 64
    assert told["usage"]["counted"]["completion_tokens"] == "0"
    refused = grid.run("embed", "embedding-ngrams", "a", "--dimensions", "9", code=2).stderr
    assert "64 to 384" in refused
    assert "answers chats" in grid.run("embed", "text-prime", "a", code=2).stderr
    lines = grid.run("embed", "embedding-ngrams", said="one line\nand another\n").stdout
    assert "and another" in lines


def test_the_operators_commands(grid: Grid) -> None:
    made = grid.operator("admin", "create-member", "new-one", "--role", "trader")
    member_id = made.split()[0]
    assert "$12.50" in grid.operator("admin", "deposit", member_id, "12.50")
    assert "$10.00" in grid.operator("admin", "withdraw", member_id, "2.5")
    assert "suspended" in grid.operator("admin", "suspend", member_id, "a test")
    assert "active" in grid.operator("admin", "reinstate", member_id, "a test")
    assert "new-one" in grid.operator("admin", "members")
    assert "halted" in grid.operator("admin", "halt", "agent-prime", "a test")
    grid.run("buy", "agent-prime", "1", "--price", "1", code=1)
    assert "open" in grid.operator("admin", "market", "agent-prime", "open", "a test")
    assert "reserve_step_tokens" in grid.operator("admin", "policy")
    assert "available" in grid.operator("admin", "trial-balance")
    assert "guarantee" in grid.operator("admin", "fund-guarantee", "1")
    kin = grid.operator("admin", "update-member", member_id, "--affiliation-group", "kin")
    assert "affiliation group kin" in kin


def test_a_supplier_is_measured_and_its_record_is_public(grid: Grid) -> None:
    members = grid.operator("admin", "members").splitlines()
    member_id = next(each for each in members if "demo-supplier-1" in each).split()[0]
    # Whether it passes is a matter of how busy this machine is.
    shown = grid.operator("admin", "benchmark", member_id, "text-standard", "--wait")
    assert "16 of 16 probes" in shown
    record = grid.run("performance", "text-standard").stdout.splitlines()
    assert int(next(each for each in record if member_id in each).split()[6]) >= 16
    assert "demo supplier" in grid.operator("supplier-changes", "--supplier", member_id)


def test_what_a_supplier_issued_and_what_stands_behind_it(grid: Grid, tmp_path: Path) -> None:
    member_id = grid.operator("admin", "create-member", "mill", "--role", "supplier").split()[0]
    out = tmp_path / "mill.key"
    grid.operator("keys", "create", "--member", member_id, "--scope", "supply", "--out", str(out))
    grid.operator("admin", "deposit", member_id, "20")
    grid.operator("admin", "admit", member_id, "agent-prime", "1000000")

    def run(*words: str, code: int = 0) -> str:
        return str(grid.run(*words, "--key-file", str(out), code=code).stdout)

    assert "$15.00" in run("collateral", "post", "15")
    assert "$11.00" in run("collateral", "withdraw", "4")
    run("collateral", "withdraw", "12", code=1)
    run("issuance", "issue", "agent-prime", "5", code=4)
    assert "yes" in run("issuance", "renew", "agent-prime")
    assert "no" in run("issuance", "renew", "agent-prime", "--off")
    assert "$11.00" in run("issuance", "show")
    assert "$11.00" in grid.operator("issuance", "show", "--member", member_id)
    assert "Nothing was delivered yet." in run("index", "agent-prime")


def test_the_catalogue_can_be_printed_changed_and_defined(grid: Grid, tmp_path: Path) -> None:
    text = grid.operator("admin", "catalogue")
    known = tmp_path / "known.toml"
    known.write_text(text, "utf-8")
    assert "none, all were known" in grid.operator("admin", "define", str(known))
    own = tmp_path / "own.toml"
    own.write_text(text.replace("families.text", "families.vision"), "utf-8")
    assert "vision-prime" in grid.operator("admin", "define", str(own))


def test_errors_say_what_to_do_and_exit_with_their_code(grid: Grid) -> None:
    refused = grid.run("buy", "text-prime", "9999", "--price", "1", code=1).stderr
    assert "INSUFFICIENT_FUNDS" in refused
    assert "grid balances" in refused
    absent = grid.run("book", "nothing-such", code=4).stderr
    assert "MARKET_NOT_FOUND" in absent
    assert "grid markets" in absent
    assert "SCOPE_MISSING" in grid.run("admin", "members", code=3).stderr
    down = grid.run("balances", "--grpc", "127.0.0.1:9", "--timeout", "1", code=5).stderr
    assert "grid up" in down
    assert (
        "more than six decimals"
        in grid.run("buy", "text-prime", "1", "--price", "1.0000001", code=2).stderr
    )
    assert "name one order" in grid.run("cancel", code=2).stderr
    assert "GRID_GRPC" in grid.run("markets", "--grpc", "nowhere", code=2).stderr
    told = json.loads(grid.run("book", "nothing-such", "--json", code=4).stderr)
    assert told["error"]["reason"] == "MARKET_NOT_FOUND"


def test_a_prompt_may_come_from_standard_input(grid: Grid) -> None:
    assert "You said: piped" in grid.run("call", "text-standard", said="piped").stdout
    assert "empty" in grid.run("call", "text-standard", code=2).stderr


def test_every_command_has_help(grid: Grid) -> None:
    listed = grid.run("--help").stdout
    commands = re.findall(r"^  ([a-z]+) ", listed.split("Commands:")[1], re.M)
    assert len(commands) >= 20
    assert "Exit codes" in listed
    for command in ("up", "supply", "admin", "keys"):
        assert "--help" in grid.run(command, "--help").stdout


@pytest.mark.parametrize("level", ["2", "3"])
def test_following_ends_with_an_interrupt(grid: Grid, level: str) -> None:
    follow = ["book", "text-prime", "--level", level, "--follow", "--json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "thegrid.cli", *follow],
        env=grid.house.environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        assert first["asks"]
        grid.run("buy", "text-prime", "1")
        assert json.loads(process.stdout.readline())["sequence"] > first["sequence"]
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130


def test_the_private_stream_on_the_command_line(grid: Grid) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "thegrid.cli", "watch"],
        env=grid.house.environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert "snapshot" in json.loads(process.stdout.readline())
        grid.run("buy", "text-prime", "1", "--price", "0.01")
        assert json.loads(process.stdout.readline())["sequence"]
        process.terminate()


def test_keys_are_limited_changed_rotated_and_listed(grid: Grid, tmp_path: Path) -> None:
    limits = (
        "--spend-per-day",
        "0.50",
        "--tokens-per-minute",
        "9000",
        "--instrument",
        "text-prime",
    )
    made = grid.json("keys", "create", "--scope", "consume", "--label", "app", *limits)
    key_id = made["key"]["key_id"]
    assert made["key"]["limits"]["instruments"] == ["ins_text-prime"]
    shown = grid.run("keys", "show", key_id).stdout
    assert "$0.00 of $0.50" in shown
    changed = grid.json("keys", "update", key_id, "--spend-per-day", "0", "--label", "still")
    assert changed["label"] == "still"
    assert changed["limits"]["spend_per_day_micros"] == "0"
    assert changed["limits"]["tokens_per_minute"] == "9000"
    secret = tmp_path / "rotated.key"
    assert "written to" in grid.run("keys", "rotate", key_id, "--out", str(secret)).stdout
    assert secret.read_text().startswith(key_id)
    below = grid.json("keys", "create", "--scope", "consume", "--below", key_id)
    assert below["key"]["parent_key_id"] == key_id
    grid.run("keys", "revoke", key_id)
    listed = {each["key_id"]: each for each in grid.json("keys", "list")}
    assert "revoke_time" in listed[below["key"]["key_id"]]


def test_settings_notices_and_webhooks(grid: Grid) -> None:
    changed = grid.json("settings", "--day-ceiling", "25", "--notice-lot", "600")
    assert changed["auto_buy_day_ceiling_micros"] == "25000000"
    shown = grid.run("settings", "--notice-tokens", "5").stdout
    assert "600 s before" in shown
    assert "of $25.00" in shown
    assert isinstance(grid.json("notices"), list)
    made = grid.json("webhooks", "create", "https://example.com/hook", "--kind", "lot_expiring")
    assert made["secret"].startswith("whsec_")
    webhook_id = made["webhook"]["webhook_id"]
    assert "lot_expiring" in grid.run("webhooks", "list").stdout
    assert "disabled" in grid.run("webhooks", "disable", webhook_id).stdout
    assert "public address" in grid.run("webhooks", "create", "https://10.0.0.1/", code=2).stderr
    grid.run("webhooks", "delete", webhook_id)
    assert grid.json("webhooks", "list") == []
    grid.run("settings", "--day-ceiling", "0", "--notice-lot", "0", "--notice-tokens", "0")
