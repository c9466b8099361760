// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * Network bytes by the thread that moves them, TCP and UDP apart. Sends are
 * counted where the socket layer returns. TCP receives are counted by what the
 * reader consumed from the socket, which sees splice(2) too; a socket that was
 * open before the start is counted by its return values until its first read
 * tells how far it had come.
 */
#include "maps.bpf.h"
#include "compat.bpf.h"
#include "filter.bpf.h"
#include "reason.bpf.h"

#define AF_INET		2
#define AF_INET6	10
#define IPPROTO_TCP	6
#define IPPROTO_UDP	17
#define IPPROTO_UDPLITE	136
#define IPPROTO_MPTCP	262
#define MSG_PEEK	2
#define SOCK_DONE	1	/* bit of sk_flags: a FIN was received */

#define TCP_ESTABLISHED	1
#define TCP_SYN_SENT	2
#define TCP_SYN_RECV	3

struct socket_state {
	u64 consumed;	/* bytes that a reader had taken from it when last looked at */
	u8 known;	/* `consumed` is exact since the connection began, or was read once */
	u8 accepted;	/* a passive connection that no process has used yet */
	u8 reading;	/* its first read is under way, or was */
	u8 pad;
	u32 user;	/* tgid of who connected it, or read from it last; 0: not known */
	u64 user_start;
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct socket_state);
} sockets SEC(".maps");

/*
 * Sockets whose first read is under way: while there are none, the return value
 * of a TCP read need not be looked at. It may count too many, for a read within
 * the kernel has no return value: that costs a look-up, not a byte.
 */
static u32 sockets_unknown;

static __always_inline bool is_inet(struct sock *sk)
{
	u16 family = sk->__sk_common.skc_family;

	return family == AF_INET || family == AF_INET6;
}

static __always_inline bool is_udp(u16 protocol)
{
	return protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE;
}

static __always_inline void charge(struct task_state *state, enum ppbpf_value id, u64 n)
{
	if (!following() || state->flags & PPBPF_TASK_FOLLOWED)
		state->counted[id - PPBPF_COUNTED] += n;
}

static __always_inline struct task_state *current_state(void)
{
	return state_create(bpf_get_current_task_btf());
}

static __always_inline void used_by(struct socket_state *socket, struct task_struct *task,
				    struct task_state *state)
{
	socket->user = task->tgid;
	socket->user_start = state->leader_start;
}

/* What a call of a process returned: bytes that the protocol took from it. */
static __always_inline void count_sent(struct sock *sk, int ret)
{
	struct task_state *state;
	u16 protocol;

	if (ret <= 0 || !is_inet(sk))
		return;
	state = current_state();
	if (!state)
		return;
	protocol = sk->sk_protocol;
	if (protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP)
		charge(state, PPBPF_TCP_SENT_BYTES, ret);
	else if (is_udp(protocol))
		charge(state, PPBPF_UDP_SENT_BYTES, ret);
}

