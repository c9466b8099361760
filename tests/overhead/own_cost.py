# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What ppbpf itself uses: a snapshot, its CPU, its memory, its start, its growth."""

import json
import os
import random
import resource
import select
import shutil
import signal
import statistics
import subprocess
import sys
import time

from stats import Table, mad_percent, slope, three_digits, verdict
from tools import Running, Worker, cpu_ns, status_bytes

INTERVAL = 0.1
WARM_UP = 1.0
MIB = 1024 * 1024


def sleepers(config, kind, count):
    config.patience.wait()
    worker = Worker(config.program("sleepers"), kind, str(count))
    worker.read()
    return worker


def tasks_now():
    with open("/proc/loadavg") as loadavg:
        return int(loadavg.read().split()[3].split("/")[1])


def children_cpu():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


class Cost:
    """One run of a monitoring program, seen from outside and by itself."""

    def __init__(self, argv, seconds, directory):
        reaped = children_cpu()
        running = Running(argv, directory)
        self.problem = None
        try:
            self._watch(running, seconds)
        except (ProcessLookupError, OSError):
            self.problem = running.first_error()
        status = self._end(running)
        self.total_cpu = children_cpu() - reaped
        if status and not self.problem:
            self.problem = f"exit status {status}: {running.first_error()}"
        self.output = running.output()

    def _watch(self, running, seconds):
        time.sleep(WARM_UP)
        cpu, wall = cpu_ns(running.pid), time.monotonic_ns()
        time.sleep(max(0.5, seconds - WARM_UP - 0.4))
        self.cpu = cpu_ns(running.pid) - cpu
        self.wall = time.monotonic_ns() - wall
        self.resident = status_bytes(running.pid, "VmRSS")
        self.peak = status_bytes(running.pid, "VmHWM")
        self.anonymous = status_bytes(running.pid, "RssAnon")

    @staticmethod
    def _end(running):
        try:
            return running.process.wait(20)
        except subprocess.TimeoutExpired:
            return running.stop()

    @property
    def percent(self):
        return 100 * self.cpu / self.wall

    @property
    def cpu_per_interval(self):
        return self.cpu / (self.wall / 1e9 / INTERVAL)

    def own_report(self):
        """metadata.self, as ppbpf tells it."""
        return json.loads(self.output)["metadata"]["self"]


def monitor(config, seconds, *more):
    """A Cost of ppbpf, and its own report; raises RuntimeError when it failed."""
    argv = [config.ppbpf, "monitor", "--interval", "100", "--duration", str(seconds),
            "--json", *more]
    cost = Cost(argv, seconds, config.directory)
    if cost.problem:
        raise RuntimeError(f"{' '.join(argv[1:])}: {cost.problem}")
    return cost, cost.own_report()


def procfs_pass(config, passes=5):
    """CPU ns of a pass over /proc, a pass an interval as a monitor does it, and processes."""
    out = subprocess.run([config.program("procfs"), str(passes), str(int(1000 * INTERVAL))],
                         check=True, capture_output=True, text=True).stdout
    rows = [[int(field) for field in line.split()] for line in out.splitlines()]
    return statistics.median(row[1] for row in rows), rows[0][0]


def ours_now(config, *more):
    """(ns a snapshot by its own report, CPU ns an interval from outside)."""
    cost, own = monitor(config, config.snapshot_seconds, *more)
    return own["snapshot_ns"] / own["snapshots"], cost.cpu_per_interval


def snapshot(config, report):
    """A snapshot of 2000 processes: the iterator against /proc, in turns.

    Once asleep, and once when each of them has run since the snapshot before: a
    program that knows what has not changed need not read it again.
    """
    for kind, what in (("processes", "asleep"), ("wakers", "waking up every 50 ms")):
        snapshot_of(config, report, kind, what)


