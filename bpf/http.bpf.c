// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * Requests of traced processes, in and out, from what they send and receive:
 * HTTP/1, PostgreSQL and Redis; in clear, or before and after a TLS library.
 *
 * The socket layer's tracepoints (Linux 6.3) give the socket itself, whatever
 * file descriptor leads to it, and cost nobody else's system calls anything.
 * Before, system calls are looked at (syscall.bpf.h).
 */
#include <bpf/bpf_endian.h>

#include "exchange.bpf.h"
#include "syscall.bpf.h"
#include "tls.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile bool cfg_tls;	/* TLS libraries are probed, too */
const volatile bool cfg_by_syscall;	/* the kernel has no tracepoints in its socket layer */

#define IPPROTO_TCP	6
#define SOCK_STREAM	1
#define RCV_SHUTDOWN	1
#define SEND_SHUTDOWN	2
#define SHUTDOWN_BOTH	3
#define TCP_FIN_WAIT1	4
#define TCP_CLOSE	7
#define TCP_LISTEN	10

/*
 * Where the bytes lie in the connection's stream: both ends count alike, while their clocks
 * are read when a system call returns, and the other end may have answered by then.
 */
static __always_inline void stream_place(struct movement *m, struct sock *sk, u32 length)
{
	/* what kernel TLS sends is longer than what it was given */
	if (BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP || has_upper_protocol(sk))
		return;
	m->sequence = tcp_sequence(sk, m->dir == SENT) - length;
	/* a FIN that was taken with them has a number, and is no byte */
	if (m->dir == RECEIVED && BPF_CORE_READ(sk, sk_shutdown) & RCV_SHUTDOWN &&
	    BPF_CORE_READ((struct tcp_sock *)sk, copied_seq) ==
		    BPF_CORE_READ((struct tcp_sock *)sk, rcv_nxt))
		m->sequence--;
	m->sequenced = true;
}

static __always_inline bool is_stream(u16 type, u16 family)
{
	return type == SOCK_STREAM &&
	       (family == AF_INET || family == AF_INET6 || family == AF_UNIX);
}

static __always_inline void moves(struct connection *c, struct movement *m,
				  struct task_struct *task, struct sock *sk)
{
	stream_place(m, sk, m->payload.length);
	connection_moves(c, m);
	if (cfg_tls && m->dir == RECEIVED && c->exchange.protocol == PPBPF_PROTOCOL_OPAQUE)
		tls_socket(task, sk);
}

static __always_inline int moved(struct sock *sk, int length, u32 dir)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct movement m = { .dir = dir };
	struct connection *c;

	if (!is_traced(task->tgid) || !is_stream(sk->sk_type, sk->__sk_common.skc_family) ||
	    !payload_find(&m.payload, task, length))
		return 0;
	c = connection_of(sk);
	if (c)
		moves(c, &m, task, sk);
	return 0;
}

SEC("?tp_btf/sock_send_length")
int BPF_PROG(exchange_sent, struct sock *sk, int length, int flags)
{
	return length > 0 ? moved(sk, length, SENT) : 0;
}

SEC("?tp_btf/sock_recv_length")
int BPF_PROG(exchange_received, struct sock *sk, int length, int flags)
{
	return length > 0 && !(flags & MSG_PEEK) ? moved(sk, length, RECEIVED) : 0;
}

SEC("?tp_btf/sys_exit")
int BPF_PROG(exchange_syscall, struct pt_regs *regs, long moved_bytes)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct transfer transfer = { 0 };
	struct movement m = { 0 };
	struct connection *c;
	struct sock *sk;

	if (moved_bytes <= 0 || !is_traced(task->tgid) || syscall_is_compat(task))
		return 0;
	if (!transfer_find(&transfer, task, (struct pt_regs *)bpf_task_pt_regs(task)))
		return 0;
	sk = transfer.sk;
	if (!is_stream(BPF_CORE_READ(sk, sk_type), BPF_CORE_READ(sk, __sk_common.skc_family)) ||
	    !payload_find(&m.payload, task, moved_bytes))
		return 0;
	m.dir = transfer.dir;
	c = transfer_connection(&transfer);
	if (c)
		moves(c, &m, task, sk);
	return 0;
}

/* --- connections and processes come and go ------------------------------------------------ */

