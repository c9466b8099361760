# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Real servers, each with a configuration, a port and a folder of its own on loopback."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time

from checks import end, wait_for


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listening(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Server:
    """A server process of ours, ended by its pid."""

    def __init__(self, argv, port, stop_signal, **more):
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        **more)
        self.pid = self.process.pid
        self.stop_signal = stop_signal
        if not wait_for(lambda: listening(port) or self.process.poll() is not None) \
                or self.process.poll() is not None:
            end(self.process, signal.SIGKILL)
            raise RuntimeError(f"{argv[0]} does not listen on port {port}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        end(self.process, self.stop_signal)


def run_client(argv, **more):
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                   timeout=40, **more)


NGINX = """
daemon off;
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    log_format bytes '$request_length $bytes_sent';
    access_log {folder}/access.log bytes;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    sendfile on;
    keepalive_requests 100000;
    server {{ listen 127.0.0.1:{port}; root {folder}/www; }}
}}
"""


@contextlib.contextmanager
def nginx_server(folder):
    """(server, URL); /small and /large are there."""
    port = free_port()
    os.mkdir(f"{folder}/www")
    for name, size in (("small", 1000), ("large", 200000)):
        with open(f"{folder}/www/{name}", "wb") as page:
            page.write(os.urandom(size))
    os.chmod(folder, 0o755)
    with open(f"{folder}/nginx.conf", "w", encoding="utf-8") as config:
        config.write(NGINX.format(folder=folder, port=port))
    with Server(["nginx", "-c", f"{folder}/nginx.conf", "-p", folder], port,
                signal.SIGTERM) as server:
        yield server, f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def redis_server(folder):
    """(server, port)"""
    port = free_port()
    argv = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", folder,
            "--save", "", "--appendonly", "yes", "--auto-aof-rewrite-percentage", "0",
            "--daemonize", "no", "--logfile", ""]
    with Server(argv, port, signal.SIGTERM) as server:
        yield server, port


POSTGRESQL = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
port = {port}
autovacuum = off
shared_buffers = 64MB
checkpoint_timeout = 30s
"""


def postgresql_programs():
    """The newest server's folder of programs, or None."""
    root = "/usr/lib/postgresql"
    if not os.path.isdir(root):
        return None
    for version in sorted(os.listdir(root), key=lambda v: -float(v)):
        if os.path.exists(f"{root}/{version}/bin/initdb"):
            return f"{root}/{version}/bin"
    return None


@contextlib.contextmanager
def postgresql_server(folder):
    """(server, port, pgbench(*arguments)); its tables are filled."""
    programs = postgresql_programs()
    port = free_port()
    who = {"user": "postgres", "group": "postgres", "extra_groups": [], "cwd": folder,
           "env": {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "PGUSER": "postgres"}}
    shutil.chown(folder, "postgres", "postgres")
    run_client([f"{programs}/initdb", "--no-sync", "-A", "trust", "-D", f"{folder}/data"],
               **who)
    with open(f"{folder}/data/postgresql.conf", "a", encoding="utf-8") as config:
        config.write(POSTGRESQL.format(port=port))

    def pgbench(to, *arguments):
        run_client([f"{programs}/pgbench", "-h", "127.0.0.1", "-p", str(to), *arguments,
                    "postgres"], **who)

    with Server([f"{programs}/postgres", "-D", f"{folder}/data"], port, signal.SIGINT,
                **who) as server:
        # it listens before it takes connections
        deadline = time.monotonic() + 20
        while subprocess.run([f"{programs}/pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)],
                             check=False).returncode and time.monotonic() < deadline:
            time.sleep(0.1)
        pgbench(port, "-i", "-s", "3", "-q")
        yield server, port, pgbench
