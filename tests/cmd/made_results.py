# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Results files made up for tests: averages alone, or runs that take what they are told."""

import json
import os
import random

REASONS = ("disk", "lock", "network", "poll", "sleep", "ipc", "child", "memory", "stopped",
           "other")
RUNS = 20


def average(name, ms):
    return {"benchmark_name": name, "release_version": "x", "timestamp": 1.5,
            "duration_ms": 10.0 * ms, "iterations": 10, "avg_time_ms": float(ms),
            "min_time_ms": 0.9 * ms, "max_time_ms": 1.1 * ms, "std_dev_ms": 0.05 * ms,
            "throughput_ops_sec": 1000.0 / ms, "memory_peak_mb": 12.5, "cpu_avg_percent": 99.0,
            "metadata": {}}


def noisy(value):
    return value * random.uniform(0.985, 1.015)


def run(number, on_cpu, lock, disk, others, memory):
    blocked = {reason + "_ms": 0.0 for reason in REASONS}
    blocked["lock_ms"], blocked["disk_ms"] = noisy(lock), noisy(disk)
    split = {"on_cpu_ms": noisy(on_cpu), "run_queue_ms": noisy(others), "throttled_ms": 0.0,
             "stolen_ms": 0.0}
    wall = sum(split.values()) + sum(blocked.values())
    split.update(wall_ms=wall, task_ms=wall, on_cpu_user_ms=0.9 * split["on_cpu_ms"],
                 on_cpu_kernel_ms=0.1 * split["on_cpu_ms"], blocked=blocked)
    return {"round": number, "time_split": split, "memory_peak_bytes": int(noisy(memory)),
            "minor_faults": 100, "interference":
            [{"comm": "apt", "pid": 812, "cpu_ms": others, "followed": False}] if others else []}


def measured(name, on_cpu, lock=0, disk=0, others=0, memory=5e7, threshold=None, runs=RUNS):
    made = [run(i, on_cpu, lock, disk, others, memory) for i in range(runs)]
    walls = [r["time_split"]["wall_ms"] for r in made]
    result = average(name, sum(walls) / len(walls))
    result.update(iterations=runs, runs=made, min_time_ms=min(walls), max_time_ms=max(walls))
    result["metadata"] = {"threshold": threshold, "command": "./" + name}
    return result


def made_file(release, results, **more):
    return json.dumps({"release_version": release, "timestamp": 5.5,
                       "timestamp_iso": "1970-01-01T00:00:05.500000+00:00",
                       "total_benchmarks": len(results), "results": results, **more})


def write(folder, release, seconds, results, **more):
    path = os.path.join(folder, f"benchmark_{release}_{seconds}.json")
    with open(path, "w", encoding="utf-8") as file:
        file.write(made_file(release, results, **more))
    return path
