// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/profile_assets.h"

#include "sink/include_file.h"

INCLUDE_FILE(flame_html, "user/sink/flame/flame.html");
INCLUDE_FILE(flame_css, "user/sink/flame/flame.css");
INCLUDE_FILE(flame_js, "user/sink/flame/flame.js");