static __always_inline void count_received(struct sock *sk, int ret, int flags)
{
	struct socket_state *socket;
	struct task_state *state;
	u16 protocol;

	if (ret <= 0 || flags & MSG_PEEK || !is_inet(sk))
		return;
	protocol = sk->sk_protocol;
	if (protocol == IPPROTO_TCP) {
		if (!sockets_unknown)
			return;	/* counted by what was consumed */
		socket = bpf_sk_storage_get(&sockets, sk, 0, 0);
		if (socket && socket->known)
			return;
		if (socket)
			socket->known = true;
		__sync_fetch_and_sub(&sockets_unknown, 1);
	} else if (protocol != IPPROTO_MPTCP && !is_udp(protocol)) {
		return;
	}
	state = current_state();
	if (!state)
		return;
	if (is_udp(protocol))
		charge(state, PPBPF_UDP_RECEIVED_BYTES, ret);
	else
		charge(state, PPBPF_TCP_RECEIVED_BYTES, ret);
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(sock_send_length, struct sock *sk, int ret, int flags)
{
	count_sent(sk, ret);
	return 0;
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(sock_recv_length, struct sock *sk, int ret, int flags)
{
	count_received(sk, ret, flags);
	return 0;
}

#include "net_calls.bpf.h"

/* Both counters behind this include the FIN, which is no byte. */
static __always_inline u64 bytes_consumed(struct sock *sk)
{
	struct tcp_sock *tcp = tcp_sock_of(sk);
	u64 fin = sk->__sk_common.skc_flags >> SOCK_DONE & 1;
	u32 unread;

	if (!tcp)
		return 0;
	unread = tcp->rcv_nxt - tcp->copied_seq;
	return tcp->bytes_received - fin - (unread - (unread && fin));
}

static __always_inline bool in_splice(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	long number = syscall_number(task, (struct pt_regs *)bpf_task_pt_regs(task));

	return number == SYSCALL_SPLICE && !syscall_is_compat(task);
}

/* A reader took bytes from a TCP socket, by whatever call. */
SEC("tp_btf/tcp_rcv_space_adjust")
int BPF_PROG(tcp_rcv_space_adjust, struct sock *sk)
{
	struct socket_state *socket;
	struct task_struct *task;
	struct task_state *state;
	u64 consumed;

	socket = bpf_sk_storage_get(&sockets, sk, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!socket) {
		__sync_fetch_and_add(&sockets_unknown, 1);
		return 0;
	}
	consumed = bytes_consumed(sk);
	if (socket->known) {
		task = bpf_get_current_task_btf();
		state = state_create(task);
		if (!state)
			return 0;
		charge(state, PPBPF_TCP_RECEIVED_BYTES, consumed - socket->consumed);
		used_by(socket, task, state);
		if (socket->accepted) {
			socket->accepted = false;
			charge(state, PPBPF_CONNECTIONS_ACCEPTED, 1);
		}
	} else if (in_splice()) {
		/* it has no return value that is counted: from its first call on, this is */
		socket->known = true;
	} else if (!socket->reading) {
		socket->reading = true;
		__sync_fetch_and_add(&sockets_unknown, 1);
	}
	socket->consumed = consumed;
	return 0;
}

/* connect(2) runs in its caller; a passive connection is established by the network. */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(inet_sock_set_state, struct sock *sk, int from, int to)
{
	struct task_state *state = 0;
	struct socket_state *socket;

	if (sk->sk_protocol != IPPROTO_TCP)
		return 0;
	if (to == TCP_SYN_SENT) {
		state = current_state();
		if (state)
			charge(state, PPBPF_CONNECTIONS_OPENED, 1);
	}
	if (to != TCP_SYN_SENT && !(from == TCP_SYN_RECV && to == TCP_ESTABLISHED))
		return 0;
	socket = bpf_sk_storage_get(&sockets, sk, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!socket)
		return 0;
	socket->consumed = 0;
	socket->known = true;
	socket->accepted = to == TCP_ESTABLISHED;
	if (state)
		used_by(socket, bpf_get_current_task_btf(), state);
	return 0;
}

/*
 * TCP sends again on its own: charged to the leader of the process that used
 * the socket last, if that lives. In segments, as the kernel counts them.
 */
SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(tcp_retransmit_skb, struct sock *sk, struct sk_buff *skb)
{
	struct socket_state *socket = bpf_sk_storage_get(&sockets, sk, 0, 0);
	struct task_state *state;
	struct task_struct *task;
	u16 segments;

	if (!socket || !socket->user || !bpf_task_from_pid)
		return 0;
	segments = BPF_CORE_READ((struct tcp_skb_cb *)skb->cb, tcp_gso_segs);
	task = bpf_task_from_pid(socket->user);
	if (!task)
		return 0;
	state = state_get(task);
	if (state && state->leader_start == socket->user_start &&
	    (!following() || state->flags & PPBPF_TASK_FOLLOWED))
		__sync_fetch_and_add(&state->counted[PPBPF_TCP_RETRANSMITS - PPBPF_COUNTED],
				     segments);
	bpf_task_release(task);
	return 0;
}
