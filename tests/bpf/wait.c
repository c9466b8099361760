// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * Waits of every kind, each in a process of its own, for a known time:
 *
 *	wait GROUP SECONDS
 *
 * GROUP is `asleep` (woken after SECONDS by this program or by a timeout),
 * `compat` (the same through 32-bit system calls), `resumed` (stopped for
 * 0.1 s in the middle, after which the kernel restarts the system call) or
 * `threads` (one process whose threads contend). Says `ready` with the pids
 * once all of them wait, and how long each was blocked once it is over.
 */
#include <arpa/inet.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/ptrace.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>

#include "trigger.h"

#define BLOCK 4096

/* What the parent prepares for one wait and shares with the child that waits. */
struct room {
	int fd[2];
	int id;
	pid_t pid;
	uint32_t *word;		/* shared memory below 4 GB */
	struct sockaddr_in address;
};

static double seconds;

static void no_setup(struct room *room)
{
	(void)room;
}

static void no_wake(struct room *room)
{
	(void)room;
}

static void make_pipe(struct room *room)
{
	check(!pipe(room->fd));
}

static void make_word(struct room *room)
{
	room->word = mmap(NULL, BLOCK, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	check(room->word != MAP_FAILED);
}

static void make_unix(struct room *room)
{
	check(!socketpair(AF_UNIX, SOCK_STREAM, 0, room->fd));
}

static void bind_loopback(struct room *room, int type)
{
	socklen_t len = sizeof(room->address);

	room->fd[0] = socket(AF_INET, type, 0);
	room->address = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	check(!bind(room->fd[0], (struct sockaddr *)&room->address, len));
	check(!getsockname(room->fd[0], (struct sockaddr *)&room->address, &len));
}

static void make_listener(struct room *room)
{
	bind_loopback(room, SOCK_STREAM);
	check(!listen(room->fd[0], 1));
}

static void make_udp(struct room *room)
{
	bind_loopback(room, SOCK_DGRAM);
	room->fd[1] = socket(AF_INET, SOCK_DGRAM, 0);
}

static void make_tcp(struct room *room)
{
	int listener;

	make_listener(room);
	listener = room->fd[0];
	room->fd[1] = socket(AF_INET, SOCK_STREAM, 0);
	check(!connect(room->fd[1], (struct sockaddr *)&room->address, sizeof(room->address)));
	room->fd[0] = accept(listener, NULL, NULL);
	check(room->fd[0] >= 0);
	close(listener);
}

static void make_queue(struct room *room)
{
	room->id = msgget(IPC_PRIVATE, 0600);
	check(room->id >= 0);
}

static void make_semaphore(struct room *room)
{
	room->id = semget(IPC_PRIVATE, 1, 0600);
	check(room->id >= 0);
}

static void make_locked_file(struct room *room)
{
	room->fd[0] = open("/dev/shm", O_RDWR | O_TMPFILE, 0600);
	check(room->fd[0] >= 0 && !flock(room->fd[0], LOCK_EX));
}

static void wake_byte(struct room *room)
{
	check(write(room->fd[1], "x", 1) == 1);
}

static void wake_reader(struct room *room)
{
	char drain[65536];

	check(read(room->fd[0], drain, sizeof(drain)) > 0);
}

static void wake_word(struct room *room)
{
	*room->word = 1;
	check(syscall(SYS_futex, room->word, FUTEX_WAKE, 1, NULL, NULL, 0) == 1);
}

static void wake_connect(struct room *room)
{
	room->fd[1] = socket(AF_INET, SOCK_STREAM, 0);
	check(!connect(room->fd[1], (struct sockaddr *)&room->address, sizeof(room->address)));
}

static void wake_datagram(struct room *room)
{
	check(sendto(room->fd[1], "x", 1, 0, (struct sockaddr *)&room->address,
		     sizeof(room->address)) == 1);
}

static void wake_message(struct room *room)
{
	struct { long type; char text[1]; } message = { .type = 1 };

	check(!msgsnd(room->id, &message, 1, 0));
}

static void wake_semaphore(struct room *room)
{
	struct sembuf up = { .sem_op = 1 };

	check(!semop(room->id, &up, 1));
}

static void wake_flock(struct room *room)
{
	check(!flock(room->fd[0], LOCK_UN));
}

static void wake_stopped(struct room *room)
{
	check(!kill(room->pid, SIGCONT));
}

static void wake_traced(struct room *room)
{
	int status;

	check(waitpid(room->pid, &status, WUNTRACED) == room->pid && WIFSTOPPED(status));
	check(!ptrace(PTRACE_CONT, room->pid, NULL, NULL));
}

static void wait_nanosleep(struct room *room)
{
	struct timespec ts = {
		.tv_sec = (time_t)seconds,
		.tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9),
	};

	(void)room;
	check(!syscall(SYS_nanosleep, &ts, NULL));
}

