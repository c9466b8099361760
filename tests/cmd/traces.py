# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Spans as clients send them, encoded here by hand, and ppbpf to take them."""

import json
import os
import socket
import struct
import subprocess
import tempfile
import urllib.error
import urllib.request

from checks import PPBPF, end, wait_for

PROTOBUF, JSON, THRIFT = "application/x-protobuf", "application/json", "application/x-thrift"
SERVER, CLIENT = 2, 3


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def listens(port, host="127.0.0.1"):
    try:
        socket.create_connection((host, port), 1).close()
        return True
    except OSError:
        return False


class Span:
    """A span of no protocol. Times in nanoseconds, ids in hexadecimal digits."""

    def __init__(self, trace, span, parent="", name="work", kind=1, start=0, duration=0,
                 attributes=None, status=0):
        self.trace, self.span, self.parent, self.name, self.kind = trace, span, parent, name, kind
        self.start, self.end = start, start + duration
        self.attributes, self.status = attributes or {}, status


def new_id(length):
    return os.urandom(length).hex()


# --- OTLP in JSON ---

def json_value(value):
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [json_value(v) for v in value]}}
    return {"stringValue": value}


def json_attributes(attributes):
    return [{"key": k, "value": json_value(v)} for k, v in attributes.items()]


def json_span(span):
    out = {"traceId": span.trace, "spanId": span.span, "name": span.name, "kind": span.kind,
           "startTimeUnixNano": str(span.start), "endTimeUnixNano": str(span.end),
           "attributes": json_attributes(span.attributes), "status": {"code": span.status}}
    if span.parent:
        out["parentSpanId"] = span.parent
    return out


def otlp_json(service, spans):
    return json.dumps({"resourceSpans": [{
        "resource": {"attributes": json_attributes({"service.name": service})},
        "scopeSpans": [{"scope": {"name": "test"}, "spans": [json_span(s) for s in spans]}]}]}
    ).encode()


# --- OTLP in protobuf ---

def varint(n):
    n &= (1 << 64) - 1
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def field(number, value):
    """Bytes and text with their length, numbers as varints."""
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    return varint(number << 3) + varint(value)


def fixed64(number, value):
    return varint(number << 3 | 1) + struct.pack("<Q", value)


def proto_value(value):
    if isinstance(value, bool):
        return field(2, int(value))
    if isinstance(value, int):
        return field(3, value)
    if isinstance(value, float):
        return varint(4 << 3 | 1) + struct.pack("<d", value)
    if isinstance(value, list):
        return field(5, b"".join(field(1, proto_value(v)) for v in value))
    return field(1, value)


def proto_attributes(number, attributes):
    return b"".join(field(number, field(1, k) + field(2, proto_value(v)))
                    for k, v in attributes.items())


def proto_span(span):
    return field(1, bytes.fromhex(span.trace)) + field(2, bytes.fromhex(span.span)) + \
        field(4, bytes.fromhex(span.parent)) + field(5, span.name) + field(6, span.kind) + \
        fixed64(7, span.start) + fixed64(8, span.end) + proto_attributes(9, span.attributes) + \
        field(15, field(3, span.status))


def otlp_proto(service, spans):
    resource = field(1, proto_attributes(1, {"service.name": service}))
    scope = field(1, field(1, "test"))
    return field(1, resource + field(2, scope + b"".join(field(2, proto_span(s)) for s in spans)))


# --- Jaeger's Thrift ---

def thrift_string(text):
    data = text.encode()
    return struct.pack(">i", len(data)) + data


def thrift_field(kind, number, data):
    return struct.pack(">bh", kind, number) + data


def thrift_tag(key, value):
    if isinstance(value, bool):
        kind, data = 2, thrift_field(2, 5, bytes([value]))
    elif isinstance(value, int):
        kind, data = 3, thrift_field(10, 6, struct.pack(">q", value))
    elif isinstance(value, float):
        kind, data = 1, thrift_field(4, 4, struct.pack(">d", value))
    else:
        kind, data = 0, thrift_field(11, 3, thrift_string(str(value)))
    return thrift_field(11, 1, thrift_string(key)) + \
        thrift_field(8, 2, struct.pack(">i", kind)) + data + b"\0"


def thrift_list(number, elements):
    return thrift_field(15, number, struct.pack(">bi", 12, len(elements)) + b"".join(elements))


def i64(number, value):
    return thrift_field(10, number, struct.pack(">Q", value))


