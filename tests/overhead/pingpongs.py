# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""CPU per round trip with ppbpf and its peers attached, against nothing attached."""

import os
import random
import statistics
import sys

from stats import Table, mad_percent, median_interval, three_digits, verdict
from tools import Worker, conditions

TITLES = {
    "pipe1": "Pipe ping-pong, both ends on one CPU",
    "pipe2": "Pipe ping-pong, ends on two CPUs",
    "pipe2poll": "Pipe ping-pong, ends on two CPUs, idle CPUs polling",
    "tcp1": "TCP loopback ping-pong (64 B), both ends on one CPU",
    "tcp2poll": "TCP loopback ping-pong (64 B), ends on two CPUs, idle CPUs polling",
    "tcp0": "TCP loopback, one process at both ends (no switch, only the network's hooks)",
    "unix1": "Unix socket ping-pong (64 B), both ends on one CPU",
    "unix0": "Unix socket, one process at both ends (no switch, only the sock hooks)",
}


# A visit is many short batches and counts by their median: a neighbour that
# comes and goes, or the hypervisor, then moves a few batches, not the visit.
BATCHES = 15


def kinds_here():
    can_poll = os.path.exists("/dev/cpu_dma_latency")
    return [kind for kind in TITLES if can_poll or not kind.endswith("poll")]


def calibrate(worker, kind, seconds):
    """Trips of a batch, for visits of so many seconds."""
    worker.ask(f"{kind} 1000")
    wall = int(worker.ask(f"{kind} 1000").split()[1])
    return max(50, int(1000 * seconds / BATCHES * 1e9 / wall))


def measure(worker, kinds, trips):
    """{kind: (cpu, wall)} in ns a round trip, with what is attached now."""
    result = {}
    for kind in random.sample(kinds, len(kinds)):
        worker.ask(f"{kind} {trips[kind]}")
        batches = [worker.ask(f"{kind} {trips[kind]}").split() for _ in range(BATCHES)]
        result[kind] = tuple(statistics.median(int(batch[i]) for batch in batches) / trips[kind]
                             for i in (0, 1))
    return result


def one_round(worker, chosen, kinds, trips, directory):
    """{condition: {kind: (cpu, wall)}}, in random order."""
    results = {}
    for condition in random.sample(chosen, len(chosen)):
        running = condition.start(worker.pid, directory)
        if condition.why_not:
            continue
        measured = measure(worker, kinds, trips)
        if running:
            condition.stop(running)
        if not condition.why_not:
            results[condition.name] = measured
    return results


def compare(condition, base, rounds, kind):
    """Cells of a row: medians over rounds, ratios paired within a round."""
    both = [(r[condition.name][kind], r[base.name][kind]) for r in rounds
            if condition.name in r and base.name in r]
    cpu = [mine[0] for mine, _ in both]
    ratios = [mine[0] / other[0] for mine, other in both]
    wall = statistics.median(mine[1] / other[1] for mine, other in both)
    ratio = statistics.median(ratios)
    interval = median_interval(ratios)
    shown = f"{interval[0]:.3f} to {interval[1]:.3f}" if interval else "-"
    target = condition.targets.get(kind)
    return [condition.name, len(both), three_digits(statistics.median(cpu) / 1000),
            f"{mad_percent(cpu):.1f}", "" if condition is base else f"{ratio:.3f}",
            "" if condition is base else shown,
            "" if condition is base else f"{wall:.3f}", verdict(ratio, target)]


def table(kind, everyone, rounds):
    result = Table(TITLES[kind], "attached", "rounds", "CPU us/trip", "MAD %", "ratio",
                   "95 % interval", "wall ratio", "target")
    base = everyone[0]
    for condition in everyone:
        if any(condition.name in r for r in rounds):
            result.add(*compare(condition, base, rounds, kind))
    return result


def run(config, report):
    everyone = conditions(config.ppbpf, config.peers_every)
    kinds = kinds_here()
    rounds = []
    with Worker(config.program("pingpong"), str(config.cpu), str(config.other_cpu)) as worker:
        trips = {kind: calibrate(worker, kind, config.batch_seconds) for kind in kinds}
        for number in range(config.rounds):
            config.patience.wait()
            chosen = [c for c in everyone
                      if not c.why_not and number % c.every == 0]
            rounds.append(one_round(worker, chosen, kinds, trips, config.directory))
            print(f"\rping-pong round {number + 1} of {config.rounds}", end="",
                  file=sys.stderr, flush=True)
    print(file=sys.stderr)
    for kind in kinds:
        report(table(kind, everyone, rounds))
    skipped = Table("Left out of the ping-pongs")
    for condition in everyone:
        if condition.why_not:
            skipped.note(f"{condition.name}: {condition.why_not}")
    if skipped.notes:
        report(skipped)
