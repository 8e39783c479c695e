"""Becomes another program that ends when its parent does, however the parent ends.
Run as `python -m thegrid.cli.up.launch PROGRAM ARGUMENT...`; it imports nothing of ours.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask the kernel for the signal, where it can send one, and become the program."""
    parent = int(os.environ.pop("GRID_UP_PARENT", "0"))
    if sys.platform == "linux":
        # It outlives the exec below, which is why a launcher is enough and no guard is needed.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if parent and os.getppid() != parent:
        sys.exit(1)
    os.execv(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
