#!/usr/bin/env python3
"""What the gate costs: processor time of the server for a publication and for a delivery, with and without tokens.

Three servers take turns in each round: one without keys, one with an HS256 key, one with an Ed25519 key; each is on a core of its own
while it is measured, its clients are on the other. Events are kept in memory, so that no disk is in the figures. A publication is
`POST /events` of one event on a connection that stays open; a delivery is one of these events written to one of the readers' WebSockets.
Python's own library is enough.

    python3 xtask/bench/gate.py target/release/arcane
"""

import argparse
import os
import re
import selectors
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

KINDS = {"no keys": None, "HS256": ["--hs256"], "Ed25519": []}
LIMITS = ["events_per_s", "bytes_per_s", "messages_per_s", "streams"]
BODY = (
    b'{"spell_name":"invoke","daemon_name":"claude","success":true,'
    b'"description":"CLAUDE has done what was asked of it.","metadata":{"task":"review the pull request"}}'
)
START_S = 20


class Server:
    def __init__(self, binary, folder, kind, core):
        self.token = ""
        command = [binary, "serve", "--listen", "127.0.0.1:0", "--no-dashboard", "--ephemeral", "--otlp-listen", "off"]
        if KINDS[kind] is not None:
            keys = os.path.join(folder, kind + ".json")
            with open(keys, "w", encoding="ascii") as file:
                subprocess.run([binary, "keys", "new", *KINDS[kind]], stdout=file, stderr=subprocess.DEVNULL, check=True)
            os.chmod(keys, 0o600)
            no_limits = [word for name in LIMITS for word in ("--limit", name + "=0")]
            made = subprocess.run(
                [binary, "token", "new", "--keys", keys, "--sub", "bench", "--can", "publish,subscribe", *no_limits],
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, text=True,
            )
            self.token = made.stdout.strip()
            command += ["--keys", keys]
        else:
            command += ["--max-events-per-s", "0", "--max-bytes-per-s", "0"]
        self.log = open(os.path.join(folder, kind + ".log"), "w+b")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, cwd=folder)
        if core is not None:
            os.sched_setaffinity(self.process.pid, {core})
        self.port = self.find_port()
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def find_port(self):
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            line = self.process.stdout.readline()
            found = re.search(rb"http://[^/\s]*:(\d+)", line)
            if found:
                return int(found[1])
            if not line:
                break
        self.log.seek(0)
        sys.exit("the server did not start: " + self.log.read().decode(errors="replace"))

    def cpu_us(self):
        """Of all its threads, also between two ticks of the clock."""
        total = 0
        for task in os.listdir(f"/proc/{self.process.pid}/task"):
            try:
                with open(f"/proc/{self.process.pid}/task/{task}/schedstat", encoding="ascii") as file:
                    total += int(file.read().split()[0])
            except FileNotFoundError:
                pass
        return total / 1000

    def head(self, method, path, more=""):
        bearer = f"Authorization: Bearer {self.token}\r\n" if self.token else ""
        return f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n{bearer}{more}\r\n".encode()

    def connect(self):
        stream = socket.create_connection(("127.0.0.1", self.port))
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream.settimeout(30)
        return stream

    def publish(self, count):
        """Publishes one event after the other; each is answered before the next."""
        stream, carry = self.connect(), b""
        request = self.head("POST", "/events", f"Content-Type: application/json\r\nContent-Length: {len(BODY)}\r\n") + BODY
        with stream:
            for _ in range(count):
                stream.sendall(request)
                while b"\r\n\r\n" not in carry:
                    carry += stream.recv(65536)
                head, _, carry = carry.partition(b"\r\n\r\n")
                if b" 201" not in head.split(b"\r\n")[0]:
                    sys.exit("a publication was answered " + head.decode())
                length = int(re.search(rb"content-length: (\d+)", head, re.I)[1])
                while len(carry) < length:
                    carry += stream.recv(65536)
                carry = carry[length:]


class Readers:
    """WebSockets whose bytes are read and thrown away."""

    def __init__(self, server, count):
        self.selector, self.ends, self.bytes = selectors.DefaultSelector(), False, 0
        ask = server.head(
            "GET", "/ws/events",
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        )
        self.streams = []
        for _ in range(count):
            stream = server.connect()
            stream.sendall(ask)
            if b" 101" not in stream.recv(65536).split(b"\r\n")[0]:
                sys.exit("a reader was refused")
            stream.setblocking(False)
            self.selector.register(stream, selectors.EVENT_READ)
            self.streams.append(stream)
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        while not self.ends:
            for key, _ in self.selector.select(0.1):
                try:
                    got = len(key.fileobj.recv(262144))
                    if not got:
                        sys.exit("a reader was let go")
                    self.bytes += got
                except BlockingIOError:
                    pass

    def settle(self):
        before = -1
        while before != self.bytes:
            before = self.bytes
            time.sleep(0.3)

    def close(self):
        self.ends = True
        self.thread.join()
        for stream in self.streams:
            stream.close()


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("binary")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--events", type=int, default=10000)
    arguments.add_argument("--readers", type=int, default=200)
    arguments.add_argument("--delivered", type=int, default=500, help="events to all readers")
    said = arguments.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    server_core = cores[0] if len(cores) > 1 else None
    if len(cores) > 1:
        os.sched_setaffinity(0, {cores[1]})
    binary = os.path.abspath(said.binary)
    figures = {kind: ([], []) for kind in KINDS}
    with tempfile.TemporaryDirectory() as folder:
        servers = {}
        try:
            for kind in KINDS:
                servers[kind] = Server(binary, folder, kind, server_core)
                servers[kind].publish(1000)
            for _ in range(said.rounds):
                for kind, server in servers.items():
                    before = server.cpu_us()
                    server.publish(said.events)
                    posts = (server.cpu_us() - before) / said.events
                    readers = Readers(server, said.readers)
                    readers.settle()
                    before, bytes_before = server.cpu_us(), readers.bytes
                    server.publish(said.delivered)
                    readers.settle()
                    all_us = server.cpu_us() - before - posts * said.delivered
                    if readers.bytes - bytes_before < said.delivered * said.readers * len(BODY):
                        sys.exit("not every event was delivered")
                    readers.close()
                    figures[kind][0].append(posts)
                    figures[kind][1].append(all_us / said.delivered / said.readers)
        finally:
            for server in servers.values():
                server.process.send_signal(signal.SIGTERM)
            for server in servers.values():
                server.process.wait(20)
    print(f"{said.rounds} rounds, {said.events} publications, {said.delivered} events to {said.readers} readers; processor time of the server\n")
    print("| gate | a publication, µs: median (least to most) | a delivery, µs: median (least to most) |\n|---|---|---|")
    for kind, columns in figures.items():
        cells = [f"{statistics.median(c):.2f} ({min(c):.2f} to {max(c):.2f})" for c in columns]
        print(f"| {kind} | {cells[0]} | {cells[1]} |")


if __name__ == "__main__":
    main()
