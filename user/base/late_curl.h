/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The HTTP client, libcurl: its functions by their own names, once late_curl() is not NULL. */
#ifndef PPBPF_BASE_LATE_CURL_H
#define PPBPF_BASE_LATE_CURL_H

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

/* macros that only count arguments */
#undef curl_easy_setopt
#undef curl_easy_getinfo

#define LATE_CURL_FUNCTIONS(x) \
	x(curl_easy_init) \
	x(curl_easy_cleanup) \
	x(curl_easy_setopt) \
	x(curl_easy_perform) \
	x(curl_easy_getinfo) \
	x(curl_easy_strerror) \
	x(curl_easy_escape) \
	x(curl_free) \
	x(curl_slist_append) \
	x(curl_slist_free_all) \
	x(curl_url) \
	x(curl_url_set) \
	x(curl_url_get) \
	x(curl_url_cleanup)

struct late_curl {
#define LATE_MEMBER(function) typeof(&function) function;
	LATE_CURL_FUNCTIONS(LATE_MEMBER)
#undef LATE_MEMBER
};

/* Loads it; NULL where it is not installed. */
const struct late_curl *late_curl(void);

#ifndef LATE_CURL_DEFINED_HERE
#define curl_easy_init late_curl()->curl_easy_init
#define curl_easy_cleanup late_curl()->curl_easy_cleanup
#define curl_easy_setopt late_curl()->curl_easy_setopt
#define curl_easy_perform late_curl()->curl_easy_perform
#define curl_easy_getinfo late_curl()->curl_easy_getinfo
#define curl_easy_strerror late_curl()->curl_easy_strerror
#define curl_easy_escape late_curl()->curl_easy_escape
#define curl_free late_curl()->curl_free
#define curl_slist_append late_curl()->curl_slist_append
#define curl_slist_free_all late_curl()->curl_slist_free_all
#define curl_url late_curl()->curl_url
#define curl_url_set late_curl()->curl_url_set
#define curl_url_get late_curl()->curl_url_get
#define curl_url_cleanup late_curl()->curl_url_cleanup
#endif

#endif
