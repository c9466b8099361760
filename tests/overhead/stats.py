# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Medians, spreads and aligned tables."""

import math
import statistics


def mad_percent(values):
    """Median absolute deviation, in percent of the median."""
    middle = statistics.median(values)
    if not middle:
        return 0.0
    return 100 * statistics.median(abs(v - middle) for v in values) / middle


def median_interval(values, confidence=0.95):
    """Order-statistic interval of the median: no distribution is assumed.

    None with too few values for the confidence.
    """
    ordered = sorted(values)
    count = len(ordered)
    below = 0.0
    rank = 0
    while rank < count // 2:
        below += math.comb(count, rank) / 2 ** count
        if below > (1 - confidence) / 2:
            break
        rank += 1
    if rank == 0:
        return None
    return ordered[rank - 1], ordered[count - rank]


def slope(points):
    """Least-squares slope and intercept through (x, y) points."""
    mean_x = statistics.fmean(x for x, _ in points)
    mean_y = statistics.fmean(y for _, y in points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    rise = sum((x - mean_x) * (y - mean_y) for x, y in points)
    return rise / spread, mean_y - mean_x * rise / spread


def three_digits(value):
    """Three significant digits, as people write them."""
    if value is None:
        return "-"
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:.{digits}f}"


class Table:
    """Rows under headings: Markdown that also reads well on a terminal."""

    def __init__(self, title, *headings):
        self.title = title
        self.headings = headings
        self.rows = []
        self.notes = []

    def add(self, *cells):
        self.rows.append([str(c) for c in cells])

    def note(self, text):
        self.notes.append(text)

    def text(self):
        lines = [f"### {self.title}", ""]
        if self.rows:
            lines += self._grid()
        lines += ([""] if self.rows and self.notes else [])
        lines += [f"- {n}" for n in self.notes]
        return "\n".join(lines) + "\n"

    def _grid(self):
        grid = [list(self.headings)] + self.rows
        width = [max(len(row[i]) for row in grid) for i in range(len(self.headings))]
        rule = [("-" * width[0]).ljust(3, "-")] + ["-" * (w - 1) + ":" for w in width[1:]]
        grid.insert(1, rule)
        return ["| " + " | ".join(c.ljust(w) if i == 0 else c.rjust(w)
                                  for i, (c, w) in enumerate(zip(row, width))) + " |"
                for row in grid]


def verdict(value, target, at_least=False):
    """The target beside what was measured. Never an assertion."""
    if target is None:
        return ""
    met = value >= target if at_least else value <= target
    sign = ">=" if at_least else "<="
    return f"{sign} {target:g} " + ("met" if met else "MISSED")
