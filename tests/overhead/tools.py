# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""The conditions of a comparison: ppbpf and its peers, started and ended."""

import glob
import os
import select
import shutil
import signal
import subprocess
import time

# A shell's background job ignores Ctrl-C, and so would all that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

# perf and bpftrace need tracefs, which not every machine has mounted: they get
# it in a mount namespace of their own, so that the machine stays as it was.
WITH_TRACEFS = ["unshare", "--mount", "sh", "-c",
                "mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null; exec \"$@\"", "sh"]

RUN_QUEUE_SCRIPT = """
tracepoint:sched:sched_wakeup, tracepoint:sched:sched_wakeup_new { @since[args->pid] = nsecs; }
tracepoint:sched:sched_switch {
    if (args->prev_state == 0) { @since[args->prev_pid] = nsecs; }
    if (@since[args->next_pid]) {
        @usecs = hist((nsecs - @since[args->next_pid]) / 1000);
        delete(@since[args->next_pid]);
    }
}
"""


def cpu_ns(pid):
    """CPU time of all threads of a live process, the ended ones included."""
    return time.clock_gettime_ns((~pid << 3) | 2)


def status_bytes(pid, field):
    with open(f"/proc/{pid}/status") as status:
        for line in status:
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
    return None


def bpf_links(pid):
    """How many BPF links the process holds: attached, whatever the program."""
    count = 0
    for path in glob.glob(f"/proc/{pid}/fdinfo/*"):
        try:
            with open(path) as info:
                count += "link_type:" in info.read()
        except OSError:
            pass
    return count


class Running:
    """A program that runs while something else is measured."""

    def __init__(self, argv, directory):
        self.argv = argv
        self.out_path = os.path.join(directory, "out")
        self.err_path = os.path.join(directory, "err")
        self.usage = None
        with open(self.out_path, "wb") as out, open(self.err_path, "wb") as err:
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=err)
        self.pid = self.process.pid

    def output(self):
        with open(self.out_path, "rb") as out:
            return out.read()

    def first_error(self):
        with open(self.err_path, errors="replace") as err:
            lines = [line.strip() for line in err if line.strip()]
        with open(self.out_path, errors="replace") as out:
            lines += [line.strip() for line in out if line.strip()]
        named = [line for line in lines if "rror" in line or "ailed" in line]
        return (named or lines or ["no message"])[0][:120]

    def alive(self):
        return self.process.poll() is None

    def wait_until(self, done, seconds):
        """None, or why it did not come up."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not self.alive():
                return f"ended with {self.process.returncode}: {self.first_error()}"
            if done(self):
                return None
            time.sleep(0.02)
        return f"not ready after {seconds} s"

    def stop(self, seconds=15):
        """Ends it as Ctrl-C does; returns its exit status."""
        if self.alive():
            self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def links_settled(running):
    links = bpf_links(running.pid)
    if not links:
        return False
    time.sleep(0.15)
    return bpf_links(running.pid) == links


def settled_for(seconds):
    def ready(running):
        time.sleep(seconds)
        return running.alive()
    return ready


class Condition:
    """What is attached while the ping-pong runs: argv(pid of the ping-pong)."""

    def __init__(self, name, argv=None, ready=None, every=1, targets=None, ok=(0,)):
        self.name = name
        self.argv = argv
        self.ready = ready
        self.every = every          # takes part in every n-th round
        self.targets = targets or {}
        self.ok = ok
        self.why_not = None

    def start(self, pid, directory):
        """A Running, or None: nothing to run (the base), or see why_not."""
        if not self.argv:
            return None
        argv = self.argv(pid)
        program = next(a for a in argv if a not in WITH_TRACEFS)
        if not shutil.which(program):
            self.why_not = f"{os.path.basename(program)} is not installed"
            return None
        running = Running(argv, directory)
        self.why_not = running.wait_until(self.ready, 15)
        if self.why_not:
            running.stop()
            return None
        return running

    def stop(self, running):
        if not running.alive():
            self.why_not = f"ended while measured: {running.first_error()}"
            return
        status = running.stop()
        if status not in self.ok:
            self.why_not = f"exit status {status} at its end: {running.first_error()}"


def conditions(ppbpf, peers_every):
    """The first is the base. Targets by kind of ping-pong."""
    machine = {"pipe1": 1.05, "pipe2": 1.05, "pipe2poll": 1.05, "tcp1": 1.05,
               "tcp0": 1.05, "tcp2poll": 1.05, "unix1": 1.10, "unix0": 1.10}
    followed = dict(machine, pipe1=1.15)
    return [
        Condition("nothing attached"),
        Condition("nothing attached, again", targets={}),
        Condition("ppbpf monitor", lambda pid: [ppbpf, "monitor", "--jsonl"],
                  links_settled, targets=machine),
        Condition("ppbpf monitor --pid",
                  lambda pid: [ppbpf, "monitor", "--pid", str(pid), "--jsonl"],
                  links_settled, targets=followed),
        Condition("pidstat -udrw 1", lambda pid: ["pidstat", "-udrw", "1"],
                  settled_for(0.3), peers_every),
        Condition("runqlat", lambda pid: ["/usr/sbin/runqlat"], links_settled, peers_every),
        Condition("offcputime", lambda pid: ["/usr/sbin/offcputime"], links_settled,
                  peers_every),
        Condition("bpftrace, run queue",
                  lambda pid: WITH_TRACEFS + ["bpftrace", "-e", RUN_QUEUE_SCRIPT],
                  settled_for(2.0), peers_every),
        Condition("perf sched record",
                  lambda pid: WITH_TRACEFS + ["perf", "sched", "record", "-o", "/dev/null"],
                  settled_for(1.0), peers_every, ok=(0, -signal.SIGINT, 130)),
    ]


class Worker:
    """A helper program that answers a line with a line."""

    def __init__(self, *argv):
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, bufsize=1)
        self.pid = self.process.pid

    def read(self, seconds=60):
        if not select.select([self.process.stdout], [], [], seconds)[0]:
            raise RuntimeError(f"no answer from {self.process.args[0]}")
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.process.args[0]} ended")
        return line

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        return self.read()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
