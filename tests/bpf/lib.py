# SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
"""What the truth tests share: run ppbpf, read what a trigger says, compare.

A test is a function that takes a Report. A fact that does not hold is printed
as `not ok - name: why`, and the program's exit status is 1.
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

BUILD = os.path.abspath(os.environ.get("BUILD", "build"))
PPBPF = os.path.abspath(os.environ.get("PPBPF", os.path.join(BUILD, "ppbpf")))
DISK_DIRECTORY = "/var/tmp"
# How many times slower this machine may be than a real one: an emulated guest (tools/check.sh).
SLOW = int(os.environ.get("CHECK_SLOW", "1"))
# Whether what differs between kernels is enough: the rest is tried by make check.
BRIEF = SLOW > 1 or "CHECK_BRIEF" in os.environ


class Failed(Exception):
    """The test cannot go on; its text says why."""


class Skipped(Exception):
    """This machine cannot run the test; its text says why."""


def many(count):
    """That many; where kernels are compared fewer will do."""
    return max(count // 20, 20) if BRIEF else count


class Report:
    """Counts and prints facts."""

    def __init__(self):
        self.failures = 0
        self.prefix = ""

    def fact(self, name, holds, why=""):
        name = self.prefix + name
        if holds:
            print(f"ok - {name}")
        else:
            self.failures += 1
            print(f"not ok - {name}: {why}")
        sys.stdout.flush()
        return holds

    def equal(self, name, got, want):
        return self.fact(name, got == want, f"expected {want!r}, got {got!r}")

    def near(self, name, got, want, relative=0.0, absolute=0.0):
        """The bound is the larger of the two; a null is never near."""
        bound = max(abs(want) * relative, absolute)
        if got is None:
            return self.fact(name, False, f"expected {want:.6g}, got null")
        off = f", {100 * (got - want) / want:+.3g} %" if want else ""
        return self.fact(f"{name} ({got:.6g}, {want:.6g})", abs(got - want) <= bound,
                         f"expected {want:.6g} within {bound:.3g}, got {got:.6g}{off}")

    def skip(self, name, why):
        print(f"skip - {self.prefix}{name}: {why}")


def trigger(name):
    return os.path.join(BUILD, "tests", "bpf", name)


class OwnName:
    """A trigger under a name that nobody else's processes have."""

    def __init__(self, name):
        self.comm = f"pb{os.getpid()}{name}"[:15]
        self.source = trigger(name)

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="ppbpf-test-")
        self.path = os.path.join(self.folder, self.comm)
        shutil.copy(self.source, self.path)
        return self

    def __exit__(self, *unused):
        shutil.rmtree(self.folder)


class Truth:
    """The file that triggers say their truths to; on tmpfs, so no disk writes."""

    def __enter__(self):
        handle, self.path = tempfile.mkstemp(prefix="ppbpf-truth-", dir="/dev/shm")
        os.close(handle)
        return self

    def __exit__(self, *unused):
        os.unlink(self.path)

    def environment(self):
        return dict(os.environ, TRUTH=self.path)

    def said(self, what):
        with open(self.path, encoding="ascii") as file:
            lines = [json.loads(line) for line in file]
        return [line for line in lines if line["what"] == what]

    def one(self, what):
        said = self.said(what)
        if len(said) != 1:
            raise Failed(f"the trigger said {what!r} {len(said)} times")
        return said[0]

    def wait_for(self, what, seconds=10):
        deadline = time.monotonic() + seconds * SLOW
        while time.monotonic() < deadline:
            if self.said(what):
                return self.one(what)
            time.sleep(0.01)
        raise Failed(f"the trigger did not say {what!r} within {seconds} s")


class Run:
    """A finished `ppbpf monitor --json`."""

    def __init__(self, code, output, errors):
        self.code = code
        self.errors = errors
        try:
            self.envelope = json.loads(output)
        except ValueError as error:
            raise Failed(f"no JSON (exit status {code}): {error}; {errors.strip()!r}") from None
        self.data = self.envelope["data"]
        self.stolen_ms = 0  # from the machine meanwhile, by /proc/stat

    def rows(self, pid):
        return [row for row in self.data["processes"] if row["pid"] == pid]

    def row(self, pid):
        rows = self.rows(pid)
        if len(rows) != 1:
            raise Failed(f"{len(rows)} rows for pid {pid}")
        return rows[0]

    def dropped(self):
        """Everything that was lost, by kind; nothing when all is well."""
        dropped = self.envelope["metadata"]["dropped"]
        return {name: count for name, count in dropped.items() if count}


    def lost_processes(self):
        """Ended processes without a row: their exits were lost, or they had no room."""
        dropped = self.envelope["metadata"]["dropped"]
        return dropped["events_exit"] + dropped["processes_folded"]


def start(options, command=None, env=None):
    """Starts ppbpf; for finish()."""
    line = [PPBPF, "monitor", "--json", "--quiet", *options]
    if command:
        line += ["--", *command]
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            stdin=subprocess.DEVNULL, env=env, text=True)


