# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What markers of regions and timed calls cost the program that has them."""

import json
import os
import statistics
import subprocess

from stats import Table, mad_percent, three_digits, verdict

IDLE_COUNT, WATCHED_COUNT = 2_000_000, 700

# name, what the driver is told, which figure, of calls without a watcher, target in ns
ROWS = [
    ("a marker, nobody looks", None, "marker", IDLE_COUNT, 1),
    ("a marker, watched", ["-r", "overhead"], "marker", WATCHED_COUNT, 1000),
    ("a marker, each pair sent", ["-e", "-r", "overhead"], "marker", WATCHED_COUNT, 1000),
    ("a call, watched", ["-f", "pushes"], "pushes", WATCHED_COUNT, None),
    ("a call, begin stepped", ["-f", "moves"], "moves", WATCHED_COUNT, None),
]


def figure(config, options, name, count):
    command = [config.program("marks"), str(count)]
    if options is not None:
        driver = os.path.join(config.build, "tests", "bpf", "driver_calls")
        command = [driver, *options, *command]
    done = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    for line in (done.stdout + done.stderr).splitlines():
        if line.startswith('{"marker"'):
            return json.loads(line)[name]
    raise RuntimeError(f"{command} said nothing: {done.stderr}")


def run(config, report):
    found = {row[0]: [] for row in ROWS}
    for _ in range(config.snapshot_rounds):
        config.patience.wait()
        for name, options, which, count, _ in ROWS:
            found[name].append(figure(config, options, which, count))
    table = Table("Regions and calls", "", "ns", "spread", "target")
    for name, _, _, _, target in ROWS:
        middle = statistics.median(found[name])
        table.add(name, three_digits(middle), f"{mad_percent(found[name]):.1f} %",
                  verdict(middle, target))
    table.note("Of a call both its begin and its return. A begin is stepped when its first "
               "instruction is none of the few that the kernel does by itself.")
    report(table)