static __always_inline void tell_process(struct task_struct *task, u32 kind)
{
	struct ppbpf_exchange_exec *event;
	struct ppbpf_names names;

	names_read(&names, task);
	if (!is_seen(&names))
		return;
	event = bpf_ringbuf_reserve(&exchanges, sizeof(*event), 0);
	if (!event) {
		met(PPBPF_REQUEST_LOST_RING);
		return;
	}
	event->kind = kind;
	event->pid = names.pid;
	bpf_ringbuf_submit(event, BPF_RB_FORCE_WAKEUP);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(exchange_socket_state, struct sock *sk, int from, int to)
{
	struct connection_key key = { .object = (u64)sk };
	struct task_struct *task;
	struct connection *c;

	if (to == TCP_LISTEN && is_traced_port(sk->__sk_common.skc_num)) {
		task = bpf_get_current_task_btf();
		trace(task->tgid);
		tell_process(task, PPBPF_EXCHANGE_LISTEN);
	}
	/* nothing ends while a connection is made */
	if (to < TCP_FIN_WAIT1)
		return 0;
	if (cfg_by_syscall)
		c = bpf_map_lookup_elem(&keyed_connections, &key);
	else
		c = bpf_sk_storage_get(&connections, sk, 0, 0);
	if (!c || c->phase == PHASE_IDLE)
		return 0;
	/* with one half open a client still waits for its reply, and a server goes on with it */
	if (to == TCP_CLOSE || sk->sk_shutdown == SHUTDOWN_BOTH ||
	    (c->exchange.role == PPBPF_ROLE_SERVER && c->phase == PHASE_REPLY &&
	     sk->sk_shutdown & SEND_SHUTDOWN))
		exchange_send(c, PPBPF_EXCHANGE_CLOSED);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(exchange_fork, struct task_struct *parent, struct task_struct *child)
{
	if (cfg_trace_children && child->tgid != parent->tgid && is_traced(parent->tgid))
		trace(child->tgid);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(exchange_exec, struct task_struct *task)
{
	if (cfg_watch_exec && !is_traced(task->tgid))
		tell_process(task, PPBPF_EXCHANGE_EXEC);
	return 0;
}

/* The leader is freed last: its number is used again from then on. */
SEC("tp_btf/sched_process_free")
int BPF_PROG(exchange_process_free, struct task_struct *task)
{
	if (task->pid == task->tgid && is_traced(task->tgid))
		trace_no_more(task->tgid);
	return 0;
}

SEC("tp_btf/sched_switch")
int exchange_switch(u64 *ctx)
{
	struct task_struct *prev = (struct task_struct *)ctx[1];
	u32 prev_state = cfg_switch_has_state ? (u32)ctx[3] : task_state_bits(prev);
	u64 now = task_rq(prev)->clock;
	struct served *served;

	sample_clock(now);
	if (!is_traced(prev->tgid))
		return 0;
	served = bpf_task_storage_get(&served_threads, prev, 0, 0);
	if (served && served->state.flags & PPBPF_TASK_FOLLOWED)
		served_out(served, prev, ctx[0], prev_state, now);
	return 0;
}

/* --- user space asks ---------------------------------------------------------------------- */

/* Before anything is attached: where ppbpf itself stands. */
SEC("syscall")
int exchange_pid_view(void *ctx)
{
	pid_view_here();
	return 0;
}

/* Traces the processes that stand in `targets`, by their numbers here. */
SEC("iter/task")
int exchange_seed(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct ppbpf_names names;
	u32 pid;

	if (!task || task->pid != task->tgid)
		return 0;
	names_read(&names, task);
	pid = names.pid;
	if (is_seen(&names) && bpf_map_lookup_elem(&targets, &pid))
		trace(task->tgid);
	return 0;
}

/* What is under way on each connection, at the end: on sockets, and on SSL objects. */
SEC("iter/bpf_sk_storage_map")
int exchange_rest(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct connection *c = ctx->value;

	if (c && ctx->sk && c->phase != PHASE_IDLE)
		exchange_send(c, PPBPF_EXCHANGE_UNFINISHED);
	return 0;
}

static long keyed_rest(struct bpf_map *map, struct connection_key *key, struct connection *c,
		       void *context)
{
	exchange_send(c, PPBPF_EXCHANGE_UNFINISHED);
	return 0;
}

SEC("syscall")
int exchange_keyed_rest(void *ctx)
{
	bpf_for_each_map_elem(&keyed_connections, keyed_rest, 0, 0);
	return 0;
}
