# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Who includes whom, read from the sources: not from what the compiler or make says."""

import os
import re

FOLDERS = ("include", "vmlinux", "bpf", "user", "tests")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


class Include:
    def __init__(self, text, quoted, path):
        self.text = text  # as written
        self.quoted = quoted
        self.path = path  # in the tree, or None: the system's, or generated


def sources(root):
    """Every .c and .h of the tree, relative to root."""
    for folder in FOLDERS:
        for where, _, names in os.walk(os.path.join(root, folder)):
            for name in sorted(names):
                if name.endswith((".c", ".h")):
                    yield os.path.relpath(os.path.join(where, name), root)


def search_path(path):
    """The folders that the Makefile's -I names for this file."""
    if path.startswith(("bpf/", "vmlinux/")):
        return ["vmlinux", "include", "bpf"]
    return ["include", "user"]


def includes(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        text = file.read()
    for bracket, name in INCLUDE.findall(text):
        folders = search_path(path)
        if bracket == '"':
            folders = [os.path.dirname(path)] + folders
        candidates = [os.path.normpath(os.path.join(folder, name)) for folder in folders]
        found = [c for c in candidates if os.path.exists(os.path.join(root, c))]
        yield Include(name, bracket == '"', found[0] if found else None)


def closure(root, path, direct, skeletons=None):
    """All files of the tree that path includes, itself too, through others as well.

    direct caches the includes of a file; skeletons maps a generated header to
    the sources that it is made from.
    """
    seen = set()
    waiting = [path]
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        if current not in direct:
            direct[current] = list(includes(root, current))
        for include in direct[current]:
            if include.path:
                waiting.append(include.path)
            else:
                waiting.extend((skeletons or {}).get(include.text, []))
    return seen
