"""`grid up`: a whole market on this machine, in the foreground until it is told to stop.
It starts the exchange, the gateway and demo suppliers as processes and speaks to them as anyone.
"""

from pathlib import Path

import click


@click.command()
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("data"),
    show_default=True,
    envvar="DATA",
    help="Folder for journal, keys and logs.",
)
@click.option(
    "--http-port",
    type=click.IntRange(0, 65_535),
    default=8080,
    show_default=True,
    envvar="HTTP_PORT",
    help="Port of the OpenAI-compatible gateway; 0 for a free one.",
)
@click.option(
    "--grpc-port",
    type=click.IntRange(0, 65_535),
    default=50_051,
    show_default=True,
    envvar="GRPC_PORT",
    help="Port of the exchange; 0 for a free one.",
)
@click.option(
    "--upstream",
    metavar="URL",
    envvar="UPSTREAM",
    default="",
    help="An OpenAI-compatible server, such as http://127.0.0.1:8000/v1: one of the two "
    "suppliers then serves with it. Its key is read from UPSTREAM_KEY.",
)
@click.option(
    "--model",
    metavar="NAME",
    envvar="MODEL",
    default="",
    help="The model that the upstream is asked for.",
)
@click.option(
    "--otlp-endpoint",
    metavar="URL",
    envvar="OTLP_ENDPOINT",
    default="",
    help="Collector of traces and metrics by OTLP/HTTP, such as http://127.0.0.1:4318.",
)
@click.option("--json", "as_json", is_flag=True, help="Say READY as one JSON object.")
def up(
    data: Path,
    http_port: int,
    grpc_port: int,
    upstream: str,
    model: str,
    otlp_endpoint: str,
    as_json: bool,
) -> None:
    """Run a whole market here: exchange, gateway, instruments, two suppliers, one consumer.

    The suppliers are demo models built in, unless UPSTREAM and MODEL name a real one. Prints READY
    with an address and a key for any OpenAI client. Everything survives a restart; Ctrl-C drains
    it and stops. Keys lie in the data folder, readable by you alone.
    """
    from thegrid.cli.up.plan import PlanError, make_plan
    from thegrid.cli.up.run import run

    try:
        plan = make_plan(data, http_port, grpc_port, upstream, model, otlp_endpoint)
    except PlanError as problem:
        raise click.UsageError(str(problem)) from None
    raise SystemExit(run(plan, as_json=as_json))
