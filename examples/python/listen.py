"""Prints the events of a room, reconnects, and prints what it missed meanwhile once.

    pip install websockets
    python listen.py [--room main] [--spell invoke,banish] [--daemon claude]
"""

import argparse
import asyncio
import json
import os
from urllib.parse import urlencode

import websockets

URL = os.environ.get("ARCANE_URL", "http://127.0.0.1:8000").rstrip("/")


def show(event):
    mark = "✓" if event["success"] else "✗"
    who = event.get("daemon_name") or "the realm"
    print(f"{event['seq']:>6} {mark} {event['spell_name']:<7} {who:<14} {event['description']}")
    seconds = event["metadata"].get("execution_time")
    if seconds is not None:
        print(f"{'':>9}took {seconds:.3f} s: {event['metadata'].get('task', '')}")


async def listen(query):
    epoch, last, pause = None, 0, 0.25
    while True:
        # The position makes the server send everything after it, and nothing twice.
        where = {"since": f"{epoch}:{last}"} if epoch else {"recent": 100}
        uri = f"{URL.replace('http', 'ws', 1)}/ws/events?{urlencode({**query, **where})}"
        try:
            async with websockets.connect(uri) as socket:
                async for message in socket:
                    data = json.loads(message)
                    if data.get("type") == "connection":
                        pause = 0.25
                        print(f"· {data['message']} ({data['subscriber_count']} listening)")
                        resume = data.get("resume", {"recovered": True})
                        if not resume["recovered"]:
                            print(f"· events were missed: {resume['reason']}")
                        if data["epoch"] != epoch or not resume["recovered"]:
                            epoch, last = data["epoch"], 0
                        events = data["recent_events"]
                    elif "spell_name" in data:
                        events = [data]
                    else:
                        continue
                    for event in events:
                        if event["seq"] > last:
                            last = event["seq"]
                            show(event)
        except websockets.ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd else 1006
            if 4400 <= code < 4500:
                raise SystemExit(f"the server refused: {code} {closed.rcvd.reason}")
        except OSError:
            pass
        print(f"· disconnected, trying again in {pause} s")
        await asyncio.sleep(pause)
        pause = min(pause * 2, 10)


def main():
    parser = argparse.ArgumentParser(description="Prints the events of a room.")
    parser.add_argument("--room", default="main")
    parser.add_argument("--spell", help="only these spells, separated by commas")
    parser.add_argument("--daemon", help="only these daemons, separated by commas")
    query = {name: value for name, value in vars(parser.parse_args()).items() if value}
    try:
        asyncio.run(listen(query))
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
