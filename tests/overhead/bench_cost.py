# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What ppbpf bench adds to a run, takes between two runs, and needs to start a suite."""

import json
import os
import shutil
import statistics
import subprocess
import time

from stats import Table, median_interval, three_digits, verdict

WARMUP = 20


def bare(config, runs):
    return float(subprocess.run([config.program("spawns"), str(runs)], check=True, text=True,
                                stdout=subprocess.PIPE).stdout)


def ppbpf(config, runs, *options):
    """Medians in microseconds: of a run, and of what lies between two."""
    done = subprocess.run([config.ppbpf, "bench", "--json", "--quiet", "-n", str(runs), "-w",
                           str(WARMUP), "--output-dir", os.path.join(config.directory, "bench"),
                           *options, "--", "/bin/true"], check=True, stdout=subprocess.PIPE)
    rows = json.loads(done.stdout)["data"]["results"][0]["runs"]
    walls = [row["time_split"]["wall_ms"] * 1e3 for row in rows]
    gaps = [(after["start"] - before["start"]) * 1e6 - wall
            for before, after, wall in zip(rows, rows[1:], walls)]
    return statistics.median(walls), statistics.median(gaps)


def hyperfine(config, runs):
    path = os.path.join(config.directory, "hyperfine.json")
    subprocess.run(["hyperfine", "-N", "--runs", str(runs), "--warmup", str(WARMUP), "--style",
                    "none", "--export-json", path, "/bin/true"], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with open(path, encoding="utf-8") as file:
        return json.load(file)["results"][0]["median"] * 1e6


def suite_start(config):
    """Seconds from the start of a suite of 1000 benchmarks to its first run's."""
    path = os.path.join(config.directory, "suite.yaml")
    with open(path, "w", encoding="ascii") as file:
        json.dump([{"name": f"b{i}", "command": ["/bin/true"]} for i in range(1000)], file)
    done = subprocess.run([config.ppbpf, "bench", "--json", "--quiet", "-n", "1", "-w", "0",
                           "--output-dir", os.path.join(config.directory, "bench"), path],
                          check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)["data"]["results"][0]["runs"][0]["start"]


def results_of(config, release, benchmarks):
    """A file of so many benchmarks with 10 runs each, of which 20 were measured."""
    folder = os.path.join(config.directory, "many")
    suite = os.path.join(config.directory, "twenty.yaml")
    with open(suite, "w", encoding="ascii") as file:
        json.dump([{"name": f"name-{i:02}", "command": ["/bin/true"]} for i in range(20)], file)
    done = subprocess.run([config.ppbpf, "bench", "--json", "--quiet", "-n", "10", "-w", "1",
                           "--release", release, "--output-dir", folder, suite], check=True,
                          stdout=subprocess.PIPE)
    path = json.loads(done.stdout)["data"]["results_file"]
    with open(path, encoding="utf-8") as file:
        whole = json.load(file)
    measured = [json.dumps(result) for result in whole["results"]]
    whole["results"], mark = [], "the results come here"
    head, tail = json.dumps({**whole, "results": mark}).split(json.dumps(mark))
    with open(path, "w", encoding="utf-8") as file:
        file.write(head + "[")
        for i in range(benchmarks):
            file.write((", " if i else "") + measured[i % 20].replace("name-", f"name-{i}-", 1))
        file.write("]" + tail)
    return path


def comparison(config):
    """Seconds of time, and of CPU time, to compare 10 000 benchmarks."""
    count = 1000 if config.quick else 10000
    paths = [results_of(config, release, count) for release in ("old", "new")]
    before, begin = os.times(), time.monotonic()
    subprocess.run([config.ppbpf, "compare", paths[1], "--baseline", paths[0], "--quiet"],
                   check=False, stdout=subprocess.DEVNULL)
    wall, after = time.monotonic() - begin, os.times()
    size = os.path.getsize(paths[0]) / 1e6
    for path in paths:
        os.unlink(path)
    return count, size, wall, (after.children_user - before.children_user +
                               after.children_system - before.children_system)


def run(config, report):
    runs = 100 if config.quick else 500
    rows = {"ppbpf bench": [], "ppbpf bench --no-resources": [], "hyperfine -N": []}
    floor, between = [], []
    for _ in range(2 if config.quick else 9):
        config.patience.wait()
        floor.append(bare(config, runs))
        median, gap = ppbpf(config, runs)
        rows["ppbpf bench"].append(median / floor[-1])
        between.append(gap)
        rows["ppbpf bench --no-resources"].append(ppbpf(config, runs, "--no-resources")[0] /
                                                  floor[-1])
        if shutil.which("hyperfine"):
            rows["hyperfine -N"].append(hyperfine(config, runs) / floor[-1])
    table = Table("A run of /bin/true, against a bare posix_spawn and wait4",
                  "runner", "ratio of medians", "95 % interval", "target")
    targets = {"ppbpf bench": 1.05, "ppbpf bench --no-resources": 1.02}
    for name, ratios in rows.items():
        if not ratios:
            table.note(f"{name} is not installed.")
            continue
        interval = median_interval(ratios)
        table.add(name, f"{statistics.median(ratios):.3f}",
                  f"{interval[0]:.3f} to {interval[1]:.3f}" if interval else "-",
                  verdict(statistics.median(ratios), targets.get(name)))
    gap, start = statistics.median(between), min(suite_start(config) for _ in range(3))
    table.note(f"Bare: {three_digits(statistics.median(floor))} us, the median of "
               f"{len(floor)} rounds of {runs} runs; the others in turns with it.")
    table.note(f"Own work between two runs: {three_digits(gap)} us, {verdict(gap, 50)}.")
    table.note(f"A suite of 1000 benchmarks starts in {three_digits(start)} s, "
               f"{verdict(start, 1)}.")
    count, size, wall, cpu = comparison(config)
    table.note(f"A comparison of {count} benchmarks with 10 runs each, from two files of "
               f"{size:.0f} MB, takes {three_digits(wall)} s ({three_digits(cpu)} s of CPU time), "
               f"{verdict(wall, 1)}.")
    report(table)
