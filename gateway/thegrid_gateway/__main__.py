"""Starts the command `grid-gateway`, or says what to install when its libraries are absent.
What the command can do stands in `command`.
"""

import sys


def main() -> None:
    """Run the command line."""
    try:
        from thegrid_gateway import command
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("thegrid"):
            raise
        print(
            f"grid-gateway needs {missing.name}, which is not installed\n"
            "what to do: pip install 'thegrid[gateway]'",
            file=sys.stderr,
        )
        sys.exit(2)
    command.main()


if __name__ == "__main__":
    main()
