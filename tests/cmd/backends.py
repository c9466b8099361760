# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Backends that spans are sent to, and Jaegers that are asked, as well-behaved as one likes."""

import gzip
import http.server
import threading
import time
import urllib.parse


class Backend(http.server.BaseHTTPRequestHandler):
    """Answers as `plan` says, then takes all; answers queries from `answers`."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        coding = self.headers.get("Content-Encoding")
        status = self.server.plan.pop(0) if self.server.plan else self.server.good
        self.server.seen.append((time.monotonic(), status, coding, self.path,
                                 gzip.decompress(body) if coding == "gzip" else body))
        if status == "hang":
            self.server.release.wait(120)
        if status in ("hang", "close"):
            self.close_connection = True
            return
        time.sleep(self.server.delay)
        self.reply(status, self.server.body if status == 200 else b"",
                   [("Retry-After", self.server.retry_after)] if status in (429, 503) else [])

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        self.server.asked.append((url.path, urllib.parse.parse_qs(url.query)))
        answer = self.server.answers.get(url.path)
        self.reply(200 if answer else 404, answer or b"")


class Quiet(http.server.ThreadingHTTPServer):
    """Whoever went away in the middle of an answer is no error."""

    def handle_error(self, request, client_address):
        pass


def backend(plan=(), good=200, answers=None, retry_after="1", delay=0, body=b""):
    """(server, URL). A plan's steps: a status, "close" (no answer), "hang" (none for long)."""
    server = Quiet(("127.0.0.1", 0), Backend)
    server.plan, server.good, server.seen, server.asked = list(plan), good, [], []
    server.answers, server.retry_after, server.delay = answers or {}, retry_after, delay
    server.body, server.release = body, threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_address[1]}"
