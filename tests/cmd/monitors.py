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


def keys_of_metrics():
    """JSON keys by metrics' names."""
    done = subprocess.run([PPBPF, "metrics", "--json"], capture_output=True, check=True)
    return {row["name"]: row["key"] for row in json.loads(done.stdout)["data"]["metrics"]}


def unexplained(result, keys_of_metrics):
    """Paths of nulls in data for which metadata.unavailable has no reason.

    A reason for a path holds for all below it; a metric's may stand under its name.
    """
    reasons = result["metadata"]["unavailable"]
    metrics = {key for name, key in keys_of_metrics.items() if name in reasons}
    bare = []
    for path in sorted(set(_nulls(result["data"], ()))):
        above = {".".join(path[:i + 1]) for i in range(len(path))}
        if not above & set(reasons) and path[-1] not in metrics:
            bare.append(".".join(path))
    return bare


def _nulls(value, path):
    if value is None:
        yield path
    for inner in value if isinstance(value, list) else ():
        yield from _nulls(inner, path)
    for field, inner in value.items() if isinstance(value, dict) else ():
        yield from _nulls(inner, path + (field,))


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

    def undeclared(self, result):
        """Paths of fields that the schema says nothing about."""
        return sorted(set(self._undeclared(self.schema, result, "")))

    def _resolve(self, schema, value):
        while "$ref" in schema or "anyOf" in schema:
            if "$ref" in schema:
                schema = self.schema["$defs"][schema["$ref"].rpartition("/")[2]]
            else:
                schema = next(s for s in schema["anyOf"]
                              if (s.get("type") == "null") == (value is None))
        return schema

    def _undeclared(self, schema, value, path):
        schema = self._resolve(schema, value)
        if isinstance(value, list):
            for item in value:
                yield from self._undeclared(schema.get("items", {}), item, path)
        elif isinstance(value, dict):
            for field, inner in value.items():
                below = f"{path}.{field}" if path else field
                known = schema.get("properties", {}).get(field)
                if known is not None:
                    yield from self._undeclared(known, inner, below)
                elif "additionalProperties" not in schema:
                    yield below

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
