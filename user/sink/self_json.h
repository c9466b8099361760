/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PPBPF_SINK_SELF_JSON_H
#define PPBPF_SINK_SELF_JSON_H

struct fields;
struct report_self;

/* "self" of an operation's metadata, into the open object: what ppbpf has cost. */
void self_json__write(struct fields *fields, const struct report_self *self);

/*
 * What ends the metadata of an operation that measures nothing itself: host, kernel,
 * version, own cost, no losses, and the reasons of nulls. 0, or -ENOMEM when one was lost.
 */
int self_json__facts(struct fields *fields, const struct report_self *self);

#endif
