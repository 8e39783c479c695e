"""How `grid up` comes and goes: checks before it starts, keeps what it made, lets nothing linger.
What is done in the market it starts is in test_command_line.
"""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.support.grid_up import House, grid_up
from thegrid import Client
from thegrid.cli.catalogue import catalogue_text, read_catalogue
from thegrid.cli.secrets import read_secret, write_secret
from thegrid.cli.up.banner import guide, ready_json, ready_line
from thegrid.cli.up.children import Child, ChildDied, stop
from thegrid.cli.up.plan import HOST, PlanError, free_port, make_plan
from thegrid.cli.up.programs import lowest_ask_micros, supplier_arguments
from thegrid.supplier.hashed import DIMENSIONS, SPACE
from thegrid.v1 import accounts_pb2

INSTRUMENTS = len(read_catalogue(catalogue_text()))


def until(is_so: Callable[[], object], within_s: float = 20.0) -> None:
    ends_at_s = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < ends_at_s, "it did not come about"
        time.sleep(0.05)


# ---- before the start --------------------------------------------------------------------------


@pytest.mark.parametrize("variable", ["HTTP_PORT", "GRPC_PORT"])
def test_a_taken_port_is_named_before_data_is_touched(tmp_path: Path, variable: str) -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        ports = {"HTTP_PORT": 0, "GRPC_PORT": 0, variable: port}
        done = subprocess.run(
            [sys.executable, "-m", "thegrid.cli", "up", "--data", str(tmp_path / "data")],
            env=os.environ | {name: str(value) for name, value in ports.items()},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 2
    assert f"{variable} " in done.stderr
    assert str(port) in done.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("upstream", "model", "named"),
    [
        ("http://127.0.0.1:1/v1", "", "MODEL"),
        ("", "llama", "UPSTREAM"),
        ("ftp://x", "llama", "UPSTREAM"),
    ],
)
def test_an_upstream_needs_a_model_and_an_address(
    tmp_path: Path, upstream: str, model: str, named: str
) -> None:
    with pytest.raises(PlanError, match=named):
        make_plan(tmp_path, 0, 0, upstream, model)


def test_two_equal_ports_and_a_file_for_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="HTTP_PORT and GRPC_PORT"):
        make_plan(tmp_path, 4_000, 4_000)
    file = tmp_path / "file"
    file.write_text("", "utf-8")
    with pytest.raises(PlanError, match="DATA"):
        make_plan(file, 0, 0)


def test_the_catalogue_is_contracts_that_a_market_can_be_made_of() -> None:
    catalogue = read_catalogue(catalogue_text())
    assert [entry.symbol for entry in catalogue] == [
        *(
            f"{family}-{tier}"
            for family in ("text", "code", "agent")
            for tier in ("standard", "prime", "max")
        ),
        "embedding-ngrams",
    ]
    assert catalogue[-1].spec.embedding.space == SPACE
    assert catalogue[-1].spec.embedding.dimensions == DIMENSIONS
    for entry in catalogue:
        assert entry.demo_price_micros % entry.terms.tick_size_micros == 0
        limits = [band.first_token_max_us for band in entry.spec.first_token_bands]
        assert limits == sorted(limits)
    for wrong in ("version = 1", "not toml ["):
        with pytest.raises(ValueError, match="catalogue"):
            read_catalogue(wrong)


def test_an_upstream_is_offered_for_less_than_the_demo_model(tmp_path: Path) -> None:
    catalogue = read_catalogue(catalogue_text())
    plan = make_plan(tmp_path, 0, 0, "http://127.0.0.1:1/v1", "llama")
    demo, real = (supplier_arguments(plan, catalogue, number) for number in (0, 1))
    assert "--demo" in demo
    assert "text-prime=1.200000" in demo
    assert "--demo" not in real
    assert "text-prime=1.199000" in real
    assert real[real.index("--model") + 1] == "llama"
    # No upstream makes the demo's vectors.
    assert "embedding-ngrams=0.020000" in demo
    assert not any("embedding" in argument for argument in real)
    assert lowest_ask_micros(plan, catalogue[-1]) == 20_000


def test_what_is_printed_names_the_demo_for_what_it_is(tmp_path: Path) -> None:
    catalogue = read_catalogue(catalogue_text())
    plan = make_plan(tmp_path, 0, 0)
    assert re.fullmatch(
        r"READY base_url=http://127.0.0.1:\d+/v1 api_key=k.s grpc=127.0.0.1:\d+",
        ready_line(plan, "k.s"),
    )
    assert "no real intelligence" in guide(plan, "k.s", catalogue)


