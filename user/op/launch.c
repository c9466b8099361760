// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "op/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "op/spawn.h"

#define GROUPS_MAX 1024

struct launch {
	struct arena arena;
	char *path;
	char **argv;
	char **shell_argv;	/* for a script without an interpreter's name, as execvp(3) does it */
	char **envp;
	const char *cwd;
	struct identity identity;
	gid_t groups[GROUPS_MAX];
	int group_count;
	int null_fd;
	int stdin_fd;
	int stdout_fd;
	int stderr_fd;
};

extern char **environ;

static size_t count_of(char *const *strings)
{
	size_t count = 0;

	while (strings && strings[count])
		count++;
	return count;
}

static size_t name_length(const char *variable)
{
	return strcspn(variable, "=");
}

/* Where `variable` stands among the first `count`, or `count`. */
static size_t find_variable(char **env, size_t count, const char *variable)
{
	size_t length = name_length(variable), i;

	for (i = 0; i < count; i++)
		if (name_length(env[i]) == length && !strncmp(env[i], variable, length))
			break;
	return i;
}

static int make_env(struct launch *launch, char *const *changes)
{
	size_t count = count_of(environ), i;
	char **env = arena__alloc(&launch->arena,
				  (count + count_of(changes) + 1) * sizeof(*env));

	if (!env)
		return -ENOMEM;
	memcpy(env, environ, count * sizeof(*env));
	for (; changes && *changes; changes++) {
		i = find_variable(env, count, *changes);
		if (strchr(*changes, '=')) {
			env[i] = *changes;
			count += i == count;
		} else if (i < count) {
			env[i] = env[--count];
		}
	}
	env[count] = NULL;
	launch->envp = env;
	return 0;
}

/* A name without a slash is looked up in the PATH that the program gets, as env(1) does. */
static int find_program(struct launch *launch, const char *name)
{
	size_t count = count_of(launch->envp), i = find_variable(launch->envp, count, "PATH");
	const char *at = i < count ? launch->envp[i] + strlen("PATH=") : "/usr/bin:/bin";
	int why = -ENOENT;
	struct stat st;

	if (strchr(name, '/')) {
		launch->path = arena__strdup(&launch->arena, name);
		return launch->arena.error;
	}
	for (; *name; at += *at == ':') {
		size_t length = strcspn(at, ":");

		launch->path = arena__printf(&launch->arena, "%.*s%s%s", (int)length, at,
					     length ? "/" : "", name);
		if (!launch->path)
			return -ENOMEM;
		if (!stat(launch->path, &st) && S_ISREG(st.st_mode)) {
			if (!access(launch->path, X_OK))
				return 0;
			why = -EACCES;
		}
		at += length;
		if (!*at)
			break;
	}
	return why;
}

static int find_groups(struct launch *launch, struct err *e)
{
	launch->group_count = GROUPS_MAX;
	if (launch->identity.change &&
	    getgrouplist(launch->identity.name, launch->identity.gid, launch->groups,
			 &launch->group_count) < 0)
		return err__set(e, ERR_INTERNAL, -E2BIG, "%s is in more than %d groups",
				launch->identity.name, GROUPS_MAX);
	return 0;
}

static int open_files(struct launch *launch, const struct launch_options *options, struct err *e)
{
	launch->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (launch->null_fd < 0)
		return err__set(e, ERR_IO, -errno, "/dev/null cannot be opened: %s",
				strerror(errno));
	if (!options->stdin_path)
		return 0;
	launch->stdin_fd = open(options->stdin_path, O_RDONLY | O_CLOEXEC);
	if (launch->stdin_fd < 0)
		return err__set(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, -errno,
				"cannot read %s: %s", options->stdin_path, strerror(errno));
	return 0;
}

