#!/usr/bin/env python3
"""Drives the official SDKs of the Model Context Protocol against a server: python3 xtask/mcp/run.py BINARY

Installs the SDKs of Python (PyPI) and JavaScript (npm) into .tools/mcp, lets each tell of itself by every tool, over standard input and
output and over HTTP, and fails if an SDK or `arcane mcp` complains, or if what stands in the log is not what was told.
"""

import json
import pathlib
import shutil
import subprocess
import sys
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
TOOLS = HERE.parent.parent / ".tools/mcp"
# The newest of either line: what agents are built with.
PYTHON = ["mcp==2.3.0", "mcp==1.30.0"]


def install():
    TOOLS.mkdir(parents=True, exist_ok=True)
    pythons = []
    for package in PYTHON:
        venv = TOOLS / package.replace("==", "-")
        if not venv.exists():
            subprocess.run([sys.executable, "-m", "venv", venv], check=True)
            subprocess.run([venv / "bin/pip", "install", "--quiet", package], check=True)
        pythons.append((package, venv / "bin/python"))
    for name in ("package.json", "sdk.mjs"):
        shutil.copy(HERE / name, TOOLS)
    subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund"], cwd=TOOLS, check=True)
    return pythons


def drive(binary, name, client, kind):
    command = [binary, "serve", "--ephemeral", "--no-dashboard", "--listen", "127.0.0.1:0", "--otlp-listen", "off"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        url = server.stdout.readline().split()[-1]
        ran = subprocess.run([*client, binary, url, kind], stderr=subprocess.PIPE, text=True, timeout=120)
        assert ran.returncode == 0 and not ran.stderr, f"{name} {kind}: {ran.returncode}\n{ran.stderr}"
        events = json.loads(urllib.request.urlopen(f"{url}/events?limit=1000").read())["events"]
        spells = [event["spell_name"] for event in events]
        assert spells == ["summon", "reveal", "invoke", "voice", "banish"], (name, kind, spells)
        print(f"{name} {kind}: ok")
    finally:
        server.terminate()
        server.wait()


def main(binary):
    binary = str(pathlib.Path(binary).resolve())
    clients = [(package, [python, HERE / "sdk.py"]) for package, python in install()]
    clients.append(("@modelcontextprotocol/sdk", ["node", TOOLS / "sdk.mjs"]))
    for name, client in clients:
        for kind in ("stdio", "http"):
            drive(binary, name, client, kind)


if __name__ == "__main__":
    main(sys.argv[1])
