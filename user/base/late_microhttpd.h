/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The HTTP server, libmicrohttpd: its functions by their own names, once late_microhttpd() is not NULL. */
#ifndef PPBPF_BASE_LATE_MICROHTTPD_H
#define PPBPF_BASE_LATE_MICROHTTPD_H

#include <microhttpd.h>

#define LATE_MICROHTTPD_FUNCTIONS(x) \
	x(MHD_start_daemon) \
	x(MHD_stop_daemon) \
	x(MHD_run) \
	x(MHD_get_timeout) \
	x(MHD_get_daemon_info) \
	x(MHD_get_connection_info) \
	x(MHD_lookup_connection_value) \
	x(MHD_create_response_from_buffer) \
	x(MHD_add_response_header) \
	x(MHD_queue_response) \
	x(MHD_destroy_response)

struct late_microhttpd {
#define LATE_MEMBER(function) typeof(&function) function;
	LATE_MICROHTTPD_FUNCTIONS(LATE_MEMBER)
#undef LATE_MEMBER
};

/* Loads it; NULL where it is not installed. */
const struct late_microhttpd *late_microhttpd(void);

#ifndef LATE_MICROHTTPD_DEFINED_HERE
#define MHD_start_daemon late_microhttpd()->MHD_start_daemon
#define MHD_stop_daemon late_microhttpd()->MHD_stop_daemon
#define MHD_run late_microhttpd()->MHD_run
#define MHD_get_timeout late_microhttpd()->MHD_get_timeout
#define MHD_get_daemon_info late_microhttpd()->MHD_get_daemon_info
#define MHD_get_connection_info late_microhttpd()->MHD_get_connection_info
#define MHD_lookup_connection_value late_microhttpd()->MHD_lookup_connection_value
#define MHD_create_response_from_buffer late_microhttpd()->MHD_create_response_from_buffer
#define MHD_add_response_header late_microhttpd()->MHD_add_response_header
#define MHD_queue_response late_microhttpd()->MHD_queue_response
#define MHD_destroy_response late_microhttpd()->MHD_destroy_response
#endif

#endif
