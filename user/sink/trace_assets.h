/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The page that traces are shown in: the files of user/sink/waterfall, as they are. */
#ifndef PPBPF_SINK_TRACE_ASSETS_H
#define PPBPF_SINK_TRACE_ASSETS_H

extern const char waterfall_html[], waterfall_html_end[];
extern const char waterfall_css[], waterfall_css_end[];
extern const char waterfall_js[], waterfall_js_end[];

#endif
