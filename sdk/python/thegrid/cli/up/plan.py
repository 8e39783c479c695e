"""What `grid up` is to start, checked before anything is touched: folder, ports, upstream.
How it is started stands in `children`, what is put into it in `seed`.
"""

import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

HOST = "127.0.0.1"
_OPERATOR_PORT = 9464


class PlanError(ValueError):
    """Something stands in the way; the message names it and says what to do."""


@dataclass(frozen=True)
class Plan:
    """Everything that is decided before the start. Ports are real: none of them is 0."""

    data: Path
    http_port: int
    grpc_port: int
    operator_port: int
    upstream: str = ""
    model: str = ""
    otlp_endpoint: str = ""

    @property
    def grpc(self) -> str:
        """Address of the exchange."""
        return f"{HOST}:{self.grpc_port}"

    @property
    def base_url(self) -> str:
        """Address that an OpenAI client is given."""
        return f"http://{HOST}:{self.http_port}/v1"

    @property
    def readiness_url(self) -> str:
        """Address at which the gateway says whether it takes calls."""
        return f"http://{HOST}:{self.http_port}/readyz"

    @property
    def operator_key_file(self) -> Path:
        """Where the exchange writes the operator's secret at its first start."""
        return self.data / "operator.key"

    def key_file(self, name: str) -> Path:
        """Where the secret of one of our own members lies."""
        return self.data / "keys" / f"{name}.key"

    def log_file(self, name: str) -> Path:
        """Where the output of one of our processes goes."""
        return self.data / "logs" / f"{name}.log"


def make_plan(
    data: Path,
    http_port: int,
    grpc_port: int,
    upstream: str = "",
    model: str = "",
    otlp_endpoint: str = "",
) -> Plan:
    """Return a plan that can be carried out. Raises PlanError naming what is in the way."""
    if bool(upstream) != bool(model):
        missing = "MODEL (--model)" if upstream else "UPSTREAM (--upstream)"
        raise PlanError(f"{missing}: a real supplier needs both UPSTREAM and MODEL; set it too")
    if upstream and urlsplit(upstream).scheme not in ("http", "https"):
        raise PlanError(
            f"UPSTREAM (--upstream): {upstream!r} is no http address; give the base address of an "
            "OpenAI-compatible server, such as http://127.0.0.1:8000/v1"
        )
    if http_port and http_port == grpc_port:
        raise PlanError(f"HTTP_PORT and GRPC_PORT are both {http_port}; choose two different ports")
    if data.exists() and not data.is_dir():
        raise PlanError(f"DATA (--data): {data} is no folder; name another")
    return Plan(
        data=data.absolute(),
        http_port=_port(http_port, "HTTP_PORT", "--http-port"),
        grpc_port=_port(grpc_port, "GRPC_PORT", "--grpc-port"),
        # Whoever leaves the other ports to chance runs several markets: only one can have this.
        operator_port=_OPERATOR_PORT if grpc_port and is_free(_OPERATOR_PORT) else free_port(),
        upstream=upstream,
        model=model,
        otlp_endpoint=otlp_endpoint,
    )


def is_free(port: int) -> bool:
    """Tell whether a port can be listened on."""
    with socket.socket() as probe:
        # As the servers do: a port whose last connections are still closing is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _port(port: int, variable: str, option: str) -> int:
    if port == 0:
        return free_port()
    if not is_free(port):
        raise PlanError(
            f"{variable} ({option}): port {port} is taken; is another `grid up` running? "
            f"stop it, or choose another port: make up {variable}={port + 1}"
        )
    return port
