#!/usr/bin/env python3
"""What an honest reader waits for its events beside publishers at full speed.

One honest publisher (20 events a second) and one honest reader in a room of their own; beside them some connections that
publish arrays of 500 events one after the other, in another room or in the same one. Each row has a server of its own, with an
empty log. Python's own library is enough.

    python3 xtask/bench/fair.py target/release/arcane --store logged
"""

import argparse
import json
import multiprocessing
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

ROWS = {  # name: connections that flood, and whether they do in the reader's room
    "alone": (0, False),
    "1 elsewhere": (1, False),
    "4 elsewhere": (4, False),
    "1 same room": (1, True),
    "4 same room": (4, True),
}
STORES = {"logged": ([], ""), "ephemeral": (["--ephemeral"], ""), "synced": ([], "&ack=synced")}
HONEST = re.compile(rb'"honest_ns":(\d+)[,}]')
PONG = bytes([0x8A, 0x80, 0, 0, 0, 0])
PONG_EVERY_S = 5
SETTLE_S = 2
FLOOD_NICE = 10
OTHERS_MAX = 0.1


def connect(port):
    stream = socket.create_connection(("127.0.0.1", port))
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return stream


def post(path, port, body):
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def answer(stream, carry):
    """Reads one answer; returns its status and what came behind it."""
    while b"\r\n\r\n" not in carry:
        read = stream.recv(65536)
        if not read:
            raise ConnectionError("the server ended the connection")
        carry += read
    head, _, rest = carry.partition(b"\r\n\r\n")
    length = int(re.search(rb"content-length: (\d+)", head, re.I)[1])
    while len(rest) < length:
        read = stream.recv(65536)
        if not read:
            raise ConnectionError("the server ended the connection")
        rest += read
    return int(head.split(b" ", 2)[1]), rest[length:]


def event(more):
    return {
        "spell_name": "invoke",
        "daemon_name": "claude",
        "success": True,
        "description": "Runes flare along the circle: CLAUDE has done what was asked of it.",
        "metadata": {"task": "review the pull request", **more},
    }


def flood(port, path, published, refused, ends):
    os.nice(FLOOD_NICE)
    stream, carry = connect(port), b""
    request = post(path, port, json.dumps([event({"number": n}) for n in range(500)]).encode())
    while not ends.is_set():
        stream.sendall(request)
        status, carry = answer(stream, carry)
        with (published if status == 201 else refused).get_lock():
            (published if status == 201 else refused).value += 500


def publish(port, path, events, every_s, told):
    stream, carry = connect(port), b""
    due = time.monotonic()
    for _ in range(events):
        due += every_s
        wait = due - time.monotonic()
        if wait > 0:
            time.sleep(wait)
            sent_ns = time.monotonic_ns()
        else:
            # The one before it took so long: this one has been waiting.
            sent_ns = int(due * 1e9)
        stream.sendall(post(path, port, json.dumps(event({"honest_ns": sent_ns})).encode()))
        status, carry = answer(stream, carry)
        if status != 201:
            told.put(f"an honest event was answered {status}")
    told.put(None)


