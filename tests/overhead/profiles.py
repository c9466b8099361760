# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What sampling costs: a busy python3.11 under ppbpf profile and its peers."""

import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import time

from stats import Table, mad_percent, three_digits
from tools import WITH_TRACEFS, status_bytes

FREQUENCY = 999

# Turns of a fixed size; each one's wall-clock nanoseconds, a line each.
TARGET = """
import json, sys, time
def leaf(n):
    total = 0
    for i in range(n):
        total += i * i
    return total
def turn():
    for _ in range(12):
        leaf(4000)
        json.dumps(list(range(400)))
while True:
    before = time.perf_counter_ns()
    turn()
    print(time.perf_counter_ns() - before, flush=True)
"""


class Target:
    """A python3.11 of the distribution, on a CPU of its own as far as there is one."""

    def __init__(self, config):
        self.path = os.path.join(config.directory, "turns")
        self.output = open(self.path, "w", encoding="ascii")
        self.process = subprocess.Popen(
            ["taskset", "-c", str(config.cpu), "/usr/bin/python3", "-E", "-c", TARGET],
            stdout=self.output)

    def turns(self, seconds):
        """The turns of the next seconds, in ns."""
        at = os.path.getsize(self.path)
        time.sleep(seconds)
        with open(self.path, encoding="ascii") as file:
            file.seek(at)
            lines = file.read().split("\n")
        return [int(line) for line in lines[1:-1]]

    def end(self):
        self.process.kill()
        self.process.wait()
        self.output.close()


def conditions(config, pid):
    data = os.path.join(config.directory, "perf.data")
    rate = str(FREQUENCY)
    ticks = config.program("ticks")
    found = {
        "nothing": None,
        "the timer alone": [ticks, rate],
        "the timer, and a BPF program that returns": [ticks, rate, "empty"],
        "ppbpf profile": [config.ppbpf, "profile", "--pid", str(pid), "--freq", rate,
                          "--no-save", "--output-dir", config.directory],
    }
    if shutil.which("perf"):
        record = [*WITH_TRACEFS, "perf", "record", "-q", "-F", rate, "-e", "cpu-clock",
                  "-p", str(pid), "-o", data]
        found["perf record -g"] = [*record, "-g"]
        found["perf record --call-graph dwarf"] = [*record, "--call-graph", "dwarf"]
    absent = {}
    for tool, name in (("profile-bpfcc", "bcc's profile"),
                       ("bpf-profile", "libbpf-tools' profile")):
        why = why_not(tool)
        if why:
            absent[name] = why
        else:
            found[name] = [tool, "-F", rate, "-p", str(pid)]
    if shutil.which("bpftrace"):
        found["bpftrace, its profile probe"] = [
            *WITH_TRACEFS, "bpftrace", "-e",
            f"profile:hz:{rate} /pid == {pid}/ {{ @[ustack, kstack] = count() }}"]
    else:
        absent["bpftrace"] = "not installed"
    return found, absent


