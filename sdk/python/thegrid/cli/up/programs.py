"""What each process of `grid up` is told: variables of exchange and gateway, suppliers' arguments.
When they are started and stopped stands in `run`.
"""

from thegrid.cli.catalogue import Entry
from thegrid.cli.up.plan import HOST, Plan
from thegrid.cli.up.seed import GATEWAY, SUPPLIERS
from thegrid.money import dollars

# The demo suppliers keep this much of each instrument on offer.
_QUANTITY_UNITS = 20


def exchange_env(plan: Plan) -> dict[str, str]:
    """Return the settings of the exchange."""
    return {
        "GRID_DATA": str(plan.data),
        "GRID_GRPC_HOST": HOST,
        "GRID_GRPC_PORT": str(plan.grpc_port),
        "GRID_OPERATOR_HOST": HOST,
        "GRID_OPERATOR_PORT": str(plan.operator_port),
        # A laptop's exchange is off for weeks; whoever starts it here is its operator.
        "GRID_ACCEPT_CLOCK_JUMP": "true",
        "GRID_OTLP_ENDPOINT": plan.otlp_endpoint,
    }


def gateway_env(plan: Plan) -> dict[str, str]:
    """Return the settings of the gateway."""
    return {
        "GRID_GATEWAY_HOST": HOST,
        "GRID_GATEWAY_PORT": str(plan.http_port),
        "GRID_GATEWAY_GRPC": plan.grpc,
        "GRID_GATEWAY_GRPC_TLS": "off",
        "GRID_GATEWAY_KEY_FILE": str(plan.key_file(GATEWAY)),
        "GRID_GATEWAY_OTLP_ENDPOINT": plan.otlp_endpoint,
    }


def supplier_env(plan: Plan, secret: str) -> dict[str, str]:
    """Return the settings of a supplier."""
    return {
        "GRID_GRPC": plan.grpc,
        "GRID_TLS": "off",
        "GRID_API_KEY": secret,
        "GRID_OTLP_ENDPOINT": plan.otlp_endpoint,
    }


def is_upstream(plan: Plan, number: int) -> bool:
    """Tell whether a supplier serves with the upstream: the last one does, if there is one."""
    return bool(plan.upstream) and number == len(SUPPLIERS) - 1


def supplies(plan: Plan, entry: Entry, number: int) -> bool:
    """Tell whether a supplier has an instrument: no upstream makes vectors of the demo's space."""
    return not (is_upstream(plan, number) and entry.spec.HasField("embedding"))


def ask_micros(plan: Plan, entry: Entry, number: int) -> int:
    """Return what a supplier asks per Unit: the upstream the least, so that calls go to it."""
    steps = -1 if is_upstream(plan, number) else number
    return entry.demo_price_micros + steps * entry.terms.tick_size_micros


def lowest_ask_micros(plan: Plan, entry: Entry) -> int:
    """Return the lowest price that our suppliers ask for an instrument."""
    numbers = range(len(SUPPLIERS))
    return min(ask_micros(plan, entry, n) for n in numbers if supplies(plan, entry, n))


def supplier_arguments(plan: Plan, catalogue: list[Entry], number: int) -> list[str]:
    """Return the command line of a supplier."""
    arguments = ["thegrid.cli", "supply", "--units", str(_QUANTITY_UNITS)]
    if is_upstream(plan, number):
        arguments += ["--upstream", plan.upstream, "--model", plan.model]
    else:
        arguments += ["--demo"]
    for entry in (each for each in catalogue if supplies(plan, each, number)):
        price = dollars(ask_micros(plan, entry, number))
        arguments += ["--instrument", f"{entry.symbol}={price}"]
    return arguments
