# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Waiting for the rest of the machine to be quiet, within reason."""

import time


def _ticks():
    with open("/proc/stat") as stat:
        ticks = [int(t) for t in stat.readline().split()[1:9]]
    return sum(ticks) - ticks[3] - ticks[4], ticks[7], sum(ticks)


class Patience:
    """So many seconds to spend, over all, on waiting for others to be done."""

    BUSY = 12       # percent of the machine

    def __init__(self, seconds):
        self.left = seconds
        self.waited = 0.0

    @staticmethod
    def load(seconds=0.5):
        """Busy share of the machine, and stolen time, while we sleep; percent."""
        before = _ticks()
        time.sleep(seconds)
        busy, stolen, total = (b - a for a, b in zip(before, _ticks()))
        return 100 * busy / max(1, total), 100 * stolen / max(1, total)

    def wait(self):
        """Until the machine is quiet, or patience is at its end."""
        began = time.monotonic()
        while self.left > 0 and self.load()[0] > self.BUSY:
            time.sleep(1.0)
            self.left -= 1.5
        self.waited += time.monotonic() - began
