# SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
"""A kernel that lacks something: its description of its own types, with names spelled
otherwise, which ppbpf takes instead of the kernel's (PPBPF_BTF)."""
import os
import tempfile

KERNEL = "/sys/kernel/btf/vmlinux"


class Types:
    """The kernel's description of its types without those names; `missing` has none anyway."""

    def __init__(self, names):
        with open(KERNEL, "rb") as file:
            self.bytes = file.read()
        self.missing = []
        for name in names:
            old = b"\0" + name.encode() + b"\0"
            if old not in self.bytes:
                self.missing.append(name)
            self.bytes = self.bytes.replace(old, b"\0" + b"x" * len(name) + b"\0")

    def __enter__(self):
        handle, self.path = tempfile.mkstemp(prefix="ppbpf-btf-", dir="/dev/shm")
        with os.fdopen(handle, "wb") as file:
            file.write(self.bytes)
        return self

    def __exit__(self, *unused):
        os.unlink(self.path)
