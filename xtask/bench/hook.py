#!/usr/bin/env python3
"""What `arcane hook` costs the agent that waits for it, beside the least and a usual program.

Each row is a program that is started with a payload of 600 bytes on its standard input, again and again, and timed from before
its start to after its end, as an agent would wait for it. Python's own library is enough; the row of Node needs `node`.

    python3 xtask/bench/hook.py target/release/arcane [--runs 200] [--beside "node record-hook.mjs DIR"]
"""

import argparse
import json
import os
import shlex
import shutil
import socket
import subprocess
import tempfile
import time

PAYLOAD = json.dumps({
    "session_id": "9d2c6f8e-0b4a-4a57-9f0e-5f7b1f3d8a11", "transcript_path": "/home/user/.claude/projects/p/9d2c6f8e.jsonl",
    "cwd": "/home/user/project", "prompt_id": "p1", "permission_mode": "default", "hook_event_name": "PostToolUse",
    "tool_name": "Bash", "tool_input": {"command": "echo hello", "description": "Say hello"}, "tool_use_id": "toolu_01",
    "tool_response": {"stdout": "hello" + " " * 160, "stderr": "", "interrupted": False, "isImage": False}, "duration_ms": 51,
}).encode()
NODE = "let t='';process.stdin.on('data',d=>t+=d).on('end',()=>require('fs').writeFileSync(process.argv[1],t))"
SLOW_RUNS_MAX = 20


def serve(arcane, folder):
    ready = os.path.join(folder, "address")
    command = [arcane, "serve", "--listen", "127.0.0.1:0", "--otlp-listen", "off", "--no-dashboard", "--data-dir", folder]
    with open(ready, "wb") as out:
        server = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)
    for _ in range(200):
        with open(ready, encoding="utf-8") as told:
            words = told.read().split()
        address = next((word for word in words if word.startswith("http://")), None)
        if address:
            return server, address
        time.sleep(0.05)
    raise SystemExit("the server did not start")


def measure(command, runs, env):
    took = []
    for _ in range(runs):
        begun = time.perf_counter()
        subprocess.run(command, input=PAYLOAD, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env, check=False)
        took.append((time.perf_counter() - begun) * 1000)
    return sorted(took)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("arcane")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--beside", help="another command to measure")
    options = parser.parse_args()
    arcane = os.path.abspath(options.arcane)
    with tempfile.TemporaryDirectory() as folder, socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen(SLOW_RUNS_MAX * 2)
        nobody = socket.socket()
        nobody.bind(("127.0.0.1", 0))
        env = {"PATH": os.environ["PATH"], "HOME": folder, "LANG": "C.UTF-8"}
        hook = [arcane, "hook", "--agent", "claude", "--url"]
        server, address = serve(arcane, folder)
        at = "http://127.0.0.1:%d"
        rows = [
            ("`true`", ["true"], options.runs),
            ("`arcane hook`", [*hook, address], options.runs),
            ("`sh -c 'arcane hook …'`, as agents do", ["sh", "-c", shlex.join([*hook, address])], options.runs),
            ("`arcane hook`, nobody listens", [*hook, at % nobody.getsockname()[1]], options.runs),
            ("`arcane hook`, a server that never answers", [*hook, at % mute.getsockname()[1]], min(options.runs, SLOW_RUNS_MAX)),
        ]
        if shutil.which("node"):
            rows.append(("a Node program that writes the payload to a file", ["node", "-e", NODE, os.path.join(folder, "out")], options.runs))
        if options.beside:
            rows.append((f"`{options.beside}`", shlex.split(options.beside), options.runs))
        print("| program | median ms | p95 ms | max ms | runs |\n|---|---:|---:|---:|---:|")
        try:
            for name, command, runs in rows:
                took = measure(command, runs, env)
                print(f"| {name} | {took[runs // 2]:.1f} | {took[int(runs * 0.95)]:.1f} | {took[-1]:.1f} | {runs} |", flush=True)
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
