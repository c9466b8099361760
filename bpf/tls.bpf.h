/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * What goes through OpenSSL (1.1, 3), before it is encrypted and after it is
 * decrypted: probes on SSL_write and SSL_read, wherever the library lies. Their
 * connection is the SSL object's; which socket it is on is known only when the
 * library itself reads from one, within SSL_read.
 */
#ifndef PPBPF_TLS_BPF_H
#define PPBPF_TLS_BPF_H

#include "exchange.bpf.h"

#define COOKIE_EX 1	/* SSL_read_ex, SSL_write_ex: the length goes to where a pointer says */

#if defined(__TARGET_ARCH_x86)
#define SSL_ARGUMENT(ctx, n) ((n) == 0 ? (ctx)->di : (n) == 1 ? (ctx)->si : \
			      (n) == 2 ? (ctx)->dx : (ctx)->cx)
#define SSL_RESULT(ctx) ((ctx)->ax)
#elif defined(__TARGET_ARCH_arm64)
#define SSL_ARGUMENT(ctx, n) (((struct user_pt_regs *)(ctx))->regs[n])
#define SSL_RESULT(ctx) (((struct user_pt_regs *)(ctx))->regs[0])
#endif

/* An SSL_read that a thread is in. */
struct tls_read {
	u64 ssl;	/* 0: none */
	u64 buffer;
	u64 length;	/* where SSL_read_ex puts it, else 0 */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct tls_read);
} tls_reads SEC(".maps");

static __always_inline void tls_moves(u64 ssl, u32 tgid, u64 buffer, u64 length, u32 dir)
{
	struct movement m = { .dir = dir };
	struct connection *c = connection_keyed(ssl, tgid, 0);

	if (!c)
		return;
	payload_one(&m.payload, buffer, length);
	connection_moves(c, &m);
}

SEC("uprobe")
int tls_write(struct pt_regs *ctx)
{
	u64 length = SSL_ARGUMENT(ctx, 2);
	u32 tgid = bpf_get_current_pid_tgid() >> 32;

	if (!is_traced(tgid))
		return 0;
	met(PPBPF_REQUEST_TLS_HITS);
	if (!(bpf_get_attach_cookie(ctx) & COOKIE_EX))
		length = (s64)(s32)length < 0 ? 0 : (u32)length;
	if (length)
		tls_moves(SSL_ARGUMENT(ctx, 0), tgid, SSL_ARGUMENT(ctx, 1), length, SENT);
	return 0;
}

SEC("uprobe")
int tls_read_begin(struct pt_regs *ctx)
{
	struct tls_read *read;

	if (!is_traced(bpf_get_current_pid_tgid() >> 32))
		return 0;
	met(PPBPF_REQUEST_TLS_HITS);
	read = bpf_task_storage_get(&tls_reads, bpf_get_current_task_btf(), 0,
				    BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!read)
		return 0;
	read->ssl = SSL_ARGUMENT(ctx, 0);
	read->buffer = SSL_ARGUMENT(ctx, 1);
	read->length = bpf_get_attach_cookie(ctx) & COOKIE_EX ? SSL_ARGUMENT(ctx, 3) : 0;
	return 0;
}

SEC("uretprobe")
int tls_read_end(struct pt_regs *ctx)
{
	u32 tgid = bpf_get_current_pid_tgid() >> 32;
	s32 result = SSL_RESULT(ctx);
	struct tls_read *read;
	u64 length = 0, ssl;

	if (!is_traced(tgid))
		return 0;
	met(PPBPF_REQUEST_TLS_RETURNS);
	read = bpf_task_storage_get(&tls_reads, bpf_get_current_task_btf(), 0, 0);
	if (!read || !read->ssl)
		return 0;
	ssl = read->ssl;
	read->ssl = 0;
	if (result <= 0)
		return 0;
	length = result;
	if (read->length && bpf_probe_read_user(&length, sizeof(length), (void *)read->length))
		return 0;
	if (length)
		tls_moves(ssl, tgid, read->buffer, length, RECEIVED);
	return 0;
}

/* Its address will be another one's. */
SEC("uprobe")
int tls_free(struct pt_regs *ctx)
{
	struct connection_key key = {
		.object = SSL_ARGUMENT(ctx, 0),
		.tgid = bpf_get_current_pid_tgid() >> 32,
	};
	struct connection *c;

	if (!is_traced(key.tgid))
		return 0;
	met(PPBPF_REQUEST_TLS_HITS);
	c = bpf_map_lookup_elem(&keyed_connections, &key);
	if (!c)
		return 0;
	exchange_send(c, PPBPF_EXCHANGE_CLOSED);
	bpf_map_delete_elem(&keyed_connections, &key);
	return 0;
}

/* A socket was read from: if that was for the SSL object that this thread reads, it is its own. */
static __always_inline void tls_socket(struct task_struct *task, struct sock *sk)
{
	struct tls_read *read = bpf_task_storage_get(&tls_reads, task, 0, 0);
	struct connection *c;

	if (!read || !read->ssl)
		return;
	c = connection_keyed(read->ssl, task->tgid, sk);
	if (c && !c->exchange.family)
		address_read(&c->exchange, sk);
}

#endif /* PPBPF_TLS_BPF_H */