def finish(process, timeout=60):
    try:
        output, errors = process.communicate(timeout=timeout * SLOW)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise Failed(f"ppbpf did not end within {timeout * SLOW} s") from None
    return Run(process.returncode, output, errors)


def stop(process):
    """Ends a measurement that lasts as long as what it measures."""
    process.send_signal(signal.SIGTERM)
    return finish(process)


def need(run, path):
    """Ends the test where the kernel cannot tell: what it says is why."""
    why = run.envelope["metadata"]["unavailable"].get(path)
    if why:
        raise Skipped(why)


def stolen_ms():
    """What the hypervisor took from all CPUs so far, by the kernel's ticks."""
    with open("/proc/stat", encoding="ascii") as file:
        return int(file.readline().split()[8]) * 1000 / os.sysconf("SC_CLK_TCK")


def monitor(options=(), command=None, env=None, status=0):
    """Runs `ppbpf monitor` to its end, with COMMAND's exit status if there is one."""
    before = stolen_ms()
    run = finish(start(list(options), command, env))
    run.stolen_ms = stolen_ms() - before
    if not run.envelope["success"]:
        raise Failed(f"ppbpf failed: {run.envelope['error']}")
    if run.code != status:
        raise Failed(f"exit status {run.code}: {run.errors.strip()}")
    return run


def wait_attached(process, seconds=10):
    """Until ppbpf holds BPF links, and its first scan is surely over."""
    deadline = time.monotonic() + seconds * SLOW
    folder = f"/proc/{process.pid}/fdinfo"
    while time.monotonic() < deadline and process.poll() is None:
        try:
            for name in os.listdir(folder):
                with open(os.path.join(folder, name), encoding="ascii") as file:
                    if "link_type:" in file.read():
                        time.sleep(0.3 * SLOW)
                        return
        except OSError:
            pass
        time.sleep(0.02)
    raise Failed("ppbpf attached nothing")


def blocked(split, reason):
    return split["blocked"][reason + "_ms"]


def other_blocked(split, reason):
    """Blocked for any reason but this one."""
    return sum(value or 0 for name, value in split["blocked"].items() if name != f"{reason}_ms")


def parts(split):
    whole = ("on_cpu_ms", "run_queue_ms", "throttled_ms", "stolen_ms")
    return sum(split[name] or 0 for name in whole) + other_blocked(split, None)


def check_delay(report, name, split, delay_ms, throttled_ms=0.0, bound=0.001):
    """The scheduler's delay of a task is its run queue, its quota and some stolen time.

    Time that the hypervisor took while the task ran is stolen as well, and no delay.
    """
    rest = split["run_queue_ms"] + (split["throttled_ms"] or 0)
    slack = max(bound * delay_ms, 0.05)
    report.fact(f"{name} ({rest:.6g} and {split['stolen_ms']:.3g} stolen, {delay_ms:.6g})",
                rest - slack <= delay_ms <= rest + split["stolen_ms"] + slack,
                f"expected {delay_ms} within {slack:.3g}, "
                f"got {rest} and {split['stolen_ms']} stolen")
    if throttled_ms:
        report.near(f"{name}: the throttled part within 2 %", split["throttled_ms"], throttled_ms,
                    0.02)


def check_sums(report, run):
    """The parts of every split sum to the lives of the tasks within 0.5 %."""
    splits = [("the target", run.data["time_split"])]
    splits += [(f"{row['pid']} {row['comm']}", row["time_split"]) for row in run.data["processes"]]
    bad = []
    seen = 0
    for name, split in splits:
        if split is None or split["task_ms"] is None:
            bad.append(f"{name}: no time_split")
            continue
        seen += 1
        # a rounded microsecond in each of 14 parts is no error
        if abs(parts(split) - split["task_ms"]) > max(0.005 * split["task_ms"], 0.014):
            bad.append(f"{name}: parts {parts(split):.3f} ms, task {split['task_ms']:.3f} ms")
    lives = sum(row["time_split"]["task_ms"] or 0 for row in run.data["processes"]
                if row["time_split"])
    total = run.data["time_split"]["task_ms"]
    if abs(lives - total) > max(0.005 * total, 0.1):
        bad.append(f"rows live {lives:.3f} ms, the target {total:.3f} ms")
    report.fact(f"the parts sum to the lives of {seen - 1} processes within 0.5 %", not bad,
                f"{len(bad)} do not: " + "; ".join(bad[:5]))


def check_no_loss(report, run):
    report.equal("nothing was lost", run.dropped(), {})


def main(*tests):
    """Runs the tests whose names contain the first argument, or all."""
    report = Report()
    chosen = sys.argv[1] if len(sys.argv) > 1 else ""
    for test in tests:
        if chosen not in test.__name__:
            continue
        name = test.__name__.replace("_", " ")
        report.prefix = name + ": "
        try:
            test(report)
        except Skipped as why:
            report.skip("all of it", str(why))
        except Failed as why:
            report.fact("runs", False, str(why))
        except Exception:  # pylint: disable=broad-except
            report.fact("runs", False, traceback.format_exc().strip().replace("\n", " | "))
    sys.exit(1 if report.failures else 0)
