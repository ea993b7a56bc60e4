// Publishes at a steady rate: a small array every ten milliseconds, over connections that stay open.

import { Agent, request } from "node:http";

const EVERY_MS = 10;

/** What a load came to. */
export interface Reached {
  events: number;
  /** Events a second, from the first to the last answer. */
  rate: number;
  /** The number of the last event. */
  last: number;
}

/** Publishes so many events a second for so long; ends when all are answered. */
export async function load(url: string, rate: number, seconds: number, next: () => object): Promise<Reached> {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const answers: Promise<number>[] = [];
  const [begun, events] = [performance.now(), Math.round(rate * seconds)];
  try {
    for (let sent = 0; sent < events; ) {
      const due = Math.min(events, Math.floor(((performance.now() - begun) / 1_000 + EVERY_MS / 1_000) * rate));
      if (due > sent) {
        answers.push(post(agent, url, Array.from({ length: due - sent }, next)));
        // Refusals are told where all answers are awaited.
        answers.at(-1)!.catch(() => {});
        sent = due;
      }
      await new Promise((go) => setTimeout(go, EVERY_MS - ((performance.now() - begun) % EVERY_MS)));
    }
    const last = (await Promise.all(answers)).reduce((one, other) => Math.max(one, other), 0);
    return { events, rate: (1_000 * events) / (performance.now() - begun), last };
  } finally {
    agent.destroy();
  }
}

/** Publishes these; gives the number of the last. */
export const publish = (url: string, events: object[]): Promise<number> => post(undefined, url, events);

function post(agent: Agent | undefined, url: string, events: object[]): Promise<number> {
  const body = JSON.stringify(events);
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const sending = request(`${url}/events`, { agent, method: "POST", headers }, (answer) => {
      const parts: Buffer[] = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("error", reject);
      answer.on("end", () => {
        const text = String(Buffer.concat(parts));
        if (answer.statusCode === 201) resolve(JSON.parse(text).events.at(-1).seq);
        else reject(new Error(`publishing was answered ${answer.statusCode}: ${text.slice(0, 200)}`));
      });
    });
    sending.on("error", reject);
    sending.end(body);
  });
}