static void wait_clock_nanosleep(struct room *room)
{
	(void)room;
	nap(seconds);
}

static void wait_read(struct room *room)
{
	char byte;

	check(read(room->fd[0], &byte, 1) == 1);
}

static void wait_write(struct room *room)
{
	static char chunk[65536];

	/* the pipe holds one chunk; the second waits for its reader */
	check(write(room->fd[1], chunk, sizeof(chunk)) == sizeof(chunk));
	check(write(room->fd[1], chunk, BLOCK) == BLOCK);
}

static void wait_futex(struct room *room)
{
	check(!syscall(SYS_futex, room->word, FUTEX_WAIT, 0, NULL, NULL, 0));
}

static void wait_futex_timeout(struct room *room)
{
	struct timespec ts = { .tv_sec = (time_t)seconds };

	ts.tv_nsec = (long)((seconds - (double)ts.tv_sec) * 1e9);
	check(syscall(SYS_futex, room->word, FUTEX_WAIT, 0, &ts, NULL, 0) < 0);
}

static void wait_recv(struct room *room)
{
	char byte;

	check(recv(room->fd[0], &byte, 1, 0) == 1);
}

static void wait_accept(struct room *room)
{
	check(accept(room->fd[0], NULL, NULL) >= 0);
}

static void wait_poll(struct room *room)
{
	struct pollfd fd = { .fd = room->fd[0], .events = POLLIN };

	check(poll(&fd, 1, -1) == 1);
}

static void wait_poll_timeout(struct room *room)
{
	(void)room;
	check(poll(NULL, 0, (int)(seconds * 1000)) == 0);
}

static void wait_select(struct room *room)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(room->fd[0], &set);
	check(select(room->fd[0] + 1, &set, NULL, NULL, NULL) == 1);
}

static void wait_epoll(struct room *room)
{
	struct epoll_event event = { .events = EPOLLIN };
	int fd = epoll_create1(0);

	check(!epoll_ctl(fd, EPOLL_CTL_ADD, room->fd[0], &event));
	check(epoll_wait(fd, &event, 1, -1) == 1);
}

static pid_t sleeping_child(void)
{
	pid_t pid = fork();

	check(pid >= 0);
	if (!pid) {
		nap(seconds);
		_exit(0);
	}
	return pid;
}

static void wait_wait4(struct room *room)
{
	(void)room;
	reap(sleeping_child(), NULL);
}

static void wait_waitid(struct room *room)
{
	siginfo_t info;

	(void)room;
	check(!waitid(P_PID, (id_t)sleeping_child(), &info, WEXITED));
}

static void wait_vfork(struct room *room)
{
	pid_t pid = vfork();

	(void)room;
	if (!pid) {
		nap(seconds);
		_exit(0);
	}
	reap(pid, NULL);
}

static void wait_stopped(struct room *room)
{
	(void)room;
	raise(SIGSTOP);
}

static void wait_traced(struct room *room)
{
	(void)room;
	check(!ptrace(PTRACE_TRACEME, 0, NULL, NULL));
	raise(SIGSTOP);
}

static void wait_message(struct room *room)
{
	struct { long type; char text[1]; } message;

	check(msgrcv(room->id, &message, 1, 0, 0) == 1);
	msgctl(room->id, IPC_RMID, NULL);
}

static void wait_semaphore(struct room *room)
{
	struct sembuf down = { .sem_op = -1 };

	check(!semop(room->id, &down, 1));
	semctl(room->id, 0, IPC_RMID);
}

static void wait_flock(struct room *room)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", room->fd[0]);
	fd = open(path, O_RDWR);
	check(fd >= 0 && !flock(fd, LOCK_EX));
}

