// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "model/metric.h"

#include <string.h>

#include "base/text.h"

#define PROCESS(id_, subject_, kind_, unit_) \
	.scope = METRIC_PROCESS, .index = (id_), .subject = (subject_), .kind = (kind_), \
	.unit = (unit_)
#define ROW(scope_, id_, subject_, kind_, unit_) \
	.scope = (scope_), .index = (id_), .subject = (subject_), .kind = (kind_), .unit = (unit_)

const struct metric metrics[] = {
	/* a process, summed over its threads */
	{ "cpu.time", "cpu_ns", "process.cpu.time",
	  "exact time on a CPU, the slice in progress included",
	  "task_struct.se.sum_exec_runtime",
	  PROCESS(PPBPF_CPU_NS, SUBJECT_CPU, METRIC_COUNTER, UNIT_NS), .needs = FEATURE_BPF,
	  .otherwise = "the process's CPU clock, clock_getcpuclockid(3)" },
	{ "cpu.user", "user_ns", "process.cpu.time{cpu.mode=user}",
	  "the part of it in user mode: tick samples scaled to the exact sum, an estimate",
	  "task_struct.utime",
	  PROCESS(PPBPF_UTIME_NS, SUBJECT_CPU, METRIC_COUNTER, UNIT_NS), .needs = FEATURE_BPF,
	  .otherwise = "/proc/PID/stat utime" },
	{ "cpu.kernel", "kernel_ns", "process.cpu.time{cpu.mode=system}",
	  "the part of it in the kernel: tick samples scaled to the exact sum, an estimate",
	  "task_struct.stime",
	  PROCESS(PPBPF_STIME_NS, SUBJECT_CPU, METRIC_COUNTER, UNIT_NS), .needs = FEATURE_BPF,
	  .otherwise = "/proc/PID/stat stime" },
	{ "scheduler.run_delay", "run_delay_ns", "process.cpu.run_queue.time",
	  "time runnable but waiting for a CPU: throttled and stolen time is in it",
	  "task_struct.sched_info.run_delay",
	  PROCESS(PPBPF_RUN_DELAY_NS, SUBJECT_SCHEDULER, METRIC_COUNTER, UNIT_NS),
	  .needs = FEATURE_SCHED_INFO,
	  .otherwise = "/proc/PID/task/TID/schedstat" },
	{ "scheduler.voluntary_switches", "voluntary_switches",
	  "process.context_switches{process.context_switch_type=voluntary}",
	  "times it gave its CPU up to wait for something", "task_struct.nvcsw",
	  PROCESS(PPBPF_VOLUNTARY_SWITCHES, SUBJECT_SCHEDULER, METRIC_COUNTER, UNIT_COUNT),
	  .needs = FEATURE_BPF,
	  .otherwise = "/proc/PID/task/TID/status" },
	{ "scheduler.involuntary_switches", "involuntary_switches",
	  "process.context_switches{process.context_switch_type=involuntary}",
	  "times its CPU was taken from it", "task_struct.nivcsw",
	  PROCESS(PPBPF_INVOLUNTARY_SWITCHES, SUBJECT_SCHEDULER, METRIC_COUNTER, UNIT_COUNT),
	  .needs = FEATURE_BPF,
	  .otherwise = "/proc/PID/task/TID/status" },
	{ "scheduler.migrations", "migrations", "process.cpu.migrations",
	  "times it went on on another CPU", "task_struct.se.nr_migrations",
	  PROCESS(PPBPF_MIGRATIONS, SUBJECT_SCHEDULER, METRIC_COUNTER, UNIT_COUNT),
	  .needs = FEATURE_BPF },
	{ "scheduler.timeslices", "timeslices", "process.cpu.timeslices",
	  "times it was put on a CPU", "task_struct.sched_info.pcount",
	  PROCESS(PPBPF_TIMESLICES, SUBJECT_SCHEDULER, METRIC_COUNTER, UNIT_COUNT),
	  .needs = FEATURE_SCHED_INFO,
	  .otherwise = "/proc/PID/task/TID/schedstat" },
	{ "memory.minor_faults", "minor_faults",
	  "process.paging.faults{process.paging.fault_type=minor}",
	  "page faults that needed no I/O", "task_struct.min_flt",
	  PROCESS(PPBPF_MINOR_FAULTS, SUBJECT_MEMORY, METRIC_COUNTER, UNIT_COUNT),
	  .needs = FEATURE_BPF,
	  .otherwise = "/proc/PID/stat minflt" },
	{ "memory.major_faults", "major_faults",
	  "process.paging.faults{process.paging.fault_type=major}",
	  "page faults that waited for I/O", "task_struct.maj_flt",
	  PROCESS(PPBPF_MAJOR_FAULTS, SUBJECT_MEMORY, METRIC_COUNTER, UNIT_COUNT),
	  .needs = FEATURE_BPF,
	  .otherwise = "/proc/PID/stat majflt" },
	{ "disk.read", "read_bytes", "process.disk.io{disk.io.direction=read}",
	  "bytes it made storage read", "task_struct.ioac.read_bytes",
	  PROCESS(PPBPF_READ_BYTES, SUBJECT_DISK, METRIC_COUNTER, UNIT_BYTES),
	  .needs = FEATURE_TASK_IO,
	  .otherwise = "/proc/PID/task/TID/io" },
	{ "disk.written", "write_bytes", "process.disk.io{disk.io.direction=write}",
	  "bytes it dirtied, in whole pages, whoever writes them back; by whole large folios "
	  "where the file system has those, which can be more than a device gets",
	  "task_struct.ioac.write_bytes",
	  PROCESS(PPBPF_WRITE_BYTES, SUBJECT_DISK, METRIC_COUNTER, UNIT_BYTES),
	  .needs = FEATURE_TASK_IO,
	  .otherwise = "/proc/PID/task/TID/io" },
	{ "disk.cancelled", "cancelled_write_bytes", "process.disk.cancelled_write",
	  "dirty bytes that never reach storage because it truncated them, perhaps another's",
	  "task_struct.ioac.cancelled_write_bytes",
	  PROCESS(PPBPF_CANCELLED_WRITE_BYTES, SUBJECT_DISK, METRIC_COUNTER, UNIT_BYTES),
	  .needs = FEATURE_TASK_IO,
	  .otherwise = "/proc/PID/task/TID/io" },
	{ "network.tcp_sent", "tcp_sent_bytes",
	  "process.network.io{network.io.direction=transmit,network.transport=tcp}",
	  "payload bytes handed to TCP", "tracepoint sock_send_length",
	  PROCESS(PPBPF_TCP_SENT_BYTES, SUBJECT_NETWORK, METRIC_COUNTER, UNIT_BYTES),
	  .needs = FEATURE_SOCK_LENGTH },
	{ "network.tcp_received", "tcp_recv_bytes",
	  "process.network.io{network.io.direction=receive,network.transport=tcp}",
	  "payload bytes taken from TCP, splice(2) included",
	  "tracepoints tcp_rcv_space_adjust, sock_recv_length",
	  PROCESS(PPBPF_TCP_RECEIVED_BYTES, SUBJECT_NETWORK, METRIC_COUNTER, UNIT_BYTES),
	  .needs = FEATURE_SOCK_LENGTH },
	{ "network.udp_sent", "udp_sent_bytes",
	  "process.network.io{network.io.direction=transmit,network.transport=udp}",
	  "payload bytes handed to UDP", "tracepoint sock_send_length",
	  PROCESS(PPBPF_UDP_SENT_BYTES, SUBJECT_NETWORK, METRIC_COUNTER, UNIT_BYTES),
	  .needs = FEATURE_SOCK_LENGTH },
	{ "network.udp_received", "udp_recv_bytes",
	  "process.network.io{network.io.direction=receive,network.transport=udp}",
	  "payload bytes taken from UDP", "tracepoint sock_recv_length",
	  PROCESS(PPBPF_UDP_RECEIVED_BYTES, SUBJECT_NETWORK, METRIC_COUNTER, UNIT_BYTES),
	  .needs = FEATURE_SOCK_LENGTH },
	{ "network.opened", "connections_opened", "process.network.connection.opened",
	  "TCP connections it began", "tracepoint inet_sock_set_state",
	  PROCESS(PPBPF_CONNECTIONS_OPENED, SUBJECT_NETWORK, METRIC_COUNTER, UNIT_COUNT),
	  .needs = FEATURE_TCP_STATE },
	{ "network.accepted", "connections_accepted", "process.network.connection.accepted",
	  "TCP connections that began during the measurement and that it read from first",
	  "tracepoints inet_sock_set_state, tcp_rcv_space_adjust",
	  PROCESS(PPBPF_CONNECTIONS_ACCEPTED, SUBJECT_NETWORK, METRIC_COUNTER, UNIT_COUNT),
	  .needs = FEATURE_TCP_STATE },
	{ "network.retransmits", "retransmits", "process.network.tcp.retransmits",
	  "TCP segments sent again on connections that it began, or had read from last",
	  "tracepoint tcp_retransmit_skb",
	  PROCESS(PPBPF_TCP_RETRANSMITS, SUBJECT_NETWORK, METRIC_COUNTER, UNIT_COUNT),
	  .needs = FEATURE_TCP_RETRANSMIT },
	/* a process as a whole */
	{ "memory.anonymous", "rss_anon_bytes", "process.memory.usage{type=anonymous}",
	  "resident memory of no file: heap, stacks", "mm_struct.rss_stat[MM_ANONPAGES]",
	  PROCESS(PPBPF_RSS_ANON_BYTES, SUBJECT_MEMORY, METRIC_GAUGE, UNIT_BYTES),
	  .needs = FEATURE_BPF,
	  .otherwise = "/proc/PID/status RssAnon" },
	{ "memory.file", "rss_file_bytes", "process.memory.usage{type=file}",
	  "resident memory that maps files", "mm_struct.rss_stat[MM_FILEPAGES]",
	  PROCESS(PPBPF_RSS_FILE_BYTES, SUBJECT_MEMORY, METRIC_GAUGE, UNIT_BYTES),
	  .needs = FEATURE_BPF,
	  .otherwise = "/proc/PID/status RssFile" },
	{ "memory.shared", "rss_shmem_bytes", "process.memory.usage{type=shared}",
	  "resident shared memory: tmpfs, System V, shared anonymous maps",
	  "mm_struct.rss_stat[MM_SHMEMPAGES]",
	  PROCESS(PPBPF_RSS_SHMEM_BYTES, SUBJECT_MEMORY, METRIC_GAUGE, UNIT_BYTES),
	  .needs = FEATURE_BPF,
	  .otherwise = "/proc/PID/status RssShmem" },
	{ "memory.swap", "swap_bytes", "process.memory.swap", "memory of it that is swapped out",
	  "mm_struct.rss_stat[MM_SWAPENTS]",
	  PROCESS(PPBPF_SWAP_BYTES, SUBJECT_MEMORY, METRIC_GAUGE, UNIT_BYTES),
	  .needs = FEATURE_BPF,
	  .otherwise = "/proc/PID/status VmSwap" },
	{ "memory.peak", "memory_peak_bytes", "process.memory.peak",
	  "the largest resident set since it called exec", "mm_struct.hiwater_rss",
	  PROCESS(PPBPF_PEAK_RSS_BYTES, SUBJECT_MEMORY, METRIC_PEAK, UNIT_BYTES),
	  .needs = FEATURE_BPF,
	  .otherwise = "/proc/PID/status VmHWM" },
	{ "memory.threads", "threads", "process.thread.count", "threads at once, the most seen",
	  "signal_struct.nr_threads",
	  PROCESS(PPBPF_THREADS, SUBJECT_MEMORY, METRIC_PEAK, UNIT_COUNT),
	  .needs = FEATURE_BPF,
	  .otherwise = "/proc/PID/stat num_threads" },
	/* the split of a target's time */
	{ "split.on_cpu", "on_cpu_ms", "ppbpf.task.time{state=on_cpu}", "executing",
	  "task_struct.se.sum_exec_runtime",
	  ROW(METRIC_SPLIT, SPLIT_ON_CPU, SUBJECT_SCHEDULER, METRIC_COUNTER, UNIT_MS),
	  .needs = FEATURE_BPF,
	  .otherwise = "the process's CPU clock, clock_getcpuclockid(3)" },
	{ "split.run_queue", "run_queue_ms", "ppbpf.task.time{state=run_queue}",
	  "runnable while other tasks had the CPU", "sched_info.run_delay, less the two below",
	  ROW(METRIC_SPLIT, SPLIT_RUN_QUEUE, SUBJECT_SCHEDULER, METRIC_COUNTER, UNIT_MS),
	  .needs = FEATURE_SCHED_INFO,
	  .otherwise = "/proc/PID/task/TID/schedstat" },
	{ "split.throttled", "throttled_ms", "ppbpf.task.time{state=throttled}",
	  "runnable but held back by its cgroup's CPU quota", "cfs_rq.throttled_clock_self_time",
	  ROW(METRIC_SPLIT, SPLIT_THROTTLED, SUBJECT_SCHEDULER, METRIC_COUNTER, UNIT_MS),
	  .needs = FEATURE_QUOTA_CLOCK },
	{ "split.stolen", "stolen_ms", "ppbpf.task.time{state=stolen}",
	  "its CPU ran no task at all: the hypervisor, or interrupts where they are accounted",
	  "rq.clock less rq.clock_task",
	  ROW(METRIC_SPLIT, SPLIT_STOLEN, SUBJECT_SCHEDULER, METRIC_COUNTER, UNIT_MS),
	  .needs = FEATURE_SCHED_INFO },
	/* a block device, by read, write, discard and flush */
	{ "device.operations", "operations", "system.disk.operations", "requests completed",
	  "tracepoint block_rq_complete",
	  ROW(METRIC_DEVICE, DEVICE_OPERATIONS, SUBJECT_DISK, METRIC_COUNTER, UNIT_COUNT),
	  .needs = FEATURE_BLOCK,
	  .otherwise = "/proc/diskstats" },
	{ "device.bytes", "bytes", "system.disk.io", "bytes completed",
	  "tracepoint block_rq_complete",
	  ROW(METRIC_DEVICE, DEVICE_BYTES, SUBJECT_DISK, METRIC_COUNTER, UNIT_BYTES),
	  .needs = FEATURE_BLOCK,
	  .otherwise = "/proc/diskstats" },
	{ "device.errors", "errors", "system.disk.errors", "requests that failed",
	  "tracepoint block_rq_complete",
	  ROW(METRIC_DEVICE, DEVICE_ERRORS, SUBJECT_DISK, METRIC_COUNTER, UNIT_COUNT),
	  .needs = FEATURE_BLOCK },
	{ "device.queue_latency", "queue_ms", "system.disk.queue_time",
	  "from the request's making to the device", "request.start_time_ns to block_rq_issue",
	  ROW(METRIC_DEVICE, DEVICE_QUEUE_LATENCY, SUBJECT_DISK, METRIC_HISTOGRAM, UNIT_NS),
	  .needs = FEATURE_BLOCK },
	{ "device.service_latency", "service_ms", "system.disk.operation_time",
	  "in the device", "block_rq_issue to block_rq_complete",
	  ROW(METRIC_DEVICE, DEVICE_SERVICE_LATENCY, SUBJECT_DISK, METRIC_HISTOGRAM, UNIT_NS),
	  .needs = FEATURE_BLOCK },
	/* a network interface */
	{ "interface.received", "received_bytes", "system.network.io{network.io.direction=receive}",
	  "bytes received, headers included", "rtnl_link_stats64.rx_bytes",
	  ROW(METRIC_INTERFACE, INTERFACE_RECEIVED_BYTES, SUBJECT_NETWORK, METRIC_COUNTER,
	      UNIT_BYTES) },
	{ "interface.sent", "sent_bytes", "system.network.io{network.io.direction=transmit}",
	  "bytes sent, headers included", "rtnl_link_stats64.tx_bytes",
	  ROW(METRIC_INTERFACE, INTERFACE_SENT_BYTES, SUBJECT_NETWORK, METRIC_COUNTER,
	      UNIT_BYTES) },
	{ "interface.received_packets", "received_packets",
	  "system.network.packet.count{network.io.direction=receive}", "packets received",
	  "rtnl_link_stats64.rx_packets",
	  ROW(METRIC_INTERFACE, INTERFACE_RECEIVED_PACKETS, SUBJECT_NETWORK, METRIC_COUNTER,
	      UNIT_COUNT) },
	{ "interface.sent_packets", "sent_packets",
	  "system.network.packet.count{network.io.direction=transmit}", "packets sent",
	  "rtnl_link_stats64.tx_packets",
	  ROW(METRIC_INTERFACE, INTERFACE_SENT_PACKETS, SUBJECT_NETWORK, METRIC_COUNTER,
	      UNIT_COUNT) },
	{ "interface.receive_drops", "receive_drops",
	  "system.network.packet.dropped{network.io.direction=receive}",
	  "received packets thrown away for want of room", "rtnl_link_stats64.rx_dropped",
	  ROW(METRIC_INTERFACE, INTERFACE_RECEIVE_DROPS, SUBJECT_NETWORK, METRIC_COUNTER,
	      UNIT_COUNT) },
	{ "interface.send_drops", "send_drops",
	  "system.network.packet.dropped{network.io.direction=transmit}",
	  "packets to send that were thrown away", "rtnl_link_stats64.tx_dropped",
	  ROW(METRIC_INTERFACE, INTERFACE_SEND_DROPS, SUBJECT_NETWORK, METRIC_COUNTER,
	      UNIT_COUNT) },
	{ "interface.receive_errors", "receive_errors",
	  "system.network.errors{network.io.direction=receive}", "broken packets received",
	  "rtnl_link_stats64.rx_errors",
	  ROW(METRIC_INTERFACE, INTERFACE_RECEIVE_ERRORS, SUBJECT_NETWORK, METRIC_COUNTER,
	      UNIT_COUNT) },
	{ "interface.send_errors", "send_errors",
	  "system.network.errors{network.io.direction=transmit}", "packets that could not be sent",
	  "rtnl_link_stats64.tx_errors",
	  ROW(METRIC_INTERFACE, INTERFACE_SEND_ERRORS, SUBJECT_NETWORK, METRIC_COUNTER,
	      UNIT_COUNT) },
	/* hardware counters of the target */
	{ "perf.instructions", "instructions", "process.cpu.instructions", "instructions retired",
	  "perf_event_open PERF_COUNT_HW_INSTRUCTIONS",
	  ROW(METRIC_PERF, PERF_INSTRUCTIONS, SUBJECT_PERF, METRIC_COUNTER, UNIT_COUNT),
	  .needs = FEATURE_PMU },
	{ "perf.cycles", "cycles", "process.cpu.cycles", "CPU cycles",
	  "perf_event_open PERF_COUNT_HW_CPU_CYCLES",
	  ROW(METRIC_PERF, PERF_CYCLES, SUBJECT_PERF, METRIC_COUNTER, UNIT_COUNT),
	  .needs = FEATURE_PMU },
	{ "perf.cache_misses", "cache_misses", "process.cpu.cache_misses",
	  "misses of the last cache", "perf_event_open PERF_COUNT_HW_CACHE_MISSES",
	  ROW(METRIC_PERF, PERF_CACHE_MISSES, SUBJECT_PERF, METRIC_COUNTER, UNIT_COUNT),
	  .needs = FEATURE_PMU },
	{ "perf.branch_misses", "branch_misses", "process.cpu.branch_misses",
	  "mispredicted branches", "perf_event_open PERF_COUNT_HW_BRANCH_MISSES",
	  ROW(METRIC_PERF, PERF_BRANCH_MISSES, SUBJECT_PERF, METRIC_COUNTER, UNIT_COUNT),
	  .needs = FEATURE_PMU },
	/* the target's cgroup */
	{ "cgroup.memory", "cgroup_memory_bytes", "container.memory.usage",
	  "memory charged to the target's cgroup", "memory.current",
	  ROW(METRIC_CGROUP, CGROUP_MEMORY_BYTES, SUBJECT_MEMORY, METRIC_GAUGE, UNIT_BYTES) },
	{ "cgroup.memory_limit", "cgroup_memory_limit_bytes", "container.memory.limit",
	  "the tightest limit on it, from its cgroup up", "memory.max",
	  ROW(METRIC_CGROUP, CGROUP_MEMORY_LIMIT_BYTES, SUBJECT_MEMORY, METRIC_GAUGE,
	      UNIT_BYTES) },
	/* processes named by pid */
	{ "memory.pss", "pss_bytes", "process.memory.pss",
	  "resident memory with shared pages divided among their users (--pss)",
	  "/proc/PID/smaps_rollup",
	  ROW(METRIC_NAMED, NAMED_PSS_BYTES, SUBJECT_MEMORY, METRIC_GAUGE, UNIT_BYTES),
	  .on_request = true },
	{ "memory.open_files", "open_files", "process.open_file_descriptor.count",
	  "open file descriptors", "/proc/PID/fd",
	  ROW(METRIC_NAMED, NAMED_OPEN_FILES, SUBJECT_MEMORY, METRIC_GAUGE, UNIT_COUNT) },
	/* the machine */
	{ "machine.cpus", "cpus", "system.cpu.logical.count", "CPUs online", "sysfs cpu/online",
	  ROW(METRIC_MACHINE, MACHINE_CPUS, SUBJECT_MACHINE, METRIC_GAUGE, UNIT_COUNT) },
	{ "machine.memory", "memory_total_bytes", "system.memory.limit", "memory of the machine",
	  "/proc/meminfo MemTotal",
	  ROW(METRIC_MACHINE, MACHINE_MEMORY_TOTAL_BYTES, SUBJECT_MACHINE, METRIC_GAUGE,
	      UNIT_BYTES) },
	{ "machine.available", "memory_available_bytes", "system.memory.linux.available",
	  "memory that programs can have without swapping", "/proc/meminfo MemAvailable",
	  ROW(METRIC_MACHINE, MACHINE_MEMORY_AVAILABLE_BYTES, SUBJECT_MACHINE, METRIC_GAUGE,
	      UNIT_BYTES) },
	{ "machine.swap", "swap_used_bytes", "system.paging.usage", "swap space in use",
	  "/proc/meminfo SwapTotal less SwapFree",
	  ROW(METRIC_MACHINE, MACHINE_SWAP_USED_BYTES, SUBJECT_MACHINE, METRIC_GAUGE,
	      UNIT_BYTES) },
	{ "machine.disk_read", "disk_read_bytes", "system.disk.io{disk.io.direction=read}",
	  "bytes read from all whole devices", "/proc/diskstats",
	  ROW(METRIC_MACHINE, MACHINE_DISK_READ_BYTES, SUBJECT_MACHINE, METRIC_COUNTER,
	      UNIT_BYTES) },
	{ "machine.disk_written", "disk_written_bytes",
	  "system.disk.io{disk.io.direction=write}", "bytes written to all whole devices",
	  "/proc/diskstats",
	  ROW(METRIC_MACHINE, MACHINE_DISK_WRITTEN_BYTES, SUBJECT_MACHINE, METRIC_COUNTER,
	      UNIT_BYTES) },
	{ "machine.tcp_opened", "tcp_opened", "system.network.tcp.opened",
	  "TCP connections begun here", "/proc/net/snmp ActiveOpens",
	  ROW(METRIC_MACHINE, MACHINE_TCP_OPENED, SUBJECT_MACHINE, METRIC_COUNTER, UNIT_COUNT) },
	{ "machine.tcp_accepted", "tcp_accepted", "system.network.tcp.accepted",
	  "TCP connections begun by others", "/proc/net/snmp PassiveOpens",
	  ROW(METRIC_MACHINE, MACHINE_TCP_ACCEPTED, SUBJECT_MACHINE, METRIC_COUNTER,
	      UNIT_COUNT) },
	{ "machine.tcp_retransmits", "tcp_retransmits", "system.network.tcp.retransmits",
	  "TCP segments sent again", "/proc/net/snmp RetransSegs",
	  ROW(METRIC_MACHINE, MACHINE_TCP_RETRANSMITS, SUBJECT_MACHINE, METRIC_COUNTER,
	      UNIT_COUNT) },
	{ "machine.steal", "steal_ns", "system.cpu.time{cpu.mode=steal}",
	  "CPU time that the hypervisor gave to others", "/proc/stat steal",
	  ROW(METRIC_MACHINE, MACHINE_STEAL_NS, SUBJECT_MACHINE, METRIC_COUNTER, UNIT_NS) },
	{ "machine.forks", "forks", "system.process.created", "processes and threads made",
	  "/proc/stat processes",
	  ROW(METRIC_MACHINE, MACHINE_PROCESSES_FORKED, SUBJECT_MACHINE, METRIC_COUNTER,
	      UNIT_COUNT) },
	{ "machine.direct_reclaims", "direct_reclaims", "system.memory.direct_reclaims",
	  "times a task had to free memory itself before it got some",
	  "tracepoint mm_vmscan_direct_reclaim_begin",
	  ROW(METRIC_MACHINE, MACHINE_DIRECT_RECLAIMS, SUBJECT_MACHINE, METRIC_COUNTER,
	      UNIT_COUNT), .needs = FEATURE_RECLAIM,
	  .otherwise = "/proc/vmstat allocstall" },
	{ "machine.oom_kills", "oom_kills", "system.memory.oom_kills",
	  "processes killed for want of memory", "tracepoint mark_victim",
	  ROW(METRIC_MACHINE, MACHINE_OOM_KILLS, SUBJECT_MACHINE, METRIC_COUNTER, UNIT_COUNT),
	  .needs = FEATURE_OOM,
	  .otherwise = "/proc/vmstat oom_kill" },
	{ "machine.psi_cpu", "psi_cpu_some_us", "system.psi.time{resource=cpu,level=some}",
	  "time in which some task waited for a CPU", "/proc/pressure/cpu",
	  ROW(METRIC_MACHINE, MACHINE_PSI_CPU_SOME_US, SUBJECT_MACHINE, METRIC_COUNTER,
	      UNIT_US), .needs = FEATURE_PSI },
	{ "machine.psi_memory", "psi_memory_some_us", "system.psi.time{resource=memory,level=some}",
	  "time in which some task waited for memory", "/proc/pressure/memory",
	  ROW(METRIC_MACHINE, MACHINE_PSI_MEMORY_SOME_US, SUBJECT_MACHINE, METRIC_COUNTER,
	      UNIT_US), .needs = FEATURE_PSI },
	{ "machine.psi_memory_full", "psi_memory_full_us",
	  "system.psi.time{resource=memory,level=full}",
	  "time in which every task waited for memory", "/proc/pressure/memory",
	  ROW(METRIC_MACHINE, MACHINE_PSI_MEMORY_FULL_US, SUBJECT_MACHINE, METRIC_COUNTER,
	      UNIT_US), .needs = FEATURE_PSI },
	{ "machine.psi_io", "psi_io_some_us", "system.psi.time{resource=io,level=some}",
	  "time in which some task waited for I/O", "/proc/pressure/io",
	  ROW(METRIC_MACHINE, MACHINE_PSI_IO_SOME_US, SUBJECT_MACHINE, METRIC_COUNTER,
	      UNIT_US), .needs = FEATURE_PSI },
	{ "machine.psi_io_full", "psi_io_full_us", "system.psi.time{resource=io,level=full}",
	  "time in which every task waited for I/O", "/proc/pressure/io",
	  ROW(METRIC_MACHINE, MACHINE_PSI_IO_FULL_US, SUBJECT_MACHINE, METRIC_COUNTER,
	      UNIT_US), .needs = FEATURE_PSI },
};

