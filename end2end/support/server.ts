import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
export const binary = process.env.ARCANE_BINARY ?? `${root}target/debug/arcane`;
const dashboard = process.env.ARCANE_DASHBOARD ?? `${root}dist`;

/** The real server, on a port of its own, with nothing from before. */
export class ArcaneServer {
  private process?: ChildProcess;
  url = "";

  /** With more arguments of `arcane serve`, and a folder if it shall remember. */
  constructor(private readonly more: string[] = [], private readonly folder?: string) {}

  async start(): Promise<void> {
    // Started again, it comes back where the page expects it.
    const listen = this.url ? new URL(this.url).host : "127.0.0.1:0";
    const kept = this.folder ? ["--data-dir", this.folder] : ["--ephemeral"];
    const args = ["serve", "--listen", listen, "--dashboard", dashboard, ...kept, "--otlp-listen", "off", ...this.more];
    const process = spawn(binary, args, { stdio: ["ignore", "pipe", "pipe"] });
    this.process = process;
    const said: string[] = [];
    process.stderr.on("data", (chunk) => said.push(String(chunk)));
    this.url = await new Promise<string>((resolve, reject) => {
      createInterface(process.stdout).on("line", (line) => {
        const found = /listening on (https?:\/\/\S+)/.exec(line);
        if (found) resolve(found[1]);
      });
      process.once("error", reject);
      process.once("exit", (code) => reject(new Error(`the server ended with ${code}: ${said.join("")}`)));
    });
  }

  async stop(): Promise<void> {
    const process = this.process;
    if (!process || process.exitCode !== null || process.signalCode !== null) return;
    const ended = once(process, "exit");
    process.kill("SIGKILL");
    await ended;
  }

  /** Sends a JSON body; gives the status and the answer. */
  async post(path: string, body: unknown): Promise<{ status: number; answer: any }> {
    const headers = { "content-type": "application/json" };
    const response = await fetch(this.url + path, { method: "POST", headers, body: JSON.stringify(body) });
    return { status: response.status, answer: await response.json() };
  }

  summon = (daemon_name: string) => this.post("/summon", { daemon_name });
  banish = (daemon_name: string) => this.post("/banish", { daemon_name });
  invoke = (daemon_name: string, task: string) => this.post("/invoke", { daemon_name, task, parameters: {} });
  publish = (event: object) => this.post("/events", event);

  /**
   * An invocation that failed, as a publisher reports it. However slow this machine is, the page is in time: what is late
   * skips its attack and does not invert.
   */
  fail = (daemon_name: string) =>
    this.publish({
      spell_name: "invoke",
      daemon_name,
      success: false,
      metadata: { task: "break", execution_time: 0.1, parameters: {}, sync: { deadline_ms: 2_000 } },
    });
}
