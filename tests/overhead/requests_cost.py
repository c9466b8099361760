# SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
"""What seeing a service's requests costs it: CPU a request, by the scheduler's clock."""

import contextlib
import json
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time

from stats import Table, median_interval, three_digits, verdict

NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{ access_log off; root {folder}; sendfile on; keepalive_requests 100000000;
  server {{ listen 127.0.0.1:{port}; location /small {{ return 200 "hello"; }} }}
  server {{ listen 127.0.0.1:{tls} ssl; ssl_certificate {folder}/cert.pem;
    ssl_certificate_key {folder}/key.pem; location /small {{ return 200 "hello"; }} }} }}
"""
NODE = ("require('http').createServer((q, r) => r.end('hello'))"
        ".listen(Number(process.argv[1]), '127.0.0.1')")


CLIENTS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "cmd", "clients")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_port(port):
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.05)


def cpu_ns(pids):
    total = 0
    for pid in pids:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as file:
                total += int(file.read().split()[0])
    return total


def family(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [pid] + [int(child) for child in file.read().split()]


class Watch:
    """The driver of the library's room, as `ppbpf trace` uses it, without what is printed."""

    def __init__(self, config, options):
        self.process = None
        if options is None:
            return
        driver = os.path.join(config.build, "tests", "bpf", "driver_requests")
        self.process = subprocess.Popen([driver, "-q", "-d", "1000", *options],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.process.stderr.readline()
        time.sleep(0.2)

    def cpu(self):
        return cpu_ns([self.process.pid]) if self.process else 0

    def end(self):
        if not self.process:
            return None
        self.process.terminate()
        return json.loads(self.process.communicate()[0].splitlines()[-1])


def ab(url):
    """A load: the command that asks for so many."""
    return lambda count: ["ab", "-q", "-k", "-c", "8", "-n", str(count), url]


def paced(config, port, path="/", rate=0):
    return lambda count: [config.program("paced"), str(port), path, str(count), str(rate)]


def visit(config, pids, load, count, options):
    """CPU ns a request of the service and of the watcher; what the watcher says."""
    config.patience.wait()
    watch = Watch(config, options)
    before, own = cpu_ns(pids), watch.cpu()
    subprocess.run(load(count), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    served, own = cpu_ns(pids) - before, watch.cpu() - own
    return served / count, own / count, watch.end()


def watched(conditions, condition):
    return condition in conditions and conditions[condition][0] is not None


def compare(config, table, service, conditions):
    """Conditions alternate in random order; each against nothing in the same round.

    A condition: what the watcher is given (None: there is none) and the target; and, where it is
    another service that does the same, its processes and its load."""
    name, pids, load, count = service
    names = ["nothing attached", *conditions]
    costs, own, lost = {n: [] for n in names}, {n: [] for n in names}, {n: 0 for n in names}
    for _ in range(2 if config.quick else 8):
        for condition in random.sample(names, len(names)):
            options, _, *other = conditions.get(condition, (None, None))
            cost, watcher, said = visit(config, *(other or (pids, load)), count, options)
            costs[condition].append(cost)
            own[condition].append(watcher)
            lost[condition] += said["requests_ring_full"] if said else 0
    for condition in names:
        ratios = [a / b for a, b in zip(costs[condition], costs[names[0]])]
        interval = median_interval(ratios)
        target = conditions[condition][1] if condition in conditions else None
        ratio = statistics.median(ratios)
        table.add(f"{name}: {condition}",
                  three_digits(statistics.median(costs[condition]) / 1000) + " us",
                  f"{ratio:.2f}" if condition in conditions else "",
                  f"{interval[0]:.2f} to {interval[1]:.2f}"
                  if interval and condition in conditions else "",
                  f"{statistics.median(own[condition]) / 1000:.2f} us"
                  if watched(conditions, condition) else "",
                  lost[condition] if watched(conditions, condition) else "",
                  verdict(ratio, target))


@contextlib.contextmanager
def nginx_server(folder):
    """(process, port, port of TLS)"""
    port, tls = free_port(), free_port()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-keyout", f"{folder}/key.pem", "-out",
                    f"{folder}/cert.pem"], check=True, stderr=subprocess.DEVNULL)
    conf = os.path.join(folder, "nginx.conf")
    with open(conf, "w", encoding="ascii") as file:
        file.write(NGINX.format(folder=folder, port=port, tls=tls))
    server = subprocess.Popen(["nginx", "-c", conf, "-p", folder], stderr=subprocess.DEVNULL)
    try:
        wait_port(port)
        yield server, port, tls
    finally:
        server.send_signal(signal.SIGQUIT)
        server.wait()


