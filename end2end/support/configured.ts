import { fileURLToPath } from "node:url";

import { ArcaneServer } from "./server.ts";
import { test as base } from "./test.ts";

const config = fileURLToPath(new URL("../portraits/arcane.toml", import.meta.url));

/** Stories of a realm in which two daemons are connected to programs. */
export const test = base.extend({
  server: async ({}, use) => {
    const server = new ArcaneServer(["--config", config]);
    await server.start();
    await use(server);
    await server.stop();
  },
});
