import type { ArcaneServer } from "./server.ts";

/** Tells many things at once; gives the number of the last. */
export async function tell(server: ArcaneServer, events: object[]): Promise<number> {
  const { answer } = await server.post("/events", events);
  return answer.events.at(-1).seq;
}

/** Invocations that are told apart by their tasks: `task 1`, `task 2` … */
export const tasks = (daemon_name: string, from: number, to: number): object[] =>
  Array.from({ length: to - from + 1 }, (_, n) => ({
    spell_name: "invoke",
    daemon_name,
    metadata: { task: `task ${from + n}`, execution_time: 0.1, parameters: {} },
  }));

/** The latest so many events of the log, newest first. */
export async function latest(server: ArcaneServer, limit: number): Promise<any[]> {
  const response = await fetch(`${server.url}/events?order=desc&limit=${limit}`);
  return (await response.json()).events;
}

/** Waits until the log can be asked for an event. */
export async function logged(server: ArcaneServer, seq: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if ((await latest(server, 1))[0]?.seq >= seq) return;
  }
  throw new Error(`the log does not show event ${seq}`);
}
