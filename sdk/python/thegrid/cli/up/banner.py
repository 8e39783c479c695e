"""What `grid up` prints when all is ready: one line for programs, and snippets that work as pasted.
Nothing is measured or started here.
"""

import json
import sys

from thegrid.cli.catalogue import Entry
from thegrid.cli.up.plan import Plan


def ready_line(plan: Plan, api_key: str) -> str:
    """Return the line that programs wait for."""
    return f"READY base_url={plan.base_url} api_key={api_key} grpc={plan.grpc}"


def ready_text(plan: Plan, api_key: str, catalogue: list[Entry]) -> str:
    """Return what people are told: the line, and the guide under it."""
    return f"{ready_line(plan, api_key)}\n{guide(plan, api_key, catalogue)}"


def ready_json(plan: Plan, api_key: str, catalogue: list[Entry]) -> str:
    """Return what programs are told: where everything is, as one JSON object."""
    told = {
        "base_url": plan.base_url,
        "api_key": api_key,
        "grpc": plan.grpc,
        "data": str(plan.data),
        "instruments": [entry.symbol for entry in catalogue],
    }
    return json.dumps(told)


def guide(plan: Plan, api_key: str, catalogue: list[Entry]) -> str:
    """Return what a newcomer reads under it."""
    served = (
        f"{plan.model} at {plan.upstream}, and a demo model (no real intelligence)"
        if plan.upstream
        else "two demo models (no real intelligence; set UPSTREAM and MODEL for a real one)"
    )
    symbols = ", ".join(entry.symbol for entry in catalogue)
    model = catalogue[0].symbol
    return f"""
Served by {served}.
Instruments, to be used as model names: {symbols}

With curl:

curl -sN {plan.base_url}/chat/completions \\
  -H 'Authorization: Bearer {api_key}' -H 'Content-Type: application/json' \\
  -d '{{"model": "{model}", "stream": true, "messages": [{{"role": "user", "content": "Hello"}}]}}'

With the OpenAI client:

{sys.executable} - <<'PYTHON'
from openai import OpenAI

client = OpenAI(base_url="{plan.base_url}", api_key="{api_key}")
answer = client.chat.completions.create(
    model="{model}", messages=[{{"role": "user", "content": "Hello"}}]
)
print(answer.choices[0].message.content, answer.usage.total_tokens)
PYTHON

As the consumer, and as the operator, in another terminal:

GRID_GRPC={plan.grpc} {_grid()} balances --key-file {plan.key_file("demo-consumer")}
GRID_GRPC={plan.grpc} {_grid()} admin members --key-file {plan.operator_key_file}

Logs: {plan.data / "logs"}. Ctrl-C stops everything; what was traded stays in {plan.data}.
"""


def _grid() -> str:
    """Return how to start this very command from any folder."""
    return f"{sys.executable} -m thegrid.cli"