def test_secrets_are_for_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    assert read_secret(path) is None
    write_secret(path, "one")
    write_secret(path, "two")
    assert read_secret(path) == "two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["a.key"]


# ---- processes ---------------------------------------------------------------------------------


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    (tmp_path / "fails.py").write_text("import sys; print('no such thing'); sys.exit(9)", "utf-8")
    (tmp_path / "waits.py").write_text(
        "import time; print('up', flush=True); time.sleep(99)", "utf-8"
    )
    (tmp_path / "stubborn.py").write_text(
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "print('up', flush=True); time.sleep(99)",
        "utf-8",
    )
    return tmp_path


def child(programs: Path, name: str) -> Child:
    log_file = programs / "logs" / f"{name}.log"
    return Child(name, [name], {"PYTHONPATH": str(programs)}, log_file)


def test_a_process_that_ends_says_why(programs: Path) -> None:
    failing = child(programs, "fails")
    failing.start()
    until(lambda: not failing.is_running)
    with pytest.raises(ChildDied, match=r"status 9\n  no such thing"):
        failing.require()


def test_a_process_that_will_not_stop_is_killed_and_named(programs: Path) -> None:
    waiting, stubborn = child(programs, "waits"), child(programs, "stubborn")
    for each in (waiting, stubborn):
        each.start()
    until(lambda: "up" in waiting.last_words() and "up" in stubborn.last_words())
    assert stop([waiting, stubborn], 0.5) == ["stubborn"]
    assert not waiting.is_running
    assert not stubborn.is_running


# ---- the whole market --------------------------------------------------------------------------


def asks(client: Client) -> dict[str, int]:
    return {
        market.symbol: market.best_ask_micros
        for market in client.market_data.list()
        if market.HasField("best_ask_micros")
    }


def use(house: House) -> None:
    """Do what the printed snippets do, as pasted."""
    plan = guide_of(house)
    python = re.search(r"<<'PYTHON'\n(.*)\nPYTHON", plan, re.S)
    curl = re.search(r"^curl .*?'$", plan, re.S | re.M)
    assert python is not None
    assert curl is not None
    told = subprocess.run(
        [sys.executable, "-c", python.group(1)], capture_output=True, text=True, check=False
    )
    assert "You said: Hello" in told.stdout, told.stderr + house.logs()
    streamed = subprocess.run(curl.group(), shell=True, capture_output=True, text=True, check=True)
    assert "data: [DONE]" in streamed.stdout, house.logs()


def guide_of(house: House) -> str:
    plan = make_plan(house.data, 0, 0)
    http_port = int(house.base_url.rsplit(":", 1)[1].removesuffix("/v1"))
    grpc_port = int(house.grpc.rsplit(":", 1)[1])
    real = type(plan)(house.data, http_port, grpc_port, plan.operator_port)
    return guide(real, house.api_key, read_catalogue(catalogue_text()))


@pytest.mark.slow
def test_a_market_is_found_again_as_it_was_left_a_day_later(tmp_path: Path) -> None:
    with grid_up(tmp_path) as house, Client(house.grpc, house.api_key) as client:
        use(house)
        assert len(asks(client)) == INSTRUMENTS
        client.orders.buy("code-max", 1)
        first, spent = house, client.accounts.balances().cash
        records = {record.usage_id for record in client.usage.list()}
        keys = {path.name: read_secret(path) for path in (tmp_path / "keys").iterdir()}
    with grid_up(tmp_path, GRID_CLOCK_OFFSET_S="86400") as house:
        assert house.api_key == first.api_key
        assert {p.name: read_secret(p) for p in (tmp_path / "keys").iterdir()} == keys
        with Client(house.grpc, house.api_key) as client:
            assert len(asks(client)) == INSTRUMENTS
            assert client.accounts.balances().cash.available_micros == spent.available_micros
            assert {record.usage_id for record in client.usage.list()} == records
            use(house)
        with Client(house.grpc, read_secret(tmp_path / "operator.key")) as operator:
            handles = [member.handle for member in operator.admin.members()]
            assert len(handles) == len(set(handles)) == 5
            assert len(list(operator.instruments.list())) == INSTRUMENTS
            balance = operator.admin.trial_balance()
            assert balance.balance_time.seconds > time.time() + 86_000, "the clock was moved"
            sums: dict[str, int] = {}
            for line in balance.lines:
                sums[line.asset] = sums.get(line.asset, 0) + line.amount
            assert set(sums.values()) == {0}