def why_not(tool):
    """Why a peer cannot be compared with here, or None."""
    if not shutil.which(tool):
        return f"there is no {tool} (Debian's libbpf-tools has none)" if tool == "bpf-profile" \
            else "not installed"
    ran = subprocess.run([tool, "-F", "49", "1"], stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
    said = ran.stdout.strip().splitlines()
    # what is behind the exception that comes last
    why = [line for line in said if line.startswith("Unable to")] or said[-1:]
    return why[0].split(". ")[0] if ran.returncode else None


def post(config, name):
    """CPU seconds that perf takes to make a table of what it has recorded."""
    if not name.startswith("perf"):
        return 0.0
    data = os.path.join(config.directory, "perf.data")
    before = os.times()
    subprocess.run([*WITH_TRACEFS, "perf", "report", "-q", "--stdio", "--no-inline", "-i", data],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    after = os.times()
    return after.children_user + after.children_system - \
        before.children_user - before.children_system


def quiet_turn(turns):
    """The lower quartile: what a neighbour on the host does makes turns longer, not shorter."""
    return statistics.quantiles(turns, n=4)[0]


def watched(config, target, name, command, seconds):
    """A turn under this condition, and the watcher's CPU seconds, all in."""
    if not command:
        return quiet_turn(target.turns(seconds)), 0.0
    before = os.times()
    watcher = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               stdin=subprocess.DEVNULL)
    time.sleep(1)
    if watcher.poll() is not None:
        raise RuntimeError(f"{command[0]} ended with {watcher.returncode}")
    turn = quiet_turn(target.turns(seconds))
    watcher.send_signal(signal.SIGINT)
    watcher.wait()
    after = os.times()
    cpu = after.children_user + after.children_system - \
        before.children_user - before.children_system
    return turn, cpu + post(config, name)


def slowdown(config, report):
    """Each visit against what the target did alone just before and just after it."""
    config.patience.wait()      # the target itself keeps a CPU busy
    target = Target(config)
    rounds = 2 if config.quick else 8
    seconds = 1.5
    names, absent = conditions(config, target.process.pid)
    ratios, cpu = {name: [] for name in names}, {name: [] for name in names}
    try:
        time.sleep(1)
        before = quiet_turn(target.turns(seconds / 2))
        for _ in range(rounds):
            for name in random.sample(list(names), len(names)):
                turn, spent = watched(config, target, name, names[name], seconds)
                after = quiet_turn(target.turns(seconds / 2))
                ratios[name].append(2 * turn / (before + after))
                cpu[name].append(spent)
                before = after
    finally:
        target.end()
    table = Table(f"A busy python3.11, sampled at {FREQUENCY} Hz", "", "slowdown", "spread",
                  "CPU of the watcher", "target")
    for name in names:
        table.add(name, f"{100 * (statistics.median(ratios[name]) - 1):+.2f} %",
                  f"{mad_percent(ratios[name]):.2f} %",
                  f"{statistics.median(cpu[name]):.2f} s" if names[name] else "-",
                  "at most 1 %; half of perf's CPU" if name == "ppbpf profile" else "")
    table.note(f"medians of {rounds} visits of {seconds} s in random order, each against what the "
               "target did just before and after it; a watcher's CPU is from its start to its "
               "table, perf report's included")
    for tool, why in absent.items():
        table.note(f"{tool} does not run here: {why}")
    report(table)


def samples_of(output):
    data = json.loads(output)["data"]
    return data["samples"], data["unwind"]


def sample_cost(config, report):
    """By the kernel's own clock: BPF statistics are on meanwhile, which costs 40 ns a run."""
    target = Target(config)
    seconds = 3 if config.quick else 10
    switch = "/proc/sys/kernel/bpf_stats_enabled"
    table = Table("Cost of a sample", "", "samples", "complete", "us a sample", "target")
    try:
        with open(switch, "w", encoding="ascii") as file:
            file.write("1")
        watcher = subprocess.Popen(
            [config.ppbpf, "profile", "--pid", str(target.process.pid), "--freq", str(FREQUENCY),
             "--no-save", "--json", "--duration", str(seconds)], stdout=subprocess.PIPE, text=True)
        time.sleep(seconds - 0.5)
        programs = json.loads(subprocess.run(["bpftool", "-j", "prog", "show"], check=True,
                                             stdout=subprocess.PIPE).stdout)
        run = [program for program in programs if program.get("name") == "stack_sample"][-1]
        output, _ = watcher.communicate()
    finally:
        with open(switch, "w", encoding="ascii") as file:
            file.write("0")
        target.end()
    count, unwind = samples_of(output)
    share = (seconds - 1) / seconds
    table.add("stack_sample, all of it", count,
              f"{100 * unwind['complete'] / max(1, count):.2f} %",
              three_digits(run["run_time_ns"] / 1000 / max(1, count * share)),
              "at most 6 at 10 frames")
    table.note("interrupts that met somebody else are in it; native and Python frames, "
               "aggregation in the kernel")
    report(table)


def profiled(config, *options):
    """The JSON of a profile of the machine, and its wall-clock seconds."""
    before = time.monotonic()
    done = subprocess.run([config.ppbpf, "profile", "--no-save", "--json", *options],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return json.loads(done.stdout), time.monotonic() - before


def time_to_table(config, report):
    """With a python3.11 that keeps a CPU busy: there are stacks to be named."""
    seconds = 3 if config.quick else 30
    table = Table(f"From the end of {seconds} s of the machine at 49 Hz to the table", "", "time",
                  "target")
    config.patience.wait()
    target = Target(config)
    try:
        result, took = profiled(config, "--duration", str(seconds))
        attach = result["metadata"]["self"]["attach_ms"] / 1000
        table.add("ppbpf profile", f"{took - seconds - attach:.2f} s", "under 0.5 s")
        table.add("ppbpf profile, its start included", f"{took - seconds:.2f} s", "")
        if shutil.which("perf"):
            data = os.path.join(config.directory, "perf.data")
            subprocess.run([*WITH_TRACEFS, "perf", "record", "-q", "-a", "-F", "49", "-e",
                            "cpu-clock", "--call-graph", "dwarf", "-o", data, "sleep",
                            str(seconds)],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
            before = time.monotonic()
            post(config, "perf")
            table.add("perf report --stdio --no-inline, of --call-graph dwarf",
                      f"{time.monotonic() - before:.2f} s", "")
    finally:
        target.end()
    report(table)


def busy(count):
    return [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(count)]


def end_all(processes):
    for process in processes:
        process.kill()
        process.wait()


def attaching(config, report):
    """Alone, and with a busy loop on each CPU."""
    table = Table("Until a profile of the machine is attached", "", "median", "most", "CPU",
                  "target")
    config.patience.wait()
    for name, loops in (("alone", 0), ("beside a busy loop on each CPU", os.cpu_count())):
        others = busy(loops)
        try:
            own = [profiled(config, "--duration", "0.2")[0]["metadata"]["self"]
                   for _ in range(2 if config.quick else 7)]
        finally:
            end_all(others)
        times = [one["attach_ms"] for one in own]
        table.add(name, f"{statistics.median(times):.0f} ms", f"{max(times):.0f} ms",
                  f"{statistics.median(one['start_cpu_seconds'] for one in own):.2f} s",
                  "within 250 ms")
    report(table)


def tables(config, report):
    """The test's own driver tells what the command does not: build/tests/bpf/driver_stacks."""
    driver = os.path.join(config.build, "tests", "bpf", "driver_stacks")
    if not os.path.exists(driver):
        return
    table = Table("Unwind tables of all that runs", "rows", "memory", "read and built in", "target")
    config.patience.wait()
    for _ in range(3):
        done = subprocess.run([driver, "-m", "-d", "0.5", "-f", "49"], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, check=True)
        result = json.loads(done.stdout)
        table.add(result["rows"], f"{result['bytes'] / 1e6:.1f} MB",
                  f"{result['build_ns'] / 1e6:.0f} ms", "200 ms, 16 MB")
    table.note("files of more than 24 MB, and tables beyond 12 MB, wait until a stack needs them")
    report(table)


def memory(config, report):
    """As many samples a CPU as an hour at 49 Hz has; sampled from outside."""
    seconds = 4 if config.quick else 36
    table = Table("Resident memory", "", "samples", "stacks complete", "while sampling",
                  "at the end", "target")
    config.patience.wait()
    target = Target(config)
    kept = 0
    watcher = subprocess.Popen([config.ppbpf, "profile", "--freq", "4900", "--duration",
                                str(seconds), "--no-save", "--json"], stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True)
    try:
        until = time.monotonic() + seconds - 0.5
        time.sleep(1)
        while time.monotonic() < until:
            kept = max(kept, status_bytes(watcher.pid, "VmRSS") or 0)
            time.sleep(0.2)
        result = json.loads(watcher.communicate()[0])
    finally:
        target.end()
    count, unwind = samples_of(json.dumps(result))
    table.add(f"{seconds} s of the machine at 4900 Hz", count,
              f"{100 * unwind['complete'] / max(1, count):.1f} %", f"{kept / 1e6:.1f} MB",
              f"{result['metadata']['self']['peak_resident_bytes'] / 1e6:.1f} MB", "under 30 MB")
    table.note("one CPU has a busy python3.11: as many samples of it as an hour at 49 Hz has")
    report(table)


def run(config, report):
    slowdown(config, report)
    sample_cost(config, report)


def run_ends(config, report):
    time_to_table(config, report)
    attaching(config, report)
    tables(config, report)
    memory(config, report)
