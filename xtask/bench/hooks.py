#!/usr/bin/env python3
"""How long a hook's payload takes until it is answered, beside dashboards that are told of it.

    python3 xtask/bench/hooks.py BINARY [--rate 500] [--seconds 20] [--readers 100] [--rounds 3]

Starts BINARY with its log on disk, pinned to one core. From the other core one connection posts the payloads of a recorded session of Claude Code
(server/tests/recordings/claude/tui.ndjson) to `POST /hooks/claude`, as those of 40 sessions one after the other, so many a second, while readers hold
WebSockets and throw away what they are told. Readers run only while nothing else wants their core (SCHED_IDLE): what is measured is the server. In turn
with it, beside the same readers: `GET /health`, which does nothing, and a server of Node.js that reads the body and answers 204. The clock runs from the
first byte that is sent to the last that is received. Linux, Python's own library, `node` on the PATH.
"""

import argparse
import json
import multiprocessing
import os
import pathlib
import re
import selectors
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent.parent.parent
SESSIONS = 40
START_S = 30
NODE = (
    "require('http').createServer((ask,answer)=>{ask.resume().on('end',()=>answer.writeHead(204).end())})"
    ".listen(0,'127.0.0.1',function(){console.log('http://127.0.0.1:'+this.address().port)})"
)


def start(command, core, folder):
    """A server on a core of its own; gives it and the port that it says."""
    log = open(os.path.join(folder, os.path.basename(command[0]) + ".log"), "ab")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, cwd=folder)
    os.sched_setaffinity(process.pid, {core})
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        line = process.stdout.readline()
        found = re.search(rb"http://[^/\s]*:(\d+)", line)
        if found:
            threading.Thread(target=process.stdout.read, daemon=True).start()
            return process, int(found[1])
        if not line:
            break
    sys.exit(f"{command[0]} did not start")


def connect(port):
    stream = socket.create_connection(("127.0.0.1", port))
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    stream.settimeout(30)
    return stream


def read(port, count, core, ready, told, ends):
    """Readers: WebSockets whose bytes are thrown away."""
    os.sched_setaffinity(0, {core})
    selector = selectors.DefaultSelector()
    for _ in range(count):
        stream = connect(port)
        stream.sendall(
            f"GET /ws/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        if b" 101" not in stream.recv(65536).split(b"\r\n")[0]:
            sys.exit("a reader was refused")
        stream.setblocking(False)
        selector.register(stream, selectors.EVENT_READ)
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    ready.set()
    alive = time.monotonic()
    while not ends.is_set():
        if time.monotonic() - alive > 5:
            # A sign of life, as every client's library gives: pings are not looked at here.
            alive = time.monotonic()
            for key in list(selector.get_map().values()):
                key.fileobj.send(b"\x8a\x80\0\0\0\0")
        for key, _ in selector.select(0.1):
            got = len(key.fileobj.recv(262144))
            if not got:
                sys.exit("a reader was let go")
            told.value += got


def payloads():
    """Payloads of a recorded session, as those of many, one session after the other."""
    lines = (HERE / "server/tests/recordings/claude/tui.ndjson").read_text().splitlines()
    recorded = [json.loads(line) for line in lines]
    recorded = [one.get("payload") or one.get("body") or one for one in recorded]
    session = next(one["session_id"] for one in recorded if "session_id" in one)
    while True:
        for number in range(SESSIONS):
            for one in recorded:
                text = json.dumps(one)
                own = f"{number:08x}-{time.monotonic_ns() & 0xFFFF:04x}-4000-8000-{number:012x}"
                yield text.replace(session, own).replace("toolu_", f"toolu_{number:02}").encode()


def measure(port, requests, rate, seconds):
    """Milliseconds of each request, and how many were sent too late to keep the rate."""
    stream, took, late = connect(port), [], 0
    begin = time.perf_counter()
    with stream:
        for n in range(int(rate * seconds)):
            due = begin + n / rate
            request = next(requests)
            left = due - time.perf_counter()
            if left > 0.0005:
                time.sleep(left - 0.0003)
            while time.perf_counter() < due:
                pass
            sent = time.perf_counter()
            late += sent - due > 1 / rate
            stream.sendall(request)
            got = b""
            while b"\r\n\r\n" not in got:
                got += stream.recv(65536)
            head, _, body = got.partition(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head, re.I)
            while length and len(body) < int(length[1]):
                body += stream.recv(65536)
            took.append((time.perf_counter() - sent) * 1000)
            if not re.match(rb"HTTP/1.1 20[04] ", head):
                sys.exit("answered " + head.decode())
    return took, late


def post(path, port):
    for body in payloads():
        yield (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )


def get(path, port):
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
    while True:
        yield request


def metric(port, name):
    with connect(port) as stream:
        stream.sendall(f"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
        text = b""
        while got := stream.recv(65536):
            text += got
    return sum(float(line.rsplit(b" ", 1)[1]) for line in text.splitlines() if line.startswith(name.encode()))


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("binary")
    arguments.add_argument("--rate", type=int, default=500, help="hooks a second")
    arguments.add_argument("--seconds", type=float, default=20)
    arguments.add_argument("--readers", type=int, default=100)
    arguments.add_argument("--rounds", type=int, default=3)
    said = arguments.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        sys.exit("the server and its clients need a core each")
    binary = os.path.abspath(said.binary)
    ready, ends, told = multiprocessing.Event(), multiprocessing.Event(), multiprocessing.Value("Q", 0)
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        command = [binary, "serve", "--listen", "127.0.0.1:0", "--no-dashboard", "--otlp-listen", "off", "--data-dir", folder]
        server, port = start(command, cores[0], folder)
        peer, peer_port = start(["node", "-e", NODE], cores[0], folder)
        readers = multiprocessing.Process(target=read, args=(port, said.readers, cores[1], ready, told, ends))
        readers.start()
        try:
            os.sched_setaffinity(0, {cores[1]})
            if not ready.wait(START_S):
                sys.exit("the readers did not start")
            hooks = post("/hooks/claude", port)
            ways = {
                "`POST /hooks/claude`": (port, hooks),
                "`GET /health`": (port, get("/health", port)),
                "Node.js, 204": (peer_port, post("/", peer_port)),
            }
            measure(port, hooks, said.rate, 2)
            for _ in range(said.rounds):
                for name, (at, requests) in ways.items():
                    took, late = measure(at, requests, said.rate, said.seconds)
                    known = figures.setdefault(name, ([], []))
                    known[0].extend(took)
                    known[1].append(late)
            events = metric(port, "arcane_events_total")
            dropped = metric(port, "arcane_ingest_dropped_total")
        finally:
            ends.set()
            readers.join(10)
            for process in (server, peer):
                process.terminate()
                process.wait(20)
    print(
        f"{said.rate} a second for {said.seconds:.0f} s, {said.rounds} rounds, beside {said.readers} readers; "
        f"{events:.0f} events, {told.value / 1e6:.0f} MB told, {dropped:.0f} payloads dropped\n"
    )
    print("| way | p50, ms | p99, ms | most, ms | sent late |\n|---|---|---|---|---|")
    for name, (took, late) in figures.items():
        took.sort()
        at = lambda part: took[min(len(took) - 1, int(part * len(took)))]
        print(f"| {name} | {at(0.5):.2f} | {at(0.99):.2f} | {took[-1]:.2f} | {sum(late)} of {len(took)} |")


if __name__ == "__main__":
    main()