@pytest.mark.slow
def test_a_supplier_that_dies_comes_back_and_nothing_outlives_its_parent(tmp_path: Path) -> None:
    with grid_up(tmp_path) as house, Client(house.grpc, house.api_key) as client:
        parent = psutil.Process(house.pid)
        killed = suppliers_of(parent)
        assert len(killed) == 2
        for supplier in killed:
            supplier.send_signal(signal.SIGKILL)
        until(lambda: len(suppliers_of(parent) - killed) == 2)
        until(lambda: len(asks(client)) == INSTRUMENTS)
        until(lambda: _answers(client))
        if sys.platform == "linux":
            children = parent.children(recursive=True)
            parent.kill()
            gone, alive = psutil.wait_procs(children, timeout=40)
            assert not alive
            assert len(gone) == 4


@pytest.mark.slow
def test_an_exchange_that_dies_ends_all_and_says_why(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "thegrid.cli", "up", "--data", str(tmp_path)],
        env=os.environ | {"HTTP_PORT": "0", "GRPC_PORT": "0", "GRID_API_KEY": "of another house"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("READY ")
        children = psutil.Process(process.pid).children()
        next(each for each in children if "thegrid_exchange" in each.cmdline()).kill()
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "the exchange ended with status -9" in said
    assert "its whole log" in said
    assert not psutil.wait_procs(children, timeout=5)[1]


@pytest.mark.slow
def test_a_sweep_leaves_the_market_supplied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slot_s, lead_s = 4 * 3600, 40
    offset_s = slot_s - int(time.time()) % slot_s - lead_s
    variables = {"GRID_CLOCK_OFFSET_S": str(offset_s % slot_s)}
    # The ids of our own writes carry our time, which must be the exchange's.
    monkeypatch.setattr("thegrid.identifiers._AHEAD_MS", offset_s % slot_s * 1_000)
    with grid_up(tmp_path, **variables) as house, Client(house.grpc, house.api_key) as client:
        before = client.market_data.get("text-prime").next_sweep_time.seconds
        client.members.update_settings(account_mode="advanced")
        client.orders.buy("text-prime", 1)
        with Client(house.grpc, read_secret(tmp_path / "keys/demo-supplier-1.key")) as supplier:
            until(lambda: client.market_data.get("text-prime").next_sweep_time.seconds > before, 90)
            until(lambda: len(asks(client)) == INSTRUMENTS)
            retired = {each.symbol: each.retired_tokens for each in supplier.supply.positions()}
        assert all(retired.values()), "the sweep retired what was unsold, and it was issued anew"
        assert [each.cause for each in client.accounts.transfers()] == [
            accounts_pb2.TRANSFER_CAUSE_SWEEP
        ]
        assert "demo model" in client.deliver("text-prime", "Hello").text()


@pytest.mark.slow
def test_a_real_upstream_serves_when_one_is_named(tmp_path: Path) -> None:
    port = free_port()
    upstream = subprocess.Popen([sys.executable, "-m", "tests.support.upstream", str(port)])
    options = ("--upstream", f"http://{HOST}:{port}/v1", "--model", "up-model")
    try:
        with grid_up(tmp_path, *options) as house, Client(house.grpc, house.api_key) as client:
            delivery = client.deliver("text-prime", "Hello", max_output_tokens=64)
            assert delivery.text() == " token" * 32
            assert delivery.started is not None
            assert delivery.started.serving_model == "up-model"
            assert delivery.usage is not None
            assert delivery.usage.draws[0].cost_price_micros == 1_199_000
    finally:
        upstream.kill()
        upstream.wait()


def suppliers_of(parent: psutil.Process) -> set[psutil.Process]:
    found = set()
    for process in parent.children():
        with contextlib.suppress(psutil.ZombieProcess, psutil.NoSuchProcess):
            if "supply" in process.cmdline():
                found.add(process)
    return found


def _answers(client: Client) -> bool:
    from thegrid import GridError

    try:
        return "demo model" in client.deliver("text-prime", "Hello").text()
    except GridError:
        return False


def test_programs_are_told_where_everything_is(tmp_path: Path) -> None:
    plan = make_plan(tmp_path / "data", 0, 0)
    told = json.loads(ready_json(plan, "key_x.y", read_catalogue(catalogue_text())))
    assert (told["base_url"], told["api_key"], told["grpc"]) == (
        plan.base_url,
        "key_x.y",
        plan.grpc,
    )
    assert "text-prime" in told["instruments"]
