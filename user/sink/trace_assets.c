// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/trace_assets.h"

#include "sink/include_file.h"

INCLUDE_FILE(waterfall_html, "user/sink/waterfall/waterfall.html");
INCLUDE_FILE(waterfall_css, "user/sink/waterfall/waterfall.css");
INCLUDE_FILE(waterfall_js, "user/sink/waterfall/waterfall.js");
