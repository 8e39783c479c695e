"""Processes under measurement: what they used, and keeping them to one core.

What runs in them and what is asked of them is each bench's own.
"""

import contextlib

import psutil


def tree(process: psutil.Process) -> list[psutil.Process]:
    """A process and all that it started."""
    return [process, *process.children(recursive=True)]


def tree_cpu_s(process: psutil.Process) -> float:
    """Seconds of CPU that a process and its children have used so far."""
    total = 0.0
    for part in tree(process):
        with contextlib.suppress(psutil.NoSuchProcess):
            times = part.cpu_times()
            total += times.user + times.system
    return total


def memory_mb(process: psutil.Process) -> float:
    """Resident megabytes of a process and its children."""
    return sum(float(part.memory_info().rss) for part in tree(process)) / 2**20


def pin(processes: list[psutil.Process], core: int) -> None:
    """Keep processes and their threads on one core, where the system knows how and has two."""
    if (psutil.cpu_count() or 1) < 2 or not hasattr(psutil.Process, "cpu_affinity"):
        return
    for process in processes:
        for part in tree(process):
            for thread in part.threads():
                with contextlib.suppress(psutil.NoSuchProcess):
                    psutil.Process(thread.id).cpu_affinity([core])
