// Agents at work, as a recording: who they are, where, and what each does at its end. Times count back from there, seconds.

/** What an agent does at the end. */
export interface Act {
  name: string;
  project: string;
  machine: string;
  state: "waiting" | "failed" | "working" | "silent" | "idle";
  /** For how long. */
  since: number;
  task: string;
  /** Why it failed. */
  error?: string;
  /** Who started it. */
  parent?: string;
}

const END = Date.parse("2026-01-01T14:32:00Z");

const color: Record<string, string> = {
  claude: "#8B5CF6", gemini: "#F59E0B", liquidmetal: "#06B6D4", codex: "#7DD3FC", cursor: "#F472B6", copilot: "#A3893B",
  qwen: "#34D399", aider: "#FDBA74", mistral: "#818CF8", deepseek: "#F0ABFC", grok: "#A3B34B", opencode: "#5EEAD4", explore: "#FB923C",
};

/** The colour that the bus gives a daemon of the cast. */
export const colorOf = (name: string): string => color[name] ?? "#94A3B8";

const act = (
  name: string, project: string, machine: string, state: Act["state"], since: number, task = "", more: Partial<Act> = {},
): Act => ({ name, project, machine, state, since, task, ...more });

/** The twelve of the drawing `stage-12`, and the two that one of them started. */
export const twelve: Act[] = [
  act("claude", "webshop", "kestrel", "working", 46, "cargo test --workspace"),
  act("gemini", "webshop", "kestrel", "waiting", 102, "git push origin main"),
  act("cursor", "webshop", "kestrel", "working", 9, "Edit src/checkout.ts"),
  act("aider", "webshop", "kestrel", "idle", 240),
  act("codex", "ledger", "kestrel", "failed", 190, "cargo build", { error: "exit 101" }),
  act("liquidmetal", "atlas", "forge-2", "working", 134, "adapting schema v3"),
  act("qwen", "atlas", "forge-2", "idle", 360),
  act("copilot", "ledger", "kestrel", "idle", 660),
  act("mistral", "atlas", "forge-2", "idle", 540),
  act("grok", "atlas", "forge-2", "idle", 1860),
  act("deepseek", "atlas", "forge-2", "idle", 4320),
  act("opencode", "ledger", "kestrel", "idle", 1560),
  act("explore", "webshop", "kestrel", "working", 21, "Grep PreparedFrame", { parent: "claude" }),
  act("code-reviewer", "webshop", "kestrel", "idle", 65, "", { parent: "claude" }),
];

/** Four, one in each of the states that last while somebody is there. */
export const four: Act[] = [
  act("claude", "webshop", "kestrel", "working", 46, "cargo test --workspace"),
  act("gemini", "webshop", "kestrel", "waiting", 102, "git push origin main"),
  act("codex", "ledger", "kestrel", "failed", 190, "cargo build", { error: "exit 101" }),
  act("liquidmetal", "atlas", "forge-2", "silent", 130, "adapting schema v3"),
];

const places = [
  ["webshop", "kestrel"], ["atlas", "forge-2"], ["ledger", "kestrel"], ["orchard", "forge-1"], ["lantern", "forge-2"],
  ["almanac", "kestrel"],
];

/** So many: two wait, one has failed, eight work, and the rest is idle, in six projects. */
export function crowd(count: number): Act[] {
  const working = [
    "claude", "opencode", "liquidmetal", "deepseek", "grok", "qwen", "aider", "cursor",
  ];
  const task = ["cargo test --workspace", "npm run build", "adapting schema v3", "Edit rates.sql", "cargo bench ring",
    'Grep "PreparedFrame"', "pytest -q tests/api", "Edit src/checkout.ts"];
  const named: Act[] = working.map((name, n) =>
    act(name, places[n % 6][0], places[n % 6][1], "working", [46, 251, 134, 27, 52, 33, 18, 9][n], task[n]));
  named.push(
    act("gemini", "webshop", "kestrel", "waiting", 102, "git push origin main"),
    act("mistral", "almanac", "kestrel", "waiting", 12, "which plan: patch or rewrite?"),
    act("codex", "ledger", "kestrel", "failed", 190, "cargo build", { error: "exit 101" }),
  );
  while (named.length < count) {
    const n = named.length;
    const [project, machine] = places[n % 6];
    named.push(act(`worker-${n}`, project, machine, "idle", 60 + n * 13));
  }
  return named;
}

/** The recording whose end is what they do. */
export function recording(acts: Act[]): string {
  const events: { at: number; event: any }[] = [];
  acts.forEach((one, n) => {
    const { name, project, machine, state, since, task, error, parent } = one;
    const tell = (back: number, spell_name: string, description: string, metadata: object = {}, success = true) =>
      events.push({
        at: END - back * 1000,
        event: {
          spell_name, daemon_name: name, description, success,
          metadata: {
            session: `session-${name}`, project, host: machine, ...(parent ? { parent_daemon: parent, agent_id: name } : {}),
            ...(color[name] ? { color: color[name] } : {}), sync: {}, ...metadata,
          },
        },
      });
    tell(7_200 - n, "summon", `${name} materializes`);
    if (state === "waiting") tell(since, "voice", task, { attention: true, task });
    if (state === "failed") tell(since, "invoke", task, { task, error, execution_time: 2.9 }, false);
    if (state === "working" || state === "silent") tell(since, "invoke", task, { phase: "begin", call_id: `call-${name}`, task });
    if (state === "idle") tell(since, "invoke", task || "cargo check", { task: "cargo check", execution_time: 2.2 });
  });
  events.push({ at: END, event: { spell_name: "reveal", daemon_name: null, description: "", success: true, metadata: { sync: {} } } });
  events.sort((a, b) => a.at - b.at);
  const lines = events.map(({ at, event }, n) => ({ ...event, timestamp: new Date(at).toISOString(), seq: n + 1 }));
  return [{ arcane_recording: 1, room: "main", present: [] }, ...lines].map((line) => JSON.stringify(line)).join("\n");
}