def snapshot_of(config, report, kind, what):
    takes = {"files": lambda: procfs_pass(config)[0],
             "again": lambda: procfs_pass(config)[0],
             "followed": lambda: ours_now(config, "--comm", "sleepers"),
             "machine": lambda: ours_now(config)}
    taken = {name: [] for name in takes}
    with sleepers(config, kind, 2000):
        processes = procfs_pass(config, 1)[1]
        for _ in range(config.snapshot_rounds):
            for name in random.sample(list(takes), len(takes)):
                taken[name].append(takes[name]())
    table = Table(f"A snapshot of {processes} processes {what}, all per-process metrics", "by",
                  "rounds", "ms", "ns a process", "MAD %", "times cheaper", "target")
    base = statistics.median(taken["files"])
    for name, values, target in (
            ("/proc: stat, statm, io, status, schedstat, in C", taken["files"], None),
            ("the same again (control)", taken["again"], None),
            ("ppbpf, all of them followed: a snapshot, parsed",
             [snap for snap, _ in taken["followed"]], 100),
            ("ppbpf, machine-wide: a snapshot, parsed",
             [snap for snap, _ in taken["machine"]], 100),
            ("ppbpf, all followed: all it does in an interval, from outside",
             [cpu for _, cpu in taken["followed"]], None),
            ("ppbpf, machine-wide: all it does in an interval, from outside",
             [cpu for _, cpu in taken["machine"]], None)):
        middle = statistics.median(values)
        table.add(name, len(values), three_digits(middle / 1e6),
                  three_digits(middle / processes), f"{mad_percent(values):.1f}",
                  "" if values is taken["files"] else f"{base / middle:.2f}",
                  verdict(base / middle, target, at_least=True))
    report(table)


def peer_cost(config):
    """pidstat's CPU with the same processes, at its finest interval (1 s)."""
    if not shutil.which("pidstat"):
        return None
    seconds = config.cost_seconds
    cost = Cost(["pidstat", "-udrw", "1", str(int(seconds))], seconds, config.directory)
    return None if cost.problem else cost


def own_cpu(config, report):
    table = Table("Own CPU and memory, --interval 100", "run", "tasks", "runs",
                  "% of a core", "MAD %", "target", "peak MB", "of it anonymous", "target ",
                  "own CPU report / from outside", "own RSS report / from outside")
    with sleepers(config, "processes", 1) as one:
        cases = [("few tasks, --pid of a sleeper", ["--pid", str(one.pid)], 0.3),
                 ("few tasks, machine-wide", [], None)]
        for name, more, target in cases:
            cost_row(config, table, name, more, target)
        with sleepers(config, "processes", 2000):
            cost_row(config, table, "2000 processes, --pid of a sleeper", cases[0][1], 0.3)
            cost_row(config, table, "2000 processes, machine-wide", [], 2.0)
            peer = peer_cost(config)
            if peer:
                table.add("2000 processes, pidstat -udrw 1 (ten times coarser)",
                          tasks_now(), 1, three_digits(peer.percent), "", "",
                          three_digits(peer.peak / MIB), three_digits(peer.anonymous / MIB),
                          "", "", "")
        with sleepers(config, "wakers", 2000):
            cost_row(config, table, "2000 processes waking every 50 ms, machine-wide", [], None)
    report(table)


def cost_row(config, table, name, more, target):
    runs = [monitor(config, config.cost_seconds, *more) for _ in range(config.cost_rounds)]
    percents = [cost.percent for cost, _ in runs]
    peak = max(cost.peak for cost, _ in runs) / MIB
    middle = statistics.median(percents)
    cpu_ratio = statistics.median(own["cpu_seconds"] / cost.total_cpu for cost, own in runs)
    memory_ratio = statistics.median(own["resident_bytes"] / cost.resident
                                     for cost, own in runs)
    table.add(name, tasks_now(), len(runs), three_digits(middle),
              f"{mad_percent(percents):.1f}", verdict(middle, target), three_digits(peak),
              three_digits(max(cost.anonymous for cost, _ in runs) / MIB),
              verdict(peak, 20), f"{cpu_ratio:.3f}", f"{memory_ratio:.3f}")


