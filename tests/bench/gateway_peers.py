"""The gateway beside LiteLLM, Portkey and Rust routers: the same upstream, load, core and minutes.

Ours runs with everything on, against a real exchange: each call is authenticated, admitted,
reserved for, counted and settled durably; the others forward, with keys, databases and logs off.
Every gateway has one worker on one core; upstream, load, exchange and agent share another. Rounds
are interleaved, figures are medians of rounds. The others are installed, pinned, on first use.
"""

import argparse
import asyncio
import contextlib
import statistics
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import psutil

from tests.bench import _peers
from tests.bench._load import Load, request_bytes, run_load
from tests.bench._processes import memory_mb, pin, tree_cpu_s
from tests.bench.gateway import KEY, Setup, child, direct, free_port, wait_for, whole
from tests.support.exchange import SYMBOL

WIDE = 32
LIVE = 50
PROMPT = "Say hello in five words."
PACED = "mode=gap:20"
READY_TRIES = 240
"""Quarters of a second a gateway may take to answer its first call."""


@dataclass(frozen=True)
class Scene:
    """One kind of load: streamed or not, how many callers, what they say, calls per round."""

    name: str
    stream: bool
    callers: int
    calls: int
    prompt: str = PROMPT


SCENES = (
    Scene("plain x1", False, 1, 400),
    Scene(f"plain x{WIDE}", False, WIDE, 3_000),
    Scene("stream x1", True, 1, 200),
    Scene(f"stream x{WIDE}", True, WIDE, 1_000),
    Scene(f"{LIVE} live", True, LIVE, 200, PACED),
)


@dataclass
class Contestant:
    """What is loaded, and where it stands on the machine."""

    setup: Setup
    model: str
    headers: dict[str, str]

    def request(self, scene: Scene) -> bytes:
        """Answer one call as it goes over the wire."""
        plain = request_bytes(self.model, self.setup.key, stream=scene.stream, prompt=scene.prompt)
        head, body = plain.split(b"\r\n\r\n", 1)
        more = "".join(f"\r\n{name}: {value}" for name, value in self.headers.items())
        return head + more.encode() + b"\r\n\r\n" + body

    def cpu_s(self) -> dict[str, float]:
        """Seconds of CPU so far, by process, each with its children."""
        return {name: tree_cpu_s(process) for name, process in self.setup.processes.items()}


@dataclass(frozen=True)
class Row:
    """What one scene of one round measured."""

    rate: float
    p50: float
    p95: float
    p99: float
    first_p50: float
    first_p99: float
    cpu_ms: dict[str, float]
    bad: int


def _wait_for_answer(port: int, contestant: Contestant) -> None:
    scene = SCENES[0]
    body = contestant.request(scene).split(b"\r\n\r\n", 1)[1]
    headers = {
        "content-type": "application/json",
        "authorization": f"Bearer {contestant.setup.key}",
        **contestant.headers,
    }
    url = f"http://127.0.0.1:{port}/v1/chat/completions"
    for _ in range(READY_TRIES):
        try:
            urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=10).read()
            return
        except (urllib.error.URLError, OSError):
            with contextlib.suppress(psutil.TimeoutExpired):
                psutil.Process().wait(0.25)
    raise RuntimeError(f"{contestant.setup.name} answers no call on port {port}")


@contextlib.contextmanager
def peer(name: str) -> Iterator[Contestant]:
    """One of the others, before an upstream of its own."""
    found, port, up = _peers.PEERS[name], free_port(), free_port()
    with (
        child("tests.support.upstream", str(up)) as upstream,
        _peers.serving(found, port, up) as process,
    ):
        pin([upstream], 1)
        setup = Setup(found.name, port, _peers.KEY, {"gateway": process})
        contestant = Contestant(setup, _peers.MODEL, found.headers(up))
        _wait_for_answer(port, contestant)
        yield contestant


@contextlib.contextmanager
def ours() -> Iterator[Contestant]:
    """The whole house, everything on."""
    with whole() as setup:
        setup.name = "The Grid, everything on"
        rest = [process for name, process in setup.processes.items() if name != "gateway"]
        pin(rest, 1)
        contestant = Contestant(setup, SYMBOL, {})
        _wait_for_answer(setup.port, contestant)
        yield contestant


@contextlib.contextmanager
def bare() -> Iterator[Contestant]:
    """The upstream alone: what the others' latencies are added to."""
    with direct() as setup:
        wait_for(setup.port)
        setup.key = KEY
        yield Contestant(setup, _peers.MODEL, {})


