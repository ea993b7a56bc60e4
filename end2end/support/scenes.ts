// Scenes for frame sequences: who is there, and the events of which one thing begins or ends. Times are seconds from the scene's event.

import { colorOf } from "./cast.ts";

/** An event of a scene. */
export interface Told {
  /** When, seconds; before 0.0 what it tells is there already. */
  at: number;
  event: Record<string, unknown>;
}

/** A scene: what is told, and what it wants to have seen. */
export interface Scene {
  name: string;
  told: Told[];
  /** Moments of the pictures, milliseconds after the scene's event. */
  moments?: number[];
  /** So much longer than a moment lies the scene's event behind what came before, seconds: it is played as five. */
  silence?: number;
}

/** The moments of most sheets: who did it is to be seen in the first three. */
export const MOMENTS = [-50, 50, 100, 200, 400, 700, 1_200, 2_200];
/** What went before ends so long before a scene's event, seconds. */
const BEFORE = 3;

const homes: Record<string, [project: string, machine: string]> = {
  claude: ["webshop", "kestrel"], cursor: ["webshop", "kestrel"], aider: ["webshop", "kestrel"],
  codex: ["ledger", "kestrel"], copilot: ["ledger", "kestrel"],
  liquidmetal: ["atlas", "forge-2"], qwen: ["atlas", "forge-2"], mistral: ["atlas", "forge-2"],
};

const good = { deadline_ms: 200, animation: "pulse", particles: "fade_to_idle", audio: "success", invert: false };
const bad = { deadline_ms: 200, animation: "invert", particles: "halt", audio: "error", invert: true, display_text: "Rune destabilization detected" };
const quiet = { deadline_ms: 200, animation: "pulse", particles: null, audio: null, invert: false };

/** An event as the bus completes it. */
export function tell(at: number, spell_name: string, daemon_name: string | null, metadata: object = {}, more: object = {}): Told {
  const [project, host] = homes[daemon_name ?? ""] ?? ["webshop", "kestrel"];
  const success = (more as { success?: boolean }).success ?? true;
  const sync = !success ? bad : ["summon", "invoke", "banish"].includes(spell_name) ? good : quiet;
  const of = daemon_name === null ? {} : { session: `session-${daemon_name}`, project, host, color: colorOf(daemon_name) };
  return { at, event: { spell_name, daemon_name, success, description: "", ...more, metadata: { ...of, sync, ...metadata } } };
}

const begin = (at: number, name: string, task: string) =>
  tell(at, "reveal", name, { query_type: "progress", phase: "begin", call_id: `call-${name}`, task });
const end = (at: number, name: string, task: string, execution_time: number, error?: string) =>
  tell(at, "invoke", name, { call_id: `call-${name}`, task, execution_time, ...(error ? { error } : {}) }, { success: !error });
const ask = (at: number, name: string, task: string) =>
  tell(at, "voice", name, { event: "speech", attention: true, task, call_id: `call-${name}` }, { description: `may I run ${task}?` });

/** Seven are there: one works, one has failed, five are idle. The eighth seat is free. */
function present(...names: string[]): Told[] {
  const told = names.map((name, n) => tell(-60 + n * 0.01, "summon", name));
  if (names.includes("claude")) told.push(begin(-BEFORE - 12, "claude", "cargo test --workspace"));
  if (names.includes("codex")) {
    // It is told already: nothing of it is said while the scene is played.
    const failed = end(-BEFORE - 9, "codex", "cargo build", 2.9, "exit 101");
    told.push({ ...failed, event: { ...failed.event, metadata: { ...(failed.event.metadata as object), sync: { ...quiet, display_text: "" } } } });
  }
  return told;
}

const court = ["claude", "codex", "liquidmetal", "aider", "qwen", "copilot", "cursor"];
const full = [...court, "mistral"];
const scene = (name: string, told: Told[], more: Partial<Scene> = {}): Scene => ({ name, told: [...present(...court), ...told], ...more });