const size_t metrics_count = sizeof(metrics) / sizeof(metrics[0]);

_Static_assert(sizeof(metrics) / sizeof(metrics[0]) <= sizeof(((struct metric_set *)0)->on),
	       "a metric_set holds the whole table");

const struct metric *metric_of(enum metric_scope scope, uint32_t index)
{
	for (size_t i = 0; i < metrics_count; i++)
		if (metrics[i].scope == scope && metrics[i].index == index)
			return &metrics[i];
	return NULL;
}

const struct metric *metric_find(const char *name, const char **nearest)
{
	for (size_t i = 0; i < metrics_count; i++)
		if (!strcmp(metrics[i].name, name) || !strcmp(metrics[i].otel, name))
			return &metrics[i];
	if (nearest)
		*nearest = text_nearest(name, &metrics[0].name, metrics_count, sizeof(metrics[0]));
	if (nearest && !*nearest)
		*nearest = text_nearest(name, &metrics[0].otel, metrics_count, sizeof(metrics[0]));
	return NULL;
}

const char *metric_unit_name(enum metric_unit unit)
{
	static const char *const names[] = {
		[UNIT_NS] = "ns", [UNIT_US] = "us", [UNIT_MS] = "ms", [UNIT_BYTES] = "By",
		[UNIT_COUNT] = "1", [UNIT_PERCENT] = "%",
	};

	return names[unit];
}