def measure(contestant: Contestant, scene: Scene) -> Row:
    """Run one scene once."""
    request = contestant.request(scene)
    if gateway := contestant.setup.processes.get("gateway"):
        pin([gateway], 0)
    before = contestant.cpu_s()
    load = asyncio.run(
        run_load(contestant.setup.port, request, connections=scene.callers, calls=scene.calls)
    )
    spent = {name: after - before[name] for name, after in contestant.cpu_s().items()}
    cpu = {name: seconds / scene.calls * 1_000 for name, seconds in spent.items()}
    return _row(load, scene.calls, cpu)


def _row(load: Load, calls: int, cpu_ms: dict[str, float]) -> Row:
    return Row(
        rate=(calls - load.bad) / load.wall_s,
        p50=load.millis(0.5),
        p95=load.millis(0.95),
        p99=load.millis(0.99),
        first_p50=load.millis(0.5, "first_s"),
        first_p99=load.millis(0.99, "first_s"),
        cpu_ms=cpu_ms,
        bad=load.bad,
    )


def _median(rows: list[Row], figure: str) -> float:
    return statistics.median(getattr(row, figure) for row in rows)


def report(rows: dict[tuple[str, str], list[Row]], names: list[str]) -> None:
    """Print the medians, each gateway's latency less the bare upstream's."""
    print(
        f"\n{'':<25}{'':<11}{'calls/s':>8}{'+p50':>8}{'+p95':>8}{'+p99':>8}"
        f"{'+first50':>10}{'+first99':>10}  CPU ms/call"
    )
    for scene in SCENES:
        base = rows[("direct to upstream", scene.name)]
        for name in names:
            those = rows[(name, scene.name)]
            less = 0.0 if those is base else 1.0
            figures = [
                _median(those, figure) - less * _median(base, figure)
                for figure in ("p50", "p95", "p99", "first_p50", "first_p99")
            ]
            cpu = {
                process: statistics.median(row.cpu_ms[process] for row in those)
                for process in those[0].cpu_ms
            }
            said = "  ".join(f"{process} {figure:.3f}" for process, figure in cpu.items())
            if "exchange" in cpu:
                said += f"  ({1_000 / cpu['exchange']:.0f} calls/s per exchange core)"
            bad = sum(row.bad for row in those)
            print(
                f"{name:<25}{scene.name:<11}{_median(those, 'rate'):>8.0f}"
                + "".join(f"{figure:>8.2f}" for figure in figures[:3])
                + "".join(f"{figure:>10.2f}" for figure in figures[3:])
                + f"  {said}{f'  BAD {bad}' if bad else ''}"
            )
        print()


class Figures:
    """What all rounds measured, and the most memory each process was seen with."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], list[Row]] = defaultdict(list)
        self.peak_mb: dict[str, float] = defaultdict(float)

    def take(self, contestant: Contestant, *, counts: bool) -> None:
        """Run every scene once; the first round only warms up."""
        setup = contestant.setup
        print(f"{'measuring' if counts else 'warming up'}: {setup.name}", flush=True)
        for scene in SCENES:
            row = measure(contestant, scene)
            if counts:
                self.rows[(setup.name, scene.name)].append(row)
            for name, process in setup.processes.items():
                key = f"{setup.name}: {name}"
                self.peak_mb[key] = max(self.peak_mb[key], memory_mb(process))


def main(names: list[str], rounds: int) -> None:
    """Measure the gateways named, or all, in interleaved rounds."""
    print(f"beside: {_peers.versions()}; latencies in ms, less the bare upstream's")
    for name in names:
        _peers.PEERS[name].install()
    figures = Figures()
    with contextlib.ExitStack() as stack:
        pin([psutil.Process()], 1)
        contestants = [stack.enter_context(bare()), stack.enter_context(ours())]
        contestants += [stack.enter_context(peer(name)) for name in names]
        for number in range(rounds + 1):
            for contestant in contestants:
                figures.take(contestant, counts=number > 0)
    report(figures.rows, [contestant.setup.name for contestant in contestants])
    for key, megabytes in figures.peak_mb.items():
        print(f"{key}: at most {megabytes:.0f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peers", nargs="*", help=f"which of {', '.join(_peers.PEERS)}; none: all")
    parser.add_argument(
        "--rounds", type=int, default=3, help="measured rounds, after one to warm up"
    )
    arguments = parser.parse_args()
    if unknown := set(arguments.peers) - set(_peers.PEERS):
        parser.error(f"there is no gateway {', '.join(sorted(unknown))}")
    main(arguments.peers or list(_peers.PEERS), arguments.rounds)
