#!/usr/bin/env python3
"""Drives the official OpenTelemetry SDKs against a server: python3 xtask/otlp/run.py BINARY

Installs the SDKs of Python (PyPI) and JavaScript (npm) into .tools/otlp, lets each export spans, log records and metrics to a server of its
own, in protobuf and JSON, and fails if an SDK complains, if what was told is not what was sent, or if anything comes through that is to
be dropped.
"""

import json
import pathlib
import shutil
import subprocess
import sys
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
TOOLS = HERE.parent.parent / ".tools/otlp"
PYTHON = ["opentelemetry-sdk==1.45.2", "opentelemetry-exporter-otlp-proto-http==1.45.2"]
SECRET = "nobody-may-know"
# Beyond the time for which what metrics tell waits, and a look after it.
METRICS_S = 11


def install():
    TOOLS.mkdir(parents=True, exist_ok=True)
    venv = TOOLS / "venv"
    if not venv.exists():
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        subprocess.run([venv / "bin/pip", "install", "--quiet", *PYTHON], check=True)
    for name in ("package.json", "sdk.mjs"):
        shutil.copy(HERE / name, TOOLS)
    subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund"], cwd=TOOLS, check=True)
    return venv / "bin/python"


def main(binary):
    python = install()
    command = [binary, "serve", "--ephemeral", "--no-dashboard", "--listen", "127.0.0.1:0", "--otlp-listen", "127.0.0.1:0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        main_url, otlp = (server.stdout.readline().split()[-1] for _ in range(2))
        for said in ([python, HERE / "sdk.py", otlp], *(["node", TOOLS / "sdk.mjs", otlp, kind] for kind in ("json", "protobuf"))):
            subprocess.run(said, check=True)
        time.sleep(METRICS_S)
        text = urllib.request.urlopen(f"{main_url}/events?limit=1000").read().decode()
        assert SECRET not in text, "something came through that is to be dropped"
        events = json.loads(text)["events"]
        for daemon in ("python-agent", "js-json", "js-protobuf"):
            told = [event for event in events if event["daemon_name"] == daemon]
            spells = sorted(event["spell_name"] for event in told)
            assert spells == ["invoke", "reveal", "summon", "voice"], (daemon, spells)
            tokens = sum(event["metadata"].get("input_tokens", 0) for event in told)
            assert tokens == 100, f"{daemon}: {tokens} tokens of 100"
            print(f"{daemon}: ok")
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main(sys.argv[1])