def first_line_ms(argv):
    """From before the fork to the first line on standard output."""
    began = time.monotonic()
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)
    ready = select.select([process.stdout], [], [], 10)[0]
    line = process.stdout.readline() if ready else b""
    took = 1000 * (time.monotonic() - began)
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    process.stdout.close()
    process.wait(10)
    return took if line else None


def start_time(config, report):
    table = Table("From start to attached", "run", "starts", "ms, median", "MAD %", "ms, worst",
                  "target")
    pid = os.getpid()
    machine = [config.ppbpf, "monitor", "--interval", "10", "--jsonl"]
    cases = {"/bin/echo to its first line (control)": ["/bin/echo", "x"],
             "machine-wide, to the first line less its interval": machine,
             "--pid, to the first line less its interval": machine + ["--pid", str(pid)]}
    taken = {name: [] for name in cases}
    own = []
    for _ in range(config.starts):
        for name in random.sample(list(cases), len(cases)):
            took = first_line_ms(cases[name])
            if took is None:
                raise RuntimeError(f"no first line: {' '.join(cases[name])}")
            taken[name].append(took - (0 if "control" in name else 10))
    for _ in range(3):
        short = subprocess.run([config.ppbpf, "monitor", "--duration", "0.2", "--json"],
                               check=True, capture_output=True).stdout
        own.append(json.loads(short)["metadata"]["self"]["attach_ms"])
    taken["machine-wide, metadata.self.attach_ms"] = own
    for name, values in taken.items():
        middle = statistics.median(values)
        table.add(name, len(values), three_digits(middle), f"{mad_percent(values):.1f}",
                  three_digits(max(values)),
                  "" if "control" in name else verdict(middle, 200))
    report(table)


def growth_point(config, kind, count):
    with sleepers(config, kind, count):
        tasks = tasks_now()
        cost, own = monitor(config, config.cost_seconds)
        return {"name": f"{count} {kind}", "tasks": tasks, "kind": kind,
                "cpu": cost.cpu_per_interval, "percent": cost.percent, "peak": cost.peak,
                "snapshot": own["snapshot_ns"] / own["snapshots"],
                "dropped": own.get("dropped")}


def growth(config, report):
    points = []
    for kind, count in (("processes", 100), ("processes", 1000), ("processes", 10000),
                        ("threads", 10000)):
        points.append(growth_point(config, kind, count))
    table = Table("Growth with the number of tasks, machine-wide, --interval 100", "besides",
                  "tasks", "CPU ms an interval", "CPU ns a task", "% of a core",
                  "snapshot ms", "snapshot ns a task", "peak MB")
    for p in points:
        table.add(p["name"], p["tasks"], three_digits(p["cpu"] / 1e6),
                  three_digits(p["cpu"] / p["tasks"]), three_digits(p["percent"]),
                  three_digits(p["snapshot"] / 1e6),
                  three_digits(p["snapshot"] / p["tasks"]), three_digits(p["peak"] / MIB))
    for what, key in (("CPU", "cpu"), ("snapshot", "snapshot")):
        line = [(p["tasks"], p[key]) for p in points if p["kind"] == "processes"]
        rise, start = slope(line)
        off = 100 * (line[1][1] / (start + rise * line[1][0]) - 1)
        table.note(f"{what}: {three_digits(start / 1e6)} ms + {three_digits(rise)} ns a task "
                   f"through the processes' three points; the middle one is {off:+.1f} % off "
                   f"the line")
    report(table)


def run(config, report):
    for part in (snapshot, own_cpu, start_time, growth):
        print(part.__name__, file=sys.stderr)
        try:
            part(config, report)
        except (RuntimeError, OSError, ValueError, KeyError, TypeError, ZeroDivisionError,
                subprocess.CalledProcessError) as problem:
            failed = Table(f"{part.__name__}: not measured")
            failed.note(f"{type(problem).__name__}: {problem}")
            report(failed)
