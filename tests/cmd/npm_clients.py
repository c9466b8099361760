# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Programs on npm that tests need: those that tests/cmd/clients/package-lock.json names."""

import os
import re
import shutil
import subprocess

from checks import BUILD, ROOT

SOURCE = os.path.join(ROOT, "tests", "cmd", "clients")
CLIENTS = os.path.join(BUILD, "tests", "clients")


def install():
    """What package-lock.json names, into the build folder. Why it cannot be, or None."""
    if not shutil.which("npm"):
        return "there is no npm"
    os.makedirs(CLIENTS, exist_ok=True)
    for name in os.listdir(SOURCE):
        shutil.copy(os.path.join(SOURCE, name), CLIENTS)
    stamp = os.path.join(CLIENTS, "node_modules", ".package-lock.json")
    lock = os.path.join(SOURCE, "package-lock.json")
    if os.path.exists(stamp) and os.path.getmtime(stamp) >= os.path.getmtime(lock):
        return None
    ran = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=CLIENTS,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                         timeout=200, check=False)
    if ran.returncode == 0:
        os.utime(stamp)
        return None
    if re.search(r"ENOTFOUND|ECONNREFUSED|EAI_AGAIN|ETIMEDOUT|network", ran.stdout):
        return "npm's registry cannot be reached"
    raise RuntimeError("npm ci: " + ran.stdout[-500:])