/* A system call as a 32-bit program makes it: other numbers, other structures. */
static long int80(long number, long a, long b, long c, long d)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(0L)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)result;
}

static void wait_nanosleep32(struct room *room)
{
	room->word[0] = (uint32_t)seconds;
	room->word[1] = (uint32_t)((seconds - (double)(uint32_t)seconds) * 1e9);
	check(int80(162, (long)room->word, 0, 0, 0) == 0);
}

static void wait_futex32(struct room *room)
{
	check(int80(240, (long)room->word, FUTEX_WAIT, 0, 0) == 0);
}

static void make_pipe_and_word(struct room *room)
{
	make_word(room);
	make_pipe(room);
}

static void make_tcp_and_word(struct room *room)
{
	make_word(room);
	make_tcp(room);
}

static void wait_read32(struct room *room)
{
	check(int80(3, room->fd[0], (long)room->word, 1, 0) == 1);
}

static void wait_poll32(struct room *room)
{
	struct pollfd *fd = (struct pollfd *)room->word;

	*fd = (struct pollfd){ .fd = room->fd[0], .events = POLLIN };
	check(int80(168, (long)fd, 1, -1, 0) == 1);
}

static void wait_waitpid32(struct room *room)
{
	check(int80(7, sleeping_child(), (long)room->word, 0, 0) > 0);
}

static const struct wait {
	const char *group;
	const char *name;
	const char *reason;
	void (*setup)(struct room *room);
	void (*wait)(struct room *room);
	void (*wake)(struct room *room);
} waits[] = {
	{ "asleep", "nanosleep", "sleep", no_setup, wait_nanosleep, no_wake },
	{ "asleep", "clock_nanosleep", "sleep", no_setup, wait_clock_nanosleep, no_wake },
	{ "asleep", "futex", "lock", make_word, wait_futex, wake_word },
	{ "asleep", "futex_timeout", "lock", make_word, wait_futex_timeout, no_wake },
	{ "asleep", "flock", "lock", make_locked_file, wait_flock, wake_flock },
	{ "asleep", "pipe_read", "ipc", make_pipe, wait_read, wake_byte },
	{ "asleep", "pipe_write", "ipc", make_pipe, wait_write, wake_reader },
	{ "asleep", "message_queue", "ipc", make_queue, wait_message, wake_message },
	{ "asleep", "semaphore", "lock", make_semaphore, wait_semaphore, wake_semaphore },
	{ "asleep", "tcp_read", "network", make_tcp, wait_read, wake_byte },
	{ "asleep", "tcp_recv", "network", make_tcp, wait_recv, wake_byte },
	{ "asleep", "unix_read", "network", make_unix, wait_read, wake_byte },
	{ "asleep", "udp_recv", "network", make_udp, wait_recv, wake_datagram },
	{ "asleep", "accept", "network", make_listener, wait_accept, wake_connect },
	{ "asleep", "poll", "poll", make_pipe, wait_poll, wake_byte },
	{ "asleep", "select", "poll", make_unix, wait_select, wake_byte },
	{ "asleep", "epoll", "poll", make_tcp, wait_epoll, wake_byte },
	{ "asleep", "wait4", "child", no_setup, wait_wait4, no_wake },
	{ "asleep", "waitid", "child", no_setup, wait_waitid, no_wake },
	{ "asleep", "vfork", "child", no_setup, wait_vfork, no_wake },
	{ "asleep", "stopped", "stopped", no_setup, wait_stopped, wake_stopped },
	{ "asleep", "traced", "stopped", no_setup, wait_traced, wake_traced },
	{ "resumed", "nanosleep", "sleep", no_setup, wait_nanosleep, no_wake },
	{ "resumed", "futex_timeout", "lock", make_word, wait_futex_timeout, no_wake },
	{ "resumed", "poll_timeout", "poll", no_setup, wait_poll_timeout, no_wake },
	{ "resumed", "pipe_read", "ipc", make_pipe, wait_read, wake_byte },
	{ "compat", "nanosleep32", "sleep", make_word, wait_nanosleep32, no_wake },
	{ "compat", "futex32", "lock", make_word, wait_futex32, wake_word },
	{ "compat", "pipe_read32", "ipc", make_pipe_and_word, wait_read32, wake_byte },
	{ "compat", "tcp_read32", "network", make_tcp_and_word, wait_read32, wake_byte },
	{ "compat", "poll32", "poll", make_pipe_and_word, wait_poll32, wake_byte },
	{ "compat", "waitpid32", "child", make_word, wait_waitpid32, no_wake },
};

