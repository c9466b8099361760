/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Network bytes where the socket layer has no tracepoints for them, before Linux 6.3: by the
 * exits of the protocols' own functions, which need BPF trampolines. Included by net.bpf.c.
 * What does not pass by these is not counted: MPTCP, and TLS that the kernel does.
 */
#ifndef PPBPF_NET_CALLS_BPF_H
#define PPBPF_NET_CALLS_BPF_H

/* What the function returned, of which the kernel knows the number of arguments: 5.17. */
static __always_inline int returned(void *ctx)
{
	u64 value = 0;

	bpf_get_func_ret(ctx, &value);
	return (int)value;
}

#define EXIT_OF_SEND(function_)							\
	SEC("?fexit/" #function_)						\
	int function_##_exit(u64 *ctx)						\
	{									\
		count_sent((struct sock *)ctx[0], returned(ctx));		\
		return 0;							\
	}

EXIT_OF_SEND(tcp_sendmsg)
EXIT_OF_SEND(tcp_sendpage)	/* sendfile(2), splice(2): before 6.5 */
EXIT_OF_SEND(udpv6_sendmsg)

/* An IPv6 socket that sends to an IPv4 address comes here from udpv6_sendmsg(), which counts. */
SEC("?fexit/udp_sendmsg")
int udp_sendmsg_exit(u64 *ctx)
{
	struct sock *sk = (struct sock *)ctx[0];

	if (sk->__sk_common.skc_family == AF_INET)
		count_sent(sk, returned(ctx));
	return 0;
}

/* Since 5.19 they take (sk, msg, length, flags, address's length). */
#define EXIT_OF_RECEIVE(function_)						\
	SEC("?fexit/" #function_)						\
	int function_##_exit(u64 *ctx)						\
	{									\
		count_received((struct sock *)ctx[0], returned(ctx), (int)ctx[3]); \
		return 0;							\
	}

EXIT_OF_RECEIVE(tcp_recvmsg)
EXIT_OF_RECEIVE(udp_recvmsg)
EXIT_OF_RECEIVE(udpv6_recvmsg)

#endif /* PPBPF_NET_CALLS_BPF_H */
