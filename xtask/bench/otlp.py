#!/usr/bin/env python3
"""How many log records of OpenTelemetry a server takes on one core.

    python3 xtask/bench/otlp.py BINARY [--records 512] [--requests 400] [--server-core 0]

Starts BINARY, pinned to one core, and sends requests of log records as Claude Code sends them: those of a recorded session
(server/tests/recordings/claude/tui-otlp.ndjson) over and over, with ids and times of their own, of 16 sessions that hooks have told of. Each
request is sent once, over four connections; what is refused for want of room (503) is sent again after the time that is said, and counted.
Nothing is installed: requests in protobuf are written by hand here.
"""

import argparse
import http.client
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent.parent.parent
SESSIONS = 16
CONNECTIONS = 4
START_NANOS = 1_800_000_000_000_000_000


def recorded():
    """Log records of a recorded session."""
    text = (HERE / "server/tests/recordings/claude/tui-otlp.ndjson").read_text()
    resource, records = None, []
    for line in text.splitlines():
        for group in json.loads(line)["body"]["resourceLogs"]:
            resource = group["resource"]
            records += [record for scope in group["scopeLogs"] for record in scope["logRecords"]]
    return resource, records


def own(record, session, number):
    """A record with a session, ids and a time of its own."""
    nanos = START_NANOS + number * 1_000_000
    seconds, millis = divmod(nanos // 1_000_000, 1000)
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{millis:03}Z"
    values = {"session.id": session, "event.timestamp": moment, "request_id": f"req_{number:024}", "tool_use_id": f"toolu_{number:024}"}
    attributes = [
        {"key": one["key"], "value": {"stringValue": values[one["key"]]}} if one["key"] in values else one
        for one in record["attributes"]
    ]
    return {**record, "timeUnixNano": str(nanos), "observedTimeUnixNano": str(nanos), "attributes": attributes}


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number, payload):
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def fixed(number, value):
    return varint(number << 3 | 1) + struct.pack("<Q", int(value))


def any_value(value):
    if not value:
        return b""
    kind, value = next(iter(value.items()))
    if kind == "stringValue":
        return field(1, value.encode())
    if kind == "boolValue":
        return varint(2 << 3) + varint(int(value))
    if kind == "intValue":
        return varint(3 << 3) + varint(int(value) & (1 << 64) - 1)
    if kind == "doubleValue":
        return varint(4 << 3 | 1) + struct.pack("<d", value)
    if kind == "arrayValue":
        return field(5, b"".join(field(1, any_value(one)) for one in value.get("values", [])))
    raise ValueError(kind)


def pairs(number, attributes):
    return b"".join(field(number, field(1, one["key"].encode()) + field(2, any_value(one["value"]))) for one in attributes)


def protobuf(resource, records):
    out = []
    for record in records:
        ids = b"".join(
            field(number, bytes.fromhex(record[name])) for name, number in (("traceId", 9), ("spanId", 10)) if record.get(name)
        )
        times = fixed(1, record["timeUnixNano"]) + fixed(11, record["observedTimeUnixNano"])
        body = field(5, any_value(record["body"])) if record.get("body") else b""
        out.append(field(2, times + body + pairs(6, record["attributes"]) + ids))
    return field(1, field(1, pairs(1, resource["attributes"])) + field(2, b"".join(out)))


def in_json(resource, records):
    body = {"resourceLogs": [{"resource": resource, "scopeLogs": [{"scope": {"name": "bench"}, "logRecords": records}]}]}
    return json.dumps(body, separators=(",", ":")).encode()


def requests_of(options, encode):
    resource, all_records = recorded()
    number, bodies = 0, []
    for request in range(options.requests):
        records = []
        for _ in range(options.records):
            records.append(own(all_records[number % len(all_records)], f"bench-{request % SESSIONS}", number))
            number += 1
        bodies.append(encode(resource, records))
    return bodies


def figures(port, names):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    found = {}
    for name in names:
        lines = re.findall(rf"^{name}(?:{{[^}}]*}})? ([0-9.e+-]+)$", text, re.M)
        found[name] = sum(float(value) for value in lines)
    return found


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def send_all(port, kind, bodies):
    """Sends every body once; how many were refused for now."""
    refused, lock, left = [0], threading.Lock(), list(range(len(bodies)))[::-1]

    def work():
        connection = http.client.HTTPConnection("127.0.0.1", port)
        while True:
            with lock:
                if not left:
                    return
                at = left.pop()
            while True:
                connection.request("POST", "/v1/logs", bodies[at], {"content-type": kind})
                answer = connection.getresponse()
                said = answer.read()
                if answer.status == 200:
                    break
                assert answer.status == 503, (answer.status, said)
                with lock:
                    refused[0] += 1
                time.sleep(int(answer.headers["retry-after"]) / 20)

    threads = [threading.Thread(target=work) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return refused[0]


def measure(options, name, kind, encode):
    bodies = requests_of(options, encode)
    data = tempfile.mkdtemp(prefix="arcane-otlp-")
    command = ["taskset", "-c", str(options.server_core), options.binary, "serve", "--no-dashboard", "--otlp-listen", "off", "--listen", "127.0.0.1:0"]
    server = subprocess.Popen([*command, "--data-dir", data], stdout=subprocess.PIPE, text=True, env={**os.environ, "ARCANE_LOG": "warn"})
    try:
        port = int(server.stdout.readline().strip().rsplit(":", 1)[1])
        for session in range(SESSIONS):
            connection = http.client.HTTPConnection("127.0.0.1", port)
            hook = {"session_id": f"bench-{session}", "hook_event_name": "SessionStart", "source": "startup", "cwd": "/srv/project"}
            connection.request("POST", "/hooks/claude", json.dumps(hook), {"content-type": "application/json"})
            connection.getresponse().read()
        cpu, began = cpu_seconds(server.pid), time.monotonic()
        refused = send_all(port, kind, bodies)
        records = options.records * options.requests
        # The last of it is folded and written after its answer.
        events = -1.0
        while True:
            now = figures(port, ["arcane_events_total", "arcane_otlp_items_total", "arcane_ingest_dropped_total"])
            if now["arcane_events_total"] == events:
                break
            events = now["arcane_events_total"]
            ended = time.monotonic()
            time.sleep(0.1)
        seconds, cpu = ended - began, cpu_seconds(server.pid) - cpu
        assert now["arcane_otlp_items_total"] == records, now
        assert now["arcane_ingest_dropped_total"] == 0, now
        size = sum(map(len, bodies)) / records
        print(
            f"| {name} | {options.records} | {size:.0f} | {records / seconds:,.0f} | {records / cpu:,.0f} | {int(events):,} | {refused} |",
            flush=True,
        )
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(data, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--records", type=int, default=512)
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--server-core", type=int, default=0)
    options = parser.parse_args()
    print("| encoding | records a request | bytes a record | records/s | records per second of the processor | events | refused for now |")
    print("|---|---|---|---|---|---|---|")
    measure(options, "protobuf", "application/x-protobuf", protobuf)
    measure(options, "JSON", "application/json", in_json)


if __name__ == "__main__":
    main()