#define WAITS ((int)(sizeof(waits) / sizeof(waits[0])))

static void run_one(const struct wait *wait, struct room *room)
{
	struct stretch s = stretch_begin();

	wait->wait(room);
	stretch_end(&s);
	say("{\"what\": \"wait\", \"name\": \"%s\", \"reason\": \"%s\", \"pid\": %d, "
	    "\"blocked_ns\": %" PRId64 ", \"wall_ns\": %" PRId64 "}",
	    wait->name, wait->reason, getpid(), stretch_blocked(&s), s.wall);
	_exit(0);
}

static void interrupt(const struct room *rooms)
{
	for (int i = 0; i < WAITS; i++)
		if (rooms[i].pid)
			check(!kill(rooms[i].pid, SIGSTOP));
	nap(0.1);
	for (int i = 0; i < WAITS; i++)
		if (rooms[i].pid)
			check(!kill(rooms[i].pid, SIGCONT));
}

static void run_group(const char *group)
{
	struct room rooms[WAITS];
	char pids[4096] = "";
	size_t len = 0;

	for (int i = 0; i < WAITS; i++) {
		rooms[i] = (struct room){ .pid = 0 };
		if (strcmp(waits[i].group, group))
			continue;
		waits[i].setup(&rooms[i]);
		rooms[i].pid = fork();
		check(rooms[i].pid >= 0);
		if (!rooms[i].pid)
			run_one(&waits[i], &rooms[i]);
		len += (size_t)snprintf(pids + len, sizeof(pids) - len, "%s\"%s\": %d",
					len ? ", " : "", waits[i].name, rooms[i].pid);
	}
	nap(0.05);
	say("{\"what\": \"ready\", \"pids\": {%s}}", pids);
	nap(seconds / 2 - 0.05);
	if (!strcmp(group, "resumed"))
		interrupt(rooms);
	nap(seconds / 2);
	for (int i = 0; i < WAITS; i++)
		if (rooms[i].pid)
			waits[i].wake(&rooms[i]);
	for (int i = 0; i < WAITS; i++)
		if (rooms[i].pid)
			check(!reap(rooms[i].pid, NULL));
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

struct contender {
	pthread_t thread;
	int64_t locked;
	int64_t asleep;
	int64_t life;
};

static void *contend(void *arg)
{
	struct contender *me = arg;
	struct stretch s;

	me->life = wall_ns();
	for (int i = 0; i < 5; i++) {
		s = stretch_begin();
		pthread_mutex_lock(&mutex);
		stretch_end(&s);
		me->locked += stretch_blocked(&s);
		s = stretch_begin();
		nap(seconds / 20);
		stretch_end(&s);
		me->asleep += stretch_blocked(&s);
		pthread_mutex_unlock(&mutex);
	}
	me->life = wall_ns() - me->life;
	return NULL;
}

/* Four threads hold one mutex by turns and sleep with it; the main one joins them. */
static void run_threads(void)
{
	struct stretch main_wait = stretch_begin();
	struct contender all[4] = { 0 };
	int64_t locked, life, asleep = 0;

	for (int i = 0; i < 4; i++)
		check(!pthread_create(&all[i].thread, NULL, contend, &all[i]));
	for (int i = 0; i < 4; i++)
		pthread_join(all[i].thread, NULL);
	stretch_end(&main_wait);
	locked = stretch_blocked(&main_wait);
	life = main_wait.wall;
	for (int i = 0; i < 4; i++) {
		locked += all[i].locked;
		asleep += all[i].asleep;
		life += all[i].life;
	}
	say("{\"what\": \"threads\", \"pid\": %d, \"lock_ns\": %" PRId64
	    ", \"sleep_ns\": %" PRId64 ", \"wall_ns\": %" PRId64 ", \"life_ns\": %" PRId64 "}",
	    getpid(), locked, asleep, main_wait.wall, life);
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: see the head of wait.c\n");
		return 2;
	}
	seconds = atof(argv[2]);
	if (!strcmp(argv[1], "threads"))
		run_threads();
	else
		run_group(argv[1]);
	return 0;
}
