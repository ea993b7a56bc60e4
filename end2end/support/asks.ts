// What agents ask through their hooks, held until it is answered, and a page that is known to be looked at.

import type { Page } from "@playwright/test";

import { Dashboard } from "./dashboard.ts";
import type { ArcaneServer } from "./server.ts";
import { expect, test as base } from "./test.ts";

/** What a hook was answered. */
export interface Heard {
  status: number;
  body: any;
}

/** Sends the payload of a hook; with `hold` it is answered when somebody has decided. */
export async function hook(server: ArcaneServer, payload: object, query = "hold=60&host=kestrel", agent = "claude", headers = {}): Promise<Heard> {
  const answer = await fetch(`${server.url}/hooks/${agent}?${query}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(payload),
    // A server that is stopped at the end of a story lets go of those that nobody answered.
  }).catch(() => undefined);
  if (!answer) return { status: 0, body: undefined };
  const text = await answer.text();
  return { status: answer.status, body: text ? JSON.parse(text) : undefined };
}

/** What Claude Code sends when it asks for permission. */
export const permission = (tool_input: object, more: object = {}): object => ({
  session_id: "5f0a1b2c-0000", cwd: "/home/ada/webshop", permission_mode: "default",
  hook_event_name: "PermissionRequest", tool_name: "Bash", tool_input, ...more,
});

/** What an agent hears that may go on. */
export const allowed = { hookSpecificOutput: { hookEventName: "PermissionRequest", decision: { behavior: "allow" } } };

/** What a page has said to its server since it was opened. */
export function said(page: Page): string[] {
  const all: string[] = [];
  page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => all.push(String(payload))));
  return all;
}

export const presence = (visible: boolean): string => JSON.stringify({ type: "presence", visible });

/** Opens the page, and waits until its server knows that somebody looks. */
export async function look(page: Page, url: string): Promise<Dashboard> {
  const all = said(page);
  const dashboard = new Dashboard(page);
  await dashboard.open(url);
  await expect.poll(() => all.includes(presence(true))).toBe(true);
  return dashboard;
}

/** Stories of a page that is looked at. */
export const test = base.extend({
  dashboard: async ({ page, server }, use) => {
    const wrong: string[] = [];
    page.on("pageerror", (error) => wrong.push(String(error)));
    await use(await look(page, server.url));
    if (wrong.length > 0) throw new Error(`the page threw: ${wrong.join("; ")}`);
  },
});

/** Waits until so many requests can be answered; gives their ids, the oldest first. */
export async function open(server: ArcaneServer, count: number, headers = {}): Promise<string[]> {
  let ids: string[] = [];
  await expect
    .poll(async () => {
      const { requests } = await (await fetch(`${server.url}/requests`, { headers })).json();
      ids = requests.filter((one: any) => one.seq).map((one: any) => one.request_id);
      return ids.length;
    })
    .toBe(count);
  return ids;
}
