# SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
"""The driver of counted calls: run it, and read what it says."""
import json
import subprocess

from lib import SLOW, Failed, trigger

DRIVER = trigger("driver_calls")
COUNTERS = ("events", "threads", "deep", "returns", "left", "codes")


class Counted:
    """What the driver said."""

    def __init__(self, process):
        output, self.errors = process.communicate(timeout=60 * SLOW)
        self.code = process.returncode
        lines = [json.loads(line) for line in output.splitlines() if line.startswith("{\"")]
        self.calls = [line for line in lines if "call" in line]
        self.end = next((line for line in lines if "rows" in line), None)
        if self.end:
            self.counters = dict(zip(COUNTERS, self.end["counters"]))

    def row(self, name):
        rows = [row for row in self.end["rows"] if row["name"] == name]
        if len(rows) != 1:
            raise Failed(f"{len(rows)} rows for {name}; {self.errors.strip()}")
        return rows[0]

    def counts(self, name):
        row = self.row(name)
        return row["calls"], row["primitive_calls"], row["returned"]


def start(options, command=(), env=None):
    return subprocess.Popen([DRIVER, *options, *command], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, env=env)


def count(options, command=(), env=None, status=0):
    counted = Counted(start(options, command, env))
    if not counted.end:
        raise Failed(f"the driver failed: {counted.errors.strip()}")
    if counted.end["status"] != status:
        raise Failed(f"the command's exit status is {counted.end['status']}: {counted.errors}")
    return counted


def refused(options, command=()):
    counted = Counted(start(options, command))
    if counted.end:
        raise Failed("the driver did not fail")
    return counted.errors
