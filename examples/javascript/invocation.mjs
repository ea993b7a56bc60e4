// Tells of every call of a function as an invocation of a daemon. Needs nothing but Node.js 20; copy this file.
//
//   import { invocation } from "./invocation.mjs";
//   const build = invocation(async (target) => { … }, { daemon: "builder" });
//
// Ordinary and async functions. A call is told twice: that it begins, and how it ended, with its duration and the error that it threw. A
// call within a call of another daemon names that one as its `parent_daemon`. Arguments and results are not told: the task is the function's
// name, or what `task` is, a text or a function of the arguments.
//
// The function never waits for the bus and never fails because of it. Events wait in a queue of 1,000; what finds no place there, or cannot
// be delivered, is counted in `lost()`. A program that ends by itself waits until what was told is delivered, 2 s at most; one that calls
// process.exit() calls `await flush()` before. ARCANE_URL and ARCANE_TOKEN are read when this is imported.

import { AsyncLocalStorage } from "node:async_hooks";
import { randomBytes } from "node:crypto";

const base = (process.env.ARCANE_URL ?? "http://127.0.0.1:8000").replace(/\/$/, "");
const token = process.env.ARCANE_TOKEN;
const session = `js-${randomBytes(8).toString("hex")}`;
const QUEUED_MAX = 1000;
const BATCH_MAX = 100;
const ANSWER_MS = 2000;
// A server that does not answer is not asked again for so long.
const REST_MS = 5000;
const ERROR_CHARS_MAX = 300;

const inside = new AsyncLocalStorage();
const waiting = [];
let delivering = null;
let notDelivered = 0;
let restUntil = 0;

/** How many events were not delivered. */
export const lost = () => notDelivered;

/** Waits until what was told is delivered or lost, but no longer than so many milliseconds. */
export async function flush(ms = ANSWER_MS) {
  let timer;
  const late = new Promise((resolve) => { timer = setTimeout(resolve, ms); });
  await Promise.race([delivering, late]);
  clearTimeout(timer);
}

function tell(room, event) {
  if (waiting.length >= QUEUED_MAX) {
    notDelivered += 1;
    return;
  }
  waiting.push([room, event]);
  delivering ??= deliver().finally(() => { delivering = null; });
}

async function deliver() {
  // What is told at one moment goes together.
  await null;
  while (waiting.length > 0) {
    const [room] = waiting[0];
    let count = waiting.findIndex(([other]) => other !== room);
    if (count < 0) count = waiting.length;
    const batch = waiting.splice(0, Math.min(count, BATCH_MAX));
    const delivered = Date.now() >= restUntil && (await post(room, batch.map(([, event]) => event)));
    if (!delivered) notDelivered += batch.length;
  }
}

async function post(room, events) {
  try {
    const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
    const request = { method: "POST", headers, body: JSON.stringify(events), signal: AbortSignal.timeout(ANSWER_MS) };
    const answer = await fetch(`${base}/events?room=${encodeURIComponent(room)}`, request);
    await answer.arrayBuffer();
    if (answer.ok) return true;
  } catch {
    // Nobody answers.
  }
  restUntil = Date.now() + REST_MS;
  return false;
}

/** The function, each call of which is told as an invocation of `daemon`. */
export function invocation(fn, { daemon, task, parent, room = "main" }) {
  return function told(...args) {
    const outer = inside.getStore();
    const about = { task: words(task, fn, args), call_id: randomBytes(8).toString("hex"), session, source: "javascript" };
    const parentDaemon = parent ?? (outer === daemon ? undefined : outer);
    if (parentDaemon) about.parent_daemon = parentDaemon;
    const say = (spell_name, success, more) =>
      tell(room, { spell_name, daemon_name: daemon, success, metadata: { ...about, ...more } });
    const began = performance.now();
    const took = () => ({ execution_time: Math.round(performance.now() - began) / 1000 });
    const done = () => say("invoke", true, took());
    const failed = (error) => say("invoke", false, { ...took(), error: reason(error) });
    say("reveal", true, { query_type: "progress", phase: "begin" });
    let result;
    try {
      result = inside.run(daemon, () => fn.apply(this, args));
    } catch (error) {
      failed(error);
      throw error;
    }
    if (typeof result?.then !== "function") {
      done();
      return result;
    }
    const ended = (value) => {
      done();
      return value;
    };
    return result.then(ended, (error) => {
      failed(error);
      throw error;
    });
  };
}

function words(task, fn, args) {
  try {
    return String((typeof task === "function" ? task(...args) : task) || fn.name || "call");
  } catch {
    return fn.name || "call";
  }
}

function reason(error) {
  try {
    return String(error).slice(0, ERROR_CHARS_MAX);
  } catch {
    return "failed";
  }
}
