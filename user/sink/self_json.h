/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PPBPF_SINK_SELF_JSON_H
#define PPBPF_SINK_SELF_JSON_H

struct fields;
struct report_self;

/* "self" of an operation's metadata, into the open object: what ppbpf has cost. */
void self_json__write(struct fields *fields, const struct report_self *self);

/* The same of an operation that measures nothing itself, and so loses nothing: "dropped" is empty. */
void self_json__alone(struct fields *fields, const struct report_self *self);

#endif
