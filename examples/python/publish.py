"""Runs a command and publishes how it went as a daemon's event. Needs nothing but Python.

    python publish.py builder -- cargo test
"""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request

URL = os.environ.get("ARCANE_URL", "http://127.0.0.1:8000").rstrip("/")


def publish(event):
    request = urllib.request.Request(
        f"{URL}/events", data=json.dumps(event).encode(), headers={"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.load(answer)["events"][0]["seq"]
    except urllib.error.HTTPError as refused:
        raise SystemExit(f"refused: {refused.read().decode()}")
    except urllib.error.URLError as error:
        raise SystemExit(f"{URL} does not answer: {error.reason}")


def main():
    if len(sys.argv) < 4 or sys.argv[2] != "--":
        raise SystemExit(__doc__)
    daemon, command = sys.argv[1], sys.argv[3:]
    start = time.monotonic()
    try:
        code = subprocess.run(command).returncode
    except OSError as error:
        print(error, file=sys.stderr)
        code = 127
    took = time.monotonic() - start
    task = " ".join(command)
    seq = publish({
        "spell_name": "invoke",
        "daemon_name": daemon,
        "success": code == 0,
        "description": f"{daemon} {'completed' if code == 0 else 'failed'} “{task}” in {took:.3f} seconds.",
        "metadata": {"task": task, "execution_time": round(took, 6), "parameters": {}, "exit_code": code},
    })
    print(f"published as event {seq}")
    raise SystemExit(code)


if __name__ == "__main__":
    main()
