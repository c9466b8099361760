# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Running ppbpf as a user or a script would, and the schema of its result."""

import contextlib
import copy
import json
import os
import subprocess
import time

from checks import PPBPF, ROOT, end

SCHEMA = os.path.join(ROOT, "docs", "schema", "monitor.schema.json")


class Ran:
    """A finished run: status, out, err (text) and the seconds it took."""

    def __init__(self, *arguments, timeout=60, **more):
        began = time.monotonic()
        more.setdefault("stdin", subprocess.DEVNULL)
        done = subprocess.run([PPBPF, *arguments], capture_output=True, timeout=timeout,
                              check=False, **more)
        self.seconds = time.monotonic() - began
        self.status = done.returncode
        self.out = done.stdout.decode(errors="replace")
        self.err = done.stderr.decode(errors="replace")

    def json(self):
        return json.loads(self.out)


def monitor(*arguments, **more):
    return Ran("monitor", *arguments, **more)


@contextlib.contextmanager
def sleeper(argv=("sleep", "120"), **more):
    """A process to watch, ended by its pid."""
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, **more)
    try:
        yield process
    finally:
        end(process)


@contextlib.contextmanager
def started(*arguments, **more):
    """ppbpf monitor, running; ended when the block is left."""
    more.setdefault("stdin", subprocess.DEVNULL)
    more.setdefault("stdout", subprocess.PIPE)
    more.setdefault("stderr", subprocess.PIPE)
    process = subprocess.Popen([PPBPF, "monitor", *arguments], **more)
    try:
        yield process
    finally:
        end(process)
        for stream in (process.stdout, process.stderr):
            if stream:
                stream.close()


class Schema:
    """The published schema; raises ImportError without the jsonschema module."""

    def __init__(self, path=SCHEMA):
        import jsonschema
        with open(path) as text:
            self.schema = json.load(text)
        jsonschema.Draft202012Validator.check_schema(self.schema)
        self.validator = jsonschema.Draft202012Validator(self.schema)

    def why_not(self, result):
        """None, or where the result departs from the schema."""
        errors = list(self.validator.iter_errors(result))
        if not errors:
            return None
        leaf = errors[0]
        while leaf.context:
            leaf = max(leaf.context, key=lambda e: len(e.absolute_path))
        where = ".".join(str(part) for part in leaf.absolute_path)
        return f"{where or 'top'}: {leaf.message[:200]}"

    def accepts_without_a_field(self, result):
        """Fields of a valid result that the schema does not miss: its own test."""
        missed = []
        for path in (("data",), ("metadata",), ("data", "resource_usage"),
                     ("data", "time_split"), ("data", "processes", 0)):
            for field in _at(self.schema_of(path), "required"):
                broken = copy.deepcopy(result)
                del _at(broken, *path)[field]
                if not self.why_not(broken):
                    missed.append(".".join(map(str, path + (field,))))
        return missed

    def schema_of(self, path):
        names = {"data": "data", "metadata": "metadata", "resource_usage": "resource_usage",
                 "time_split": "time_split", 0: "process"}
        return self.schema["$defs"][names[path[-1]]]


def _at(value, *path):
    for step in path:
        value = value[step]
    return value


def own_copy(folder):
    """The program where a user without access to the build folder can run it."""
    target = os.path.join(folder, "ppbpf")
    with open(PPBPF, "rb") as source, open(target, "wb") as copy_of:
        copy_of.write(source.read())
    os.chmod(target, 0o755)
    os.chmod(folder, 0o755)
    return target
