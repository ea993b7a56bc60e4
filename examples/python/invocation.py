"""Tells of every call of a function as an invocation of a daemon. Needs nothing but Python; copy this file.

    from invocation import invocation

    @invocation(daemon="builder")
    def build(target): ...

Ordinary and async functions. A call is told twice: that it begins, and how it ended, with its duration and the error that it raised. A call
within a call of another daemon names that one as its `parent_daemon`. Arguments and results are not told: the task is the function's name,
or what `task` is, a text or a function of the arguments.

The function never waits for the bus and never fails because of it. Events wait in a queue of 1,000; what finds no place there, or cannot be
delivered, is counted in `lost()`. When the program ends, what waits has 2 s to be delivered. ARCANE_URL and ARCANE_TOKEN are read when this is
imported.
"""

import atexit
import contextvars
import functools
import inspect
import json
import os
import queue
import secrets
import threading
import time
import urllib.parse
import urllib.request

URL = os.environ.get("ARCANE_URL", "http://127.0.0.1:8000").rstrip("/")
TOKEN = os.environ.get("ARCANE_TOKEN")
SESSION = f"py-{secrets.token_hex(8)}"
QUEUED_MAX = 1000
BATCH_MAX = 100
# A server that does not answer is not asked again for so long, seconds.
REST_S = 5.0
ANSWER_S = 2.0
GOODBYE_S = 2.0
ERROR_CHARS_MAX = 300

_inside = contextvars.ContextVar("daemon", default=None)


class _Bus:
    """Delivers events from a thread of its own."""

    def __init__(self, room="main"):
        self.url = f"{URL}/events?room={urllib.parse.quote(room)}"
        self.waiting = queue.Queue(QUEUED_MAX)
        self.lost = 0
        self.rest_until = 0.0
        self.lock = threading.Lock()
        self.thread = None

    def tell(self, event):
        try:
            with self.lock:
                # After a fork the child has none.
                if self.thread is None or not self.thread.is_alive():
                    self.thread = threading.Thread(target=self.run, name="arcane", daemon=True)
                    self.thread.start()
            self.waiting.put_nowait(event)
        except Exception:
            self.lost += 1

    def run(self):
        while True:
            batch = [self.waiting.get()]
            while len(batch) < BATCH_MAX and not self.waiting.empty():
                batch.append(self.waiting.get())
            try:
                self.deliver(batch)
            except Exception:
                self.lost += len(batch)
                self.rest_until = time.monotonic() + REST_S
            finally:
                for _ in batch:
                    self.waiting.task_done()

    def deliver(self, batch):
        if time.monotonic() < self.rest_until:
            self.lost += len(batch)
            return
        headers = {"Content-Type": "application/json"}
        if TOKEN:
            headers["Authorization"] = f"Bearer {TOKEN}"
        request = urllib.request.Request(self.url, json.dumps(batch).encode(), headers)
        with urllib.request.urlopen(request, timeout=ANSWER_S) as answer:
            answer.read()

    def flush(self, seconds=GOODBYE_S):
        """Waits until what was told is delivered or lost, but no longer than so many seconds."""
        until = time.monotonic() + seconds
        with self.waiting.all_tasks_done:
            while self.waiting.unfinished_tasks and (left := until - time.monotonic()) > 0:
                self.waiting.all_tasks_done.wait(left)


_buses = {}


def _bus(room):
    return _buses.setdefault(room, _Bus(room))


def lost():
    """How many events were not delivered."""
    return sum(bus.lost for bus in _buses.values())


@atexit.register
def flush(seconds=GOODBYE_S):
    """Waits until what was told is delivered, but no longer than so many seconds."""
    until = time.monotonic() + seconds
    for bus in _buses.values():
        bus.flush(max(0.0, until - time.monotonic()))


class _Call:
    """One call, from its beginning to its end."""

    def __init__(self, bus, daemon, parent, task, function, arguments):
        self.bus, self.daemon, self.began = bus, daemon, time.monotonic()
        try:
            words = task(*arguments[0], **arguments[1]) if callable(task) else task or function.__qualname__
        except Exception:
            words = function.__qualname__
        outer = _inside.get()
        parent = parent or (outer if outer != daemon else None)
        self.about = {"task": str(words), "call_id": secrets.token_hex(8), "session": SESSION, "source": "python"}
        if parent:
            self.about["parent_daemon"] = parent

    def __enter__(self):
        self.inside = _inside.set(self.daemon)
        self.tell("reveal", True, {"query_type": "progress", "phase": "begin"})
        return self

    def __exit__(self, kind, error, _):
        _inside.reset(self.inside)
        took = {"execution_time": round(time.monotonic() - self.began, 6)}
        if kind is not None:
            try:
                took["error"] = f"{kind.__name__}: {error}"[:ERROR_CHARS_MAX]
            except Exception:
                took["error"] = kind.__name__
        self.tell("invoke", kind is None, took)
        return False

    def tell(self, spell, success, more):
        self.bus.tell({"spell_name": spell, "daemon_name": self.daemon, "success": success, "metadata": {**self.about, **more}})


def invocation(daemon, task=None, parent=None, room="main"):
    """A decorator: each call of the function is told as an invocation of `daemon`."""

    def decorate(function):
        def call(args, kwargs):
            return _Call(_bus(room), daemon, parent, task, function, (args, kwargs))

        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def told(*args, **kwargs):
                with call(args, kwargs):
                    return await function(*args, **kwargs)

        else:

            @functools.wraps(function)
            def told(*args, **kwargs):
                with call(args, kwargs):
                    return function(*args, **kwargs)

        return told

    return decorate