def thrift_span(span):
    tags = dict(span.attributes)
    tags["span.kind"] = {SERVER: "server", CLIENT: "client"}.get(span.kind, "internal")
    if span.status == 2:
        tags["error"] = True
    return i64(1, int(span.trace[16:], 16)) + i64(2, int(span.trace[:16], 16)) + \
        i64(3, int(span.span, 16)) + i64(4, int(span.parent or "0", 16)) + \
        thrift_field(11, 5, thrift_string(span.name)) + \
        thrift_field(8, 7, struct.pack(">i", 1)) + i64(8, span.start // 1000) + \
        i64(9, (span.end - span.start) // 1000) + \
        thrift_list(10, [thrift_tag(k, v) for k, v in tags.items()]) + b"\0"


def thrift_batch(service, spans):
    process = thrift_field(12, 1, thrift_field(11, 1, thrift_string(service)) + b"\0")
    return process + thrift_list(2, [thrift_span(s) for s in spans]) + b"\0"


# --- ppbpf ---

class Trace:
    """A running `ppbpf trace`, which listens on ports of its own."""

    def __init__(self, *options, json_out=True, env=None):
        self.otlp, self.jaeger = free_port(), free_port()
        self.process = subprocess.Popen(
            [PPBPF, "trace", "--source", "receive", f"--otlp-port={self.otlp}",
             f"--jaeger-endpoint=http://localhost:{self.jaeger}/api/traces", "--duration=0",
             *(["--json"] if json_out else []), *options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
        self.err = ""
        if not wait_for(lambda: listens(self.otlp) or self.process.poll() is not None):
            raise RuntimeError("ppbpf trace does not listen")

    def post(self, port, body, kind, path, headers=None):
        request = urllib.request.Request(f"http://localhost:{port}{path}", body,
                                         {"Content-Type": kind, **(headers or {})})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read()

    def send_json(self, service, spans):
        return self.post(self.otlp, otlp_json(service, spans), JSON, "/v1/traces")

    def send_proto(self, service, spans):
        return self.post(self.otlp, otlp_proto(service, spans), PROTOBUF, "/v1/traces")

    def send_thrift(self, service, spans):
        return self.post(self.jaeger, thrift_batch(service, spans), THRIFT, "/api/traces")

    def memory_kb(self, key="VmHWM"):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith(key))

    def stop(self):
        """Its JSON, or what it printed."""
        self.process.send_signal(2)
        out, self.err = self.process.communicate(timeout=30)
        try:
            return json.loads(out)
        except ValueError:
            return out

    def __enter__(self):
        return self

    def __exit__(self, *_):
        end(self.process)


# --- as the kernel sees them ---

def older_kernel(folder):
    """The kernel's types, but for the tracepoints of its socket layer: before Linux 6.3."""
    with open("/sys/kernel/btf/vmlinux", "rb") as file:
        types = file.read()
    for name in (b"btf_trace_sock_send_length", b"btf_trace_sock_recv_length"):
        types = types.replace(b"\0" + name + b"\0", b"\0" + b"x" * len(name) + b"\0")
    path = os.path.join(folder, "types")
    with open(path, "wb") as file:
        file.write(types)
    return {"PPBPF_BTF": path}


def capture(ports, load, *options, env=None):
    """Of the services on these ports: the result, and the spans of each trace."""
    with tempfile.TemporaryDirectory() as folder:
        lines = os.path.join(folder, "spans.jsonl")
        process = subprocess.Popen(
            [PPBPF, "trace", "--service", "shop", "--source", "ebpf", "--json", "--duration=0",
             "--output", lines, *(["--port", ",".join(map(str, ports))] if ports else []),
             f"--jaeger-endpoint=http://localhost:{free_port()}/", *options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, **(env or {})})
        try:
            line = ""
            while "processes traced" not in line:
                line = process.stderr.readline()
                if not line:
                    raise RuntimeError("it does not attach")
            load()
            process.send_signal(2)
            out, _ = process.communicate(timeout=30)
        finally:
            end(process)
        with open(lines, encoding="utf-8") as file:
            found = [[span for resource in json.loads(line)["resourceSpans"]
                      for scope in resource["scopeSpans"] for span in scope["spans"]]
                     for line in file]
    return json.loads(out), found


def attribute(span, key):
    return next((list(a["value"].values())[0] for a in span["attributes"] if a["key"] == key), None)


def shape(spans):
    """"server GET /a > client GET /b > ...": a chain from the root to its end."""
    kinds, out, parent = {2: "server", 3: "client"}, [], None
    ids = {s["spanId"] for s in spans}
    at = [s for s in spans if s.get("parentSpanId") not in ids]
    while len(at) == 1:
        out.append(f"{kinds[at[0]['kind']]} {at[0]['name']}")
        parent = at[0]["spanId"]
        at = [s for s in spans if s.get("parentSpanId") == parent]
    return " > ".join(out) + (" and more" if len(out) < len(spans) else "")
