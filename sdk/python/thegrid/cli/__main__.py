"""Starts the command `grid`, or says what to install when its libraries are absent.
What the command can do stands in `app` and the files beside it.
"""

import sys


def main() -> None:
    """Run the command line and exit with its status."""
    try:
        from thegrid.cli.app import grid
    except ModuleNotFoundError as missing:
        if missing.name not in ("click", "rich"):
            raise
        print(
            f"grid needs {missing.name}, which is not installed\n"
            "what to do: pip install 'thegrid[cli]'",
            file=sys.stderr,
        )
        sys.exit(2)
    grid()


if __name__ == "__main__":
    main()
