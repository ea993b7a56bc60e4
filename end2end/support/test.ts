import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { test as base } from "@playwright/test";

import { Dashboard } from "./dashboard.ts";
import { ArcaneServer } from "./server.ts";

export { expect } from "@playwright/test";

interface Fixtures {
  /** A server of this story's own. */
  server: ArcaneServer;
  /** The page, open and connected to that server. */
  dashboard: Dashboard;
}

export const test = base.extend<Fixtures>({
  server: async ({}, use) => {
    const server = new ArcaneServer();
    await server.start();
    await use(server);
    await server.stop();
  },
  dashboard: async ({ page, server }, use) => {
    const wrong: string[] = [];
    page.on("pageerror", (error) => wrong.push(String(error)));
    const dashboard = new Dashboard(page);
    await dashboard.open(server.url);
    await use(dashboard);
    if (wrong.length > 0) throw new Error(`the page threw: ${wrong.join("; ")}`);
  },
});

/** Stories of a server that remembers, also when it is stopped and started again. */
export const durable = test.extend({
  server: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), "arcane-"));
    const server = new ArcaneServer([], folder);
    await server.start();
    await use(server);
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  },
});
