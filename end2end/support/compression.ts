import { createServer, connect as dial, type Server } from "node:net";
import { once } from "node:events";

import { expect } from "@playwright/test";
import WebSocket from "ws";

import type { Part, Plan, Read } from "./play.ts";
import { events } from "./realm.ts";
import type { ArcaneServer } from "./server.ts";

const hello = { type: "hello", client: "compression" };
const ping = { type: "ping", t0: 1 };
const invocations = { type: "filter", spell: ["invoke"] };
const everything = { type: "filter" };
const publication = (id: string) => ({ type: "publish", id, events: events(12) });

/** Where readers share a window, less than this is left, greetings and answers included; elsewhere, two thirds. */
export const SHARED = 0.35;

/** Readers that join in the middle of windows, and whose answers go uncompressed between compressed events. */
const parts: Part[] = [
  { name: "from the beginning", joins: 0 },
  { name: "in the middle of a window", joins: 3 },
  { name: "asks the clock", joins: 4, acts: [[1, hello], [30, ping], [1, ping], [70, ping], [65, ping]] },
  { name: "wants less, then more", joins: 5, acts: [[20, invocations], [60, everything], [60, invocations]] },
  { name: "wants invocations", joins: 2, spells: ["invoke"], acts: [[40, ping]] },
  { name: "comes back", joins: 7, acts: [[50, "reopen"], [20, ping], [80, "reopen"]] },
  { name: "publishes", joins: 6, acts: [[20, publication("one")], [60, publication("two")]] },
  { name: "late", joins: 41 },
];

/** Some hundred varied events. */
export function plan(url: string): Plan {
  const all = events(600);
  const batches = Array.from({ length: 60 }, (_, n) => all.slice(10 * n, 10 * n + 10));
  return { url, batches, published_by_parts: 24, parts };
}

/** What a reader without compression is told. */
export class PlainReader {
  private readonly socket: WebSocket;
  private readonly texts = new Map<number, string>();

  private constructor(url: string) {
    this.socket = new WebSocket(`${url.replace("http", "ws")}/ws/events?recent=0`, { perMessageDeflate: false });
    this.socket.on("message", (data: Buffer) => {
      const message = JSON.parse(String(data));
      if (message.spell_name) this.texts.set(message.seq, String(data));
    });
  }

  static async open(url: string): Promise<PlainReader> {
    const reader = new PlainReader(url);
    await once(reader.socket, "message");
    return reader;
  }

  /** Everything up to an event, by number. */
  async published(last: number): Promise<Map<number, string>> {
    await expect.poll(() => this.texts.has(last)).toBe(true);
    this.socket.close();
    expect([...this.texts.keys()]).toEqual(Array.from({ length: last }, (_, n) => n + 1));
    return this.texts;
  }
}

/** Stands between a server and its readers: counts what their streams weigh, and sees what was agreed on. */
export class Meter {
  private bytes = 0;
  /** Of each stream, what the server answered about compression. */
  readonly agreed: string[] = [];

  private constructor(
    readonly url: string,
    private readonly server: Server,
  ) {}

  static async before({ url }: ArcaneServer): Promise<Meter> {
    const { hostname, port } = new URL(url);
    const server = createServer((client) => {
      const upstream = dial(Number(port), hostname);
      client.once("data", (head) => {
        if (!String(head).startsWith("GET /ws/events?recent=0")) return;
        upstream.on("data", (data) => (meter.bytes += data.length));
        upstream.once("data", (data) => meter.agreed.push(/^sec-websocket-extensions: (.*)\r$/im.exec(String(data))?.[1] ?? ""));
      });
      client.pipe(upstream).pipe(client);
      for (const [one, other] of [[client, upstream], [upstream, client]]) {
        one.on("error", () => other.destroy()).on("close", () => other.destroy());
      }
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const meter = new Meter(`http://127.0.0.1:${(server.address() as any).port}`, server);
    return meter;
  }

  /** What is left of these messages on the wire, as a fraction. */
  ratio(reads: Read[]): number {
    return this.bytes / reads.flatMap((read) => read.texts).reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  }

  stop(): void {
    this.server.close();
  }
}

/** Checks that a reader was told every event that it wanted, once and in order, and byte for byte what was published. */
export function hasRead(read: Read, published: Map<number, string>): void {
  const [first, ...later] = read.filters;
  let [wanted, from, seen]: [string[], number, number[]] = [first, JSON.parse(read.texts[0]).seq, []];
  const complete = (to: number) => {
    const passes = (text: string) => wanted.length === 0 || wanted.includes(JSON.parse(text).spell_name);
    const expected = [...published].filter(([seq, text]) => seq > from && seq <= to && passes(text));
    expect(seen, `${read.name}, ${from} to ${to}`).toEqual(expected.map(([seq]) => seq));
  };
  for (const text of read.texts) {
    const message = JSON.parse(text);
    if (message.spell_name) {
      if (text !== published.get(message.seq)) throw new Error(`${read.name} read ${text}, not ${published.get(message.seq)}`);
      seen.push(message.seq);
    } else if (message.type === "filtered") {
      complete(message.seq);
      [wanted, from, seen] = [later.shift()!, message.seq, []];
    }
  }
  complete(read.until);
  expect(later, read.name).toEqual([]);
}

/** Lets clients play the plan behind a meter, checks what they read, and tells what was agreed on and left on the wire. */
export async function readsEverything(
  server: ArcaneServer,
  clients: (plan: Plan) => Promise<Read[]>,
): Promise<{ agreed: string; ratio: number }> {
  const [plain, meter] = [await PlainReader.open(server.url), await Meter.before(server)];
  try {
    const reads = await clients(plan(meter.url));
    const published = await plain.published(Math.max(...reads.map((read) => read.until)));
    expect(reads.length).toBe(parts.length + 2);
    for (const read of reads) hasRead(read, published);
    expect(meter.agreed.length).toBe(reads.length);
    const [agreed, ...others] = new Set(meter.agreed);
    expect(others, "the same each time").toEqual([]);
    for (const read of reads) expect(read.extensions).toContain("permessage-deflate");
    return { agreed, ratio: meter.ratio(reads) };
  } finally {
    meter.stop();
  }
}

/** Prints what a client agreed on and what was left of its streams. */
export function tell(client: string, agreed: string, ratio: number): void {
  console.log(`     ${client}: ${agreed}; ${Math.round(100 * ratio)} % left`);
}
