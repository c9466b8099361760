# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Facts, one a line: ok, not ok with the reason, or skip with the reason."""

import glob
import os
import signal
import subprocess
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("BUILD", os.path.join(ROOT, "build")))
PPBPF = os.path.abspath(os.environ.get("PPBPF", os.path.join(BUILD, "ppbpf")))
# How many times slower this machine may be than a real one: an emulated guest (tools/check.sh).
SLOW = int(os.environ.get("CHECK_SLOW", "1"))

# A shell's background job ignores Ctrl-C, and so would all that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


class Checks:
    """Prints each fact as it is found and keeps count of the failed ones."""

    def __init__(self):
        self.failed = 0

    def ok(self, name, holds, why=""):
        if holds:
            print(f"ok - {name}", flush=True)
        else:
            self.failed += 1
            print(f"not ok - {name}: {why}", flush=True)
        return bool(holds)

    def equal(self, name, got, expected):
        return self.ok(name, got == expected, f"expected {expected!r}, got {got!r}")

    def within(self, name, got, truth, percent, unit=""):
        """Both figures are printed either way: how near matters as well."""
        if got is None:
            return self.ok(name, False, f"null, expected {truth:.6g}{unit}")
        off = 100 * (got - truth) / truth if truth else (0 if got == truth else 100)
        shown = f"{got:.9g}{unit}, expected {truth:.9g}{unit}, {off:+.2f} %"
        return self.ok(f"{name} ({shown})" if abs(off) <= percent else name,
                       abs(off) <= percent, f"{shown}, allowed {percent} %")

    def skip(self, name, why):
        print(f"skip - {name}: {why}", flush=True)

    def run(self, name, part, *arguments):
        """A part that breaks is a failed fact, not the end of the others."""
        try:
            part(self, *arguments)
        except Exception as problem:     # whatever it is, it must be told as a failure
            self.ok(name, False, f"{type(problem).__name__}: {problem}")

    def status(self):
        return 1 if self.failed else 0


def wait_for(done, seconds=10, step=0.02):
    """True as soon as done() is; False when the time is over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if done():
            return True
        time.sleep(step)
    return bool(done())


def attached(pid):
    """BPF links that the process holds: none until it has attached."""
    links = 0
    for path in glob.glob(f"/proc/{pid}/fdinfo/*"):
        try:
            with open(path) as info:
                links += "link_type:" in info.read()
        except OSError:
            pass
    return links


def wait_attached(process, seconds=10):
    """Until its links are there and no more are added."""
    def settled():
        links = attached(process.pid)
        time.sleep(0.15)
        return process.poll() is not None or (links and attached(process.pid) == links)
    return wait_for(settled, seconds) and process.poll() is None


def end(process, sig=signal.SIGTERM, seconds=10):
    """Ends a process that the test started; its status."""
    if process.poll() is None:
        process.send_signal(sig)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
