"""Starts the command `grid-exchange`, or says what to install when its libraries are absent.
What the command can do stands in `command`.
"""

import sys


def main() -> int:
    """Run the command line and answer its exit code."""
    try:
        from thegrid_exchange import command
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("thegrid"):
            raise
        print(
            f"grid-exchange needs {missing.name}, which is not installed\n"
            "what to do: pip install 'thegrid[exchange]'",
            file=sys.stderr,
        )
        return 2
    return command.main()


if __name__ == "__main__":
    sys.exit(main())
