/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The page that a profile is shown in: the files of user/sink/flame, as they are. */
#ifndef PPBPF_SINK_PROFILE_ASSETS_H
#define PPBPF_SINK_PROFILE_ASSETS_H

extern const char flame_html[], flame_html_end[];
extern const char flame_css[], flame_css_end[];
extern const char flame_js[], flame_js_end[];

#endif
