# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Running ppbpf bench as a user or a pipeline would."""

import json
import os
import subprocess

from checks import PPBPF



class Bench:
    """A finished run with its results in a folder of its own."""

    def __init__(self, folder, *arguments, timeout=120, **more):
        more.setdefault("stdin", subprocess.DEVNULL)
        self.folder = os.path.join(folder, "benchmarks")
        done = subprocess.run([PPBPF, "bench", "--output-dir", self.folder, *arguments],
                              capture_output=True, timeout=timeout, check=False, text=True, **more)
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr

    def json(self):
        return json.loads(self.out)

    def results(self):
        return {result["benchmark_name"]: result for result in self.json()["data"]["results"]}

    def files(self):
        return sorted(name for name in os.listdir(self.folder) if name.endswith(".json"))


def suite(folder, benchmarks, name="suite.yaml"):
    """JSON is YAML."""
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(benchmarks, file)
    return path


def text_suite(folder, text, name="suite.yaml"):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def shell(name, line, **more):
    return {"name": name, "shell": True, "command": line, "iterations": 2, "warmup": 0, **more}


def lines(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


def running(marker):
    """Processes whose command line has the marker."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if marker.encode() in file.read():
                    found.append(int(pid))
        except OSError:
            pass
    return found
