import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { ArcaneServer, binary } from "./server.ts";
import { test as base } from "./test.ts";

/** A server that wants tokens, and who makes them. */
export class GuardedServer extends ArcaneServer {
  private constructor(private readonly keys: string, private readonly place: string, more: string[]) {
    super(["--keys", keys, ...more]);
  }

  static async open(more: string[] = []): Promise<GuardedServer> {
    const place = await mkdtemp(join(tmpdir(), "arcane-keys-"));
    const keys = join(place, "keys.json");
    await writeFile(keys, execFileSync(binary, ["keys", "new"], { stdio: ["ignore", "pipe", "ignore"] }), { mode: 0o600 });
    const server = new GuardedServer(keys, place, more);
    await server.start();
    return server;
  }

  async close(): Promise<void> {
    await this.stop();
    await rm(this.place, { recursive: true, force: true });
  }

  private run(args: string[]): string {
    const env = { ...process.env, ARCANE_KEYS_FILE: this.keys, USER: "ada" };
    return execFileSync(binary, args, { env, stdio: ["ignore", "pipe", "ignore"] }).toString().trim();
  }

  /** The link of `arcane login`. */
  link = (...more: string[]): string => this.run(["login", "--url", this.url, ...more]);

  /** A token of what a person does, or of what is said. */
  token(...more: string[]): string {
    const person = { "--sub": "ada", "--can": "subscribe,cast,answer", "--rooms": "*" };
    const others = Object.entries(person).filter(([flag]) => !more.includes(flag));
    return this.run(["token", "new", ...more, ...others.flat()]);
  }

  revoke = (name: string): string => this.run(["token", "revoke", name]);

  /** Publishes as somebody who may. */
  async tell(event: object): Promise<void> {
    const headers = { "content-type": "application/json", authorization: `Bearer ${this.token("--can", "publish")}` };
    const answer = await fetch(`${this.url}/events`, { method: "POST", headers, body: JSON.stringify(event) });
    if (!answer.ok) throw new Error(await answer.text());
  }
}

export const test = base.extend<{ server: GuardedServer }>({
  server: async ({}, use) => {
    const server = await GuardedServer.open();
    await use(server);
    await server.close();
  },
});