def nginx(config, table, folder):
    with nginx_server(folder) as (server, port, tls):
        pids = family(server.pid)
        count = 2000 if config.quick else 20000
        seen = ["-p", str(server.pid)]
        compare(config, table, ("nginx, 5 bytes", pids, ab(f"http://127.0.0.1:{port}/small"), count),
                {"its requests are seen": (seen, 1.35),
                 "another process is traced": (["-k", "-p", str(os.getpid())], 1.05)})
        compare(config, table, ("nginx, TLS", pids, ab(f"https://127.0.0.1:{tls}/small"), count // 4),
                {"its requests are seen": ([*seen, "-t"], None)})


@contextlib.contextmanager
def instrumented(config):
    """The same service with OpenTelemetry's SDK, which sends its spans: (process, port), or None."""
    clients = os.path.join(config.build, "tests", "clients")
    if not os.path.isdir(os.path.join(clients, "node_modules", "@opentelemetry",
                                      "instrumentation-http")):
        yield None
        return
    shutil.copy(os.path.join(CLIENTS, "instrumented.js"), clients)
    port, otlp = free_port(), free_port()
    receiver = subprocess.Popen(
        [config.ppbpf, "trace", "--source=receive", f"--otlp-port={otlp}", "--duration=0",
         f"--jaeger-endpoint=http://localhost:{free_port()}/", "--json"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server = subprocess.Popen(["node", "instrumented.js", str(port),
                               f"http://127.0.0.1:{otlp}/v1/traces"], cwd=clients)
    try:
        wait_port(port)
        yield server, port
    finally:
        for process in (server, receiver):
            process.terminate()
            process.wait()


def node(config, table):
    port = free_port()
    server = subprocess.Popen(["node", "-e", NODE, str(port)])
    try:
        wait_port(port)
        with instrumented(config) as sdk:
            if not sdk:
                table.note("OpenTelemetry's SDK: its packages are not there; "
                           "tests/cmd/test_trace_clients installs them")
            # it keeps no connection of HTTP/1.0, which is what ab speaks
            loads = {"Node.js, a connection each": lambda to: ab(f"http://127.0.0.1:{to}/"),
                     "Node.js, kept connections": lambda to: paced(config, to)}
            for name, load in loads.items():
                conditions = {"its requests are seen": (["-p", str(server.pid)], 1.10)}
                if sdk:
                    conditions["OpenTelemetry's SDK in it"] = (None, None, [sdk[0].pid],
                                                               load(sdk[1]))
                compare(config, table, (name, [server.pid], load(port),
                                        1000 if config.quick else 8000), conditions)
    finally:
        server.terminate()
        server.wait()


def run_own(config, report):
    """`ppbpf trace` itself, at a rate that a busy service has."""
    if not shutil.which("nginx"):
        return
    table = Table("Own CPU of ppbpf trace, nginx answering 20 000 requests a second", "",
                  "CPU, % of a core", "us a request", "RSS MB", "requests/s", "lost", "target")
    with tempfile.TemporaryDirectory() as folder, nginx_server(folder) as (server, port, _):
        shares = []
        for _ in range(1 if config.quick else 5):
            config.patience.wait()
            process = subprocess.Popen(
                [config.ppbpf, "trace", "--source=ebpf", "--service=nginx", "--json", "--duration=0",
                 f"--pid={server.pid}", f"--jaeger-endpoint=http://localhost:{free_port()}/"],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            while "processes traced" not in process.stderr.readline():
                pass
            before = cpu_ns([process.pid])
            count = 40000 if config.quick else 160000
            seconds = float(subprocess.run(paced(config, port, "/small", 20000)(count), check=True,
                                           stdout=subprocess.PIPE, text=True).stdout)
            used = cpu_ns([process.pid]) - before
            with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
                resident = next(int(x.split()[1]) for x in file if x.startswith("VmRSS"))
            process.send_signal(signal.SIGINT)
            result = json.loads(process.communicate()[0])
            shares.append((used / seconds / 1e7, used / count / 1e3, resident / 1024,
                           count / seconds, count - result["data"]["traces_collected"]))
    share, each, resident, rate, _ = (statistics.median(column) for column in zip(*shares))
    table.add("ppbpf trace, medians of its runs", three_digits(share), three_digits(each),
              three_digits(resident), f"{rate:.0f}", sum(lost for *_, lost in shares),
              verdict(share, 5))
    report(table)


def cost_table(of):
    return Table(f"Requests of {of} seen from the kernel: CPU a request, 8 connections",
                 "", "service", "ratio", "95 %", "ppbpf", "lost", "target")


def run(config, report):
    table = cost_table("nginx")
    if shutil.which("nginx") and shutil.which("ab"):
        nginx(config, table, config.directory)
    table.note("TLS by probes on OpenSSL is opt-in: in a virtual machine each is dear")
    report(table)


def run_node(config, report):
    table = cost_table("Node.js")
    if shutil.which("node") and shutil.which("ab"):
        node(config, table)
    report(table)
