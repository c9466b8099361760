// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/report_svg.h"

/*
 * One style sheet, for the page and for a chart alone. The parts of the time differ in
 * lightness as well as in hue, and charts name them: colour never carries it alone.
 */
static const char style[] =
	":root{color-scheme:light dark;--bg:#fbfbfa;--card:#fff;--ink:#1c2024;--dim:#646b73;"
	"--line:#dfe2e6;--grid:#e9ebee;--old:#8d96a1;--good:#1a7f4b;--bad:#c22f2a;--warn:#96690a;"
	"--goodbg:#e8f5ee;--badbg:#fdecea;--warnbg:#fbf3dd;--link:#0b5fae;"
	"--cpu:#2f6fd0;--wait:#f0a63c;--thr:#c9742b;--sto:#8c4a1d;--dis:#2b9a8b;--loc:#8a4fbf;"
	"--net:#58b3d8;--pol:#a9c46c;--sle:#c9ced6;--ipc:#d77fb4;--chi:#dfe3ea;--mem:#6b7f2a;"
	"--stp:#99704d;--oth:#b4a7d6}"
	"@media(prefers-color-scheme:dark){:root{--bg:#14171a;--card:#1c2024;--ink:#e6e8ea;"
	"--dim:#9aa3ad;--line:#333a41;--grid:#2a3036;--old:#828c97;--good:#4cc38a;--bad:#ff7b72;"
	"--warn:#e0b450;--goodbg:#14291f;--badbg:#33191a;--warnbg:#2e2714;--link:#79b8ff;"
	"--cpu:#5b97ee;--wait:#e8a33a;--thr:#c97d3d;--sto:#a8683f;--dis:#3fb5a3;--loc:#ab7ee0;"
	"--net:#5fb6dc;--pol:#9dba5e;--sle:#59626c;--ipc:#d98cba;--chi:#3d454d;--mem:#94a84c;"
	"--stp:#a98563;--oth:#8d80b8}}"
	"svg text{font:12px system-ui,-apple-system,'Segoe UI',sans-serif;fill:var(--ink);"
	"font-variant-numeric:tabular-nums}svg .dim{fill:var(--dim)}svg .b{font-weight:600}"
	"svg .e{text-anchor:end}svg .m{text-anchor:middle}svg .axis{stroke:var(--line)}"
	"svg .grid{stroke:var(--grid)}svg .zero{stroke:var(--dim)}"
	"svg .gate{stroke:var(--dim);stroke-dasharray:3 3}"
	"svg .dots{fill:none;stroke-width:5;stroke-linecap:round;stroke-opacity:.62}"
	"svg .far{fill:none;stroke-width:1.6}"
	"svg .out{fill:transparent;stroke:var(--warn);stroke-width:1.4}"
	"svg .old{stroke:var(--old)}svg .new{stroke:var(--cpu)}"
	"svg .regression{stroke:var(--bad)}svg .improvement{stroke:var(--good)}"
	"svg .inconclusive{stroke:var(--warn)}svg .unchanged{stroke:var(--cpu)}"
	"svg .med{stroke:var(--ink);stroke-width:2}svg .bar{stroke-width:7;stroke-opacity:.4}"
	"svg .whisker{stroke:var(--ink);stroke-width:1.2;fill:none}"
	"svg .halo{paint-order:stroke;stroke:var(--card);stroke-width:3px;stroke-linejoin:round}"
	".p-cpu{fill:var(--cpu);background:var(--cpu)}.p-wait{fill:var(--wait);background:var(--wait)}"
	".p-thr{fill:var(--thr);background:var(--thr)}.p-sto{fill:var(--sto);background:var(--sto)}"
	".p-dis{fill:var(--dis);background:var(--dis)}.p-loc{fill:var(--loc);background:var(--loc)}"
	".p-net{fill:var(--net);background:var(--net)}.p-pol{fill:var(--pol);background:var(--pol)}"
	".p-sle{fill:var(--sle);background:var(--sle)}.p-ipc{fill:var(--ipc);background:var(--ipc)}"
	".p-chi{fill:var(--chi);background:var(--chi)}.p-mem{fill:var(--mem);background:var(--mem)}"
	".p-stp{fill:var(--stp);background:var(--stp)}.p-oth{fill:var(--oth);background:var(--oth)}"
	".p-old{fill:var(--old);background:var(--old)}";

void report_style(FILE *out)
{
	fputs(style, out);
}