/** All spells of the wire, and the beginning and the end of each state. */
export const scenes: Scene[] = [
  scene("summon", [tell(0, "summon", "mistral")]),
  scene("summon-subagent", [tell(0, "summon", "explore", { parent_daemon: "claude", agent_id: "explore" })]),
  scene("work-begins", [begin(0, "cursor", "Edit src/checkout.ts")]),
  scene("progress", [tell(0, "reveal", "claude", { query_type: "progress", call_id: "call-claude", task: "41 of 80 tests" })]),
  scene("success", [end(0, "claude", "cargo test --workspace", 14.2)]),
  scene("failure", [end(0, "claude", "cargo test --workspace", 14.2, "exit 101")]),
  scene("failure-of-an-idle-one", [end(0, "qwen", "npm ci", 3.2, "registry timeout")]),
  scene("waits", [ask(0, "claude", "git push origin main")]),
  scene("answered", [ask(-BEFORE - 2, "claude", "git push origin main"), tell(0, "reveal", "claude", { query_type: "progress", call_id: "call-claude", task: "git push origin main" })]),
  scene("voice", [tell(0, "voice", "liquidmetal", { event: "speech", tone: "calm" }, { description: "Schema v3 maps 41 of 80 fields." })]),
  scene("banish", [tell(0, "banish", "claude", { invocation_count: 9 })]),
  scene("reveal", [tell(0, "reveal", null, { query_type: "all", daemon_count: 7 })]),
  scene("parse", [tell(0, "parse", "claude", { spell_text: "summon claude", parsed_action: "summon" })]),
  scene("parse-refused", [tell(0, "parse", null, { spell_text: "sing a song", parsed_action: "unknown" }, { success: false })]),
  scene("acknowledged", [tell(0, "reveal", "codex", { query_type: "acknowledge" })]),
  scene("silent", [], { silence: 240, moments: [-2_600, -2_500, -2_400, -2_300, -2_100, -1_800, -1_400, -1_000] }),
  scene("silence-ends", [tell(0, "reveal", "claude", { query_type: "progress", call_id: "call-claude", task: "80 of 80 tests" })], { silence: 240 }),
  { name: "yields-a-seat", told: [...present(...full), tell(-BEFORE - 20, "summon", "grok"), begin(0, "grok", "cargo bench ring")] },
  { name: "court-opens", told: [...present("claude", "codex", "liquidmetal", "aider"), tell(0, "summon", "cursor")] },
  { name: "works-on-after-a-failure", told: [...present(...court), begin(0, "codex", "cargo build")] },
];

/** The recording of a scene; its event comes `BEFORE` seconds after what is there already. */
export function recordingOf({ told, silence = 0 }: Scene): string {
  const begun = Date.parse("2026-01-01T00:00:00Z");
  // What is there already comes at once: it has been performed when the scene begins.
  const last = Math.max(...told.map(({ at }) => at));
  const all = [...told, { at: Math.max(last, 0) + 4.5, event: { spell_name: "scene-ends", daemon_name: null, success: true, description: "", metadata: { sync: {} } } }];
  if (!told.some(({ at }) => at >= 0)) all.push({ at: 0, event: { spell_name: "scene", daemon_name: null, success: true, description: "", metadata: { sync: {} } } });
  all.sort((a, b) => a.at - b.at);
  const lines = all.map(({ at, event }, n) => {
    const ms = at < 0 ? n : (at + BEFORE + silence) * 1_000;
    return { ...event, timestamp: new Date(begun + ms).toISOString(), seq: n + 1 };
  });
  return [{ arcane_recording: 1, room: "main", present: [] }, ...lines].map((line) => JSON.stringify(line)).join("\n");
}

/** When a scene's event is performed, milliseconds after its recording was opened: half a second is silent, a long silence takes five seconds. */
export const eventAt = ({ silence }: Scene): number => 500 + (silence ? 5 : BEFORE) * 1_000;