static int prepare(struct launch *launch, const struct launch_options *options, struct err *e)
{
	size_t count = count_of(options->argv);
	int err;

	launch->cwd = options->cwd;
	launch->stdout_fd = options->stdout_fd;
	launch->stderr_fd = options->stderr_fd;
	launch->argv = arena__alloc(&launch->arena, (count + 1) * sizeof(*launch->argv));
	launch->shell_argv = arena__alloc(&launch->arena, (count + 2) * sizeof(*launch->argv));
	err = make_env(launch, options->env);
	if (err || launch->arena.error)
		return err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
	memcpy(launch->argv, options->argv, count * sizeof(*launch->argv));
	err = find_program(launch, options->path ? options->path : options->argv[0]);
	if (err)
		return err__set(e, err == -EACCES ? ERR_PERMISSION : ERR_NOT_FOUND, err,
				"%s cannot be run: %s", options->argv[0],
				err == -ENOENT ? "command not found" : strerror(-err));
	launch->shell_argv[0] = "sh";
	launch->shell_argv[1] = launch->path;
	memcpy(launch->shell_argv + 2, launch->argv + 1, (count - 1) * sizeof(*launch->argv));
	err = identity__find(options->user, &launch->identity, e);
	if (!err)
		err = find_groups(launch, e);
	return err ? err : open_files(launch, options, e);
}

int launch__new(struct launch **out, const struct launch_options *options, struct err *e)
{
	struct launch *launch = calloc(1, sizeof(*launch));
	int err;

	*out = NULL;
	if (!launch)
		return err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
	launch->null_fd = launch->stdin_fd = -1;
	err = prepare(launch, options, e);
	if (err) {
		launch__free(launch);
		return err;
	}
	*out = launch;
	return 0;
}

void launch__free(struct launch *launch)
{
	if (!launch)
		return;
	if (launch->null_fd >= 0)
		close(launch->null_fd);
	if (launch->stdin_fd >= 0)
		close(launch->stdin_fd);
	arena__free(&launch->arena);
	free(launch);
}

const char *launch__path(const struct launch *launch)
{
	return launch->path;
}

void launch__set_stdout(struct launch *launch, int fd)
{
	launch->stdout_fd = fd;
}

/* Raw calls: glibc's would tell the threads of the parent, whose memory this is. */
static bool become(const struct launch *launch)
{
	const struct identity *identity = &launch->identity;

	return !identity->change ||
	       (!syscall(SYS_setgroups, launch->group_count, launch->groups) &&
		!syscall(SYS_setresgid, identity->gid, identity->gid, identity->gid) &&
		!syscall(SYS_setresuid, identity->uid, identity->uid, identity->uid));
}

static bool connect_to(int fd, int null_fd, int target)
{
	fd = fd < 0 ? null_fd : fd;
	return fd == target || dup2(fd, target) >= 0;
}

/* In the child, on the parent's memory: an errno, or no return. */
static int run(const struct launch *launch)
{
	struct sigaction none = { .sa_handler = SIG_DFL };

	/* the other dispositions are as a user wants them: nohup, a shell's & */
	sigaction(SIGPIPE, &none, NULL);
	if (!connect_to(launch->stdin_fd, launch->null_fd, STDIN_FILENO) ||
	    !connect_to(launch->stdout_fd, launch->null_fd, STDOUT_FILENO) ||
	    !connect_to(launch->stderr_fd, launch->null_fd, STDERR_FILENO))
		return errno;
	if ((launch->cwd && chdir(launch->cwd)) || !become(launch))
		return errno;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execve(launch->path, launch->argv, launch->envp);
	if (errno == ENOEXEC)
		execve("/bin/sh", launch->shell_argv, launch->envp);
	return errno;
}

pid_t launch__start(struct launch *launch)
{
	volatile int why = 0;
	pid_t pid;

	if (launch->stdin_fd >= 0)
		lseek(launch->stdin_fd, 0, SEEK_SET);
	pid = vfork();
	if (!pid) {
		why = run(launch);
		_exit(127);
	}
	if (pid < 0)
		return -errno;
	if (!why)
		return pid;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return -why;
}