def read(port, path, ready, latencies):
    stream, tail = connect(port), b""
    stream.sendall(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    stream.settimeout(1)
    pong_at = time.monotonic() + PONG_EVERY_S
    while True:
        try:
            chunk = stream.recv(1 << 20)
        except TimeoutError:
            chunk = None
        now_ns = time.monotonic_ns()
        if chunk == b"":
            raise ConnectionError("the server ended the reader's connection")
        if chunk is not None:
            ready.set()
            text, seen = tail + chunk, 0
            for found in HONEST.finditer(text):
                seen = found.end()
                latencies.put(now_ns - int(found[1]))
            tail = text[max(seen, len(text) - 64):]
        if time.monotonic() >= pong_at:
            stream.sendall(PONG)
            pong_at += PONG_EVERY_S


def usage(pid):
    fields = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def busy_s():
    """Seconds of processors that anybody has used, and that the host has taken."""
    fields = [int(field) for field in open("/proc/stat").readline().split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def quantile(sorted_values, part):
    return sorted_values[min(len(sorted_values) - 1, int(part * len(sorted_values)))]


def row(options, name):
    floods, same = ROWS[name]
    flags, ack = STORES[options.store]
    port, folder = free_port(), tempfile.mkdtemp(prefix="fair-", dir=options.folder)
    command = [options.binary, "serve", "--no-dashboard", "--otlp-listen", "off", "--listen", f"127.0.0.1:{port}"]
    command += ["--data-dir", os.path.join(folder, "data"), *flags]
    if options.cores:
        command = ["taskset", "-c", options.cores.split(",")[0], *command]
    log = open(os.path.join(folder, "log"), "wb")
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log)
    processes = []
    try:
        for _ in range(400):
            try:
                connect(port).close()
                break
            except OSError:
                time.sleep(0.02)
        make = multiprocessing.get_context("fork")
        ready, ends, latencies, told = make.Event(), make.Event(), make.Queue(), make.Queue()
        published, refused = make.Value("q", 0), make.Value("q", 0)

        def start(target, *args):
            processes.append(make.Process(target=target, args=args, daemon=True))
            processes[-1].start()

        start(read, port, "/ws/events?room=honest", ready, latencies)
        if not ready.wait(10):
            raise TimeoutError("the reader is not ready after 10 s")
        for _ in range(floods):
            path = f"/events?room={'honest' if same else 'flood'}{ack}"
            start(flood, port, path, published, refused, ends)
        time.sleep(SETTLE_S)
        began, flooded, used, busy = time.monotonic(), published.value, usage(server.pid), busy_s()
        ours = sum(usage(process.pid) for process in processes)
        start(publish, port, f"/events?room=honest{ack}", options.events, 1 / options.rate, told)
        got, faults = [], []
        deadline = time.monotonic() + 3 * options.events / options.rate + 30
        while len(got) < options.events and time.monotonic() < deadline:
            try:
                got.append(latencies.get(timeout=1) / 1e6)
            except Exception:
                pass
        took = time.monotonic() - began
        flooded = (published.value - flooded) / took
        used = (usage(server.pid) - used) / took
        ours = (sum(usage(process.pid) for process in processes) - ours) / took
        others = (busy_s() - busy) / took - used - ours
        while not told.empty():
            faults.append(told.get())
        faults = [fault for fault in faults if fault]
        ends.set()
        got.sort()
        wal = max((os.path.getsize(os.path.join(at, file)) for at, _, files in os.walk(folder) for file in files
                   if file.endswith("-wal")), default=0) / 2**20
        print(
            f"| {options.store} | {name} | {len(got)} | {quantile(got, .5):.2f} | {quantile(got, .99):.2f} | {got[-1]:.2f} "
            f"| {flooded:,.0f} | {used:.2f} | {wal:.0f} |" + (f" FAULTS {faults[:3]} {refused.value}" if faults or refused.value else ""),
            flush=True,
        )
        if others > OTHERS_MAX:
            print(f"  others used {others:.2f} processors meanwhile", flush=True)
        if len(got) < options.events:
            print(f"  {options.events - len(got)} honest events did not arrive", flush=True)
    finally:
        for process in processes:
            process.kill()
        server.send_signal(signal.SIGKILL)
        server.wait()
        if options.keep:
            print(folder)
        else:
            shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", help="a server, built in release")
    parser.add_argument("--store", choices=STORES, default="logged")
    parser.add_argument("--rows", default=",".join(ROWS), help="comma-separated: " + ", ".join(ROWS))
    parser.add_argument("--events", type=int, default=1000, help="honest events in each row")
    parser.add_argument("--rate", type=float, default=20, help="honest events a second")
    parser.add_argument("--cores", default="0,1", help="the server's and the load's; empty: all share all")
    parser.add_argument("--folder", help="where data goes; otherwise the system's folder for temporary files")
    parser.add_argument("--keep", action="store_true", help="keep data and log")
    options = parser.parse_args()
    options.binary = os.path.abspath(options.binary)
    if options.cores:
        os.sched_setaffinity(0, {int(options.cores.split(",")[1])})
    print("| store | flood | events | p50 ms | p99 ms | max ms | flood events/s | server CPU | WAL MiB |")
    print("|---|---|---:|---:|---:|---:|---:|---:|---:|")
    for name in options.rows.split(","):
        row(options, name)


if __name__ == "__main__":
    sys.exit(main())
