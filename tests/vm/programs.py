# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""The BPF programs that there are, by their skeletons."""
import glob
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("BUILD", os.path.join(ROOT, "build")))


def programs():
    """(object, name) of each, in the order of the objects."""
    for path in sorted(glob.glob(os.path.join(BUILD, "skel/*.skel.h"))):
        with open(path, encoding="utf-8") as file:
            for name in re.findall(r"^\t\tstruct bpf_program \*(\w+);", file.read(), re.M):
                yield os.path.basename(path).split(".")[0], name
