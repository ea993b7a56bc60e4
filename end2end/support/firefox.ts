import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import WebSocket from "ws";

/** A Firefox without a window, driven over WebDriver BiDi, which it speaks by itself. */
export class Firefox {
  private readonly answers = new Map<number, (answer: any) => void>();
  private asked = 0;
  private context = "";
  version = "";

  private constructor(
    private readonly process: ChildProcess,
    private readonly profile: string,
    private readonly socket: WebSocket,
  ) {
    socket.on("message", (data: Buffer) => {
      const answer = JSON.parse(String(data));
      this.answers.get(answer.id)?.(answer);
      this.answers.delete(answer.id);
    });
  }

  static async start(): Promise<Firefox> {
    const profile = await mkdtemp(join(tmpdir(), "arcane-firefox-"));
    const args = ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port=0", "about:blank"];
    const process_ = spawn(process.env.FIREFOX_PATH ?? "/usr/bin/firefox-esr", args, { stdio: ["ignore", "ignore", "pipe"] });
    const url = await new Promise<string>((resolve, reject) => {
      let said = "";
      process_.stderr.on("data", (chunk) => {
        said += chunk;
        const found = /WebDriver BiDi listening on (ws:\S+)/.exec(said);
        if (found) resolve(found[1]);
      });
      process_.once("error", reject);
      process_.once("exit", (code) => reject(new Error(`Firefox ended with ${code}: ${said}`)));
    });
    const socket = new WebSocket(`${url}/session`, { perMessageDeflate: false });
    await once(socket, "open");
    const firefox = new Firefox(process_, profile, socket);
    firefox.version = (await firefox.ask("session.new", { capabilities: {} })).capabilities.browserVersion;
    firefox.context = (await firefox.ask("browsingContext.getTree", {})).contexts[0].context;
    return firefox;
  }

  async goto(url: string): Promise<void> {
    await this.ask("browsingContext.navigate", { context: this.context, url, wait: "complete" });
  }

  /** Runs a function in the page. It and what it takes and gives go there as text. */
  async evaluate<T, R>(run: (argument: T) => R | Promise<R>, argument: T): Promise<R> {
    const expression = `Promise.resolve((${run})(${JSON.stringify(argument)})).then(JSON.stringify)`;
    const target = { context: this.context };
    const { result, exceptionDetails } = await this.ask("script.evaluate", { expression, target, awaitPromise: true });
    if (exceptionDetails) throw new Error(exceptionDetails.text);
    return JSON.parse(result.value);
  }

  async stop(): Promise<void> {
    const ended = once(this.process, "exit");
    await this.ask("browser.close", {});
    await ended;
    await rm(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }

  private ask(method: string, params: object): Promise<any> {
    const id = ++this.asked;
    this.socket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve, reject) => {
      this.answers.set(id, (answer) => {
        if (answer.type === "success") resolve(answer.result);
        else reject(new Error(`${method}: ${answer.error} ${answer.message}`));
      });
    });
  }
}