const char *metric_subject_name(enum metric_subject subject)
{
	static const char *const names[SUBJECT_NR] = {
		[SUBJECT_CPU] = "cpu", [SUBJECT_SCHEDULER] = "scheduler",
		[SUBJECT_MEMORY] = "memory", [SUBJECT_DISK] = "disk",
		[SUBJECT_NETWORK] = "network", [SUBJECT_MACHINE] = "machine",
		[SUBJECT_PERF] = "perf",
	};

	return names[subject];
}

const char *metric_kind_name(enum metric_kind kind)
{
	static const char *const names[] = {
		[METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge",
		[METRIC_PEAK] = "peak", [METRIC_HISTOGRAM] = "histogram",
	};

	return names[kind];
}

void metric_set__default(struct metric_set *set)
{
	memset(set, 0, sizeof(*set));
	for (size_t i = 0; i < metrics_count; i++)
		set->on[i] = !metrics[i].on_request;
}

void metric_set__clear_subject(struct metric_set *set, enum metric_subject subject)
{
	for (size_t i = 0; i < metrics_count; i++)
		if (metrics[i].subject == subject)
			set->on[i] = false;
}

bool metric_set__has(const struct metric_set *set, const struct metric *metric)
{
	return metric && set->on[metric - metrics];
}

bool metric_set__has_subject(const struct metric_set *set, enum metric_subject subject)
{
	for (size_t i = 0; i < metrics_count; i++)
		if (metrics[i].subject == subject && set->on[i])
			return true;
	return false;
}

bool metric_set__has_index(const struct metric_set *set, enum metric_scope scope, uint32_t index)
{
	return metric_set__has(set, metric_of(scope, index));
}
