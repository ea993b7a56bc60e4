// A realm at work: what twelve daemons do, the same each time.

const DAEMONS = [
  "claude", "codex", "gemini", "liquidmetal", "reviewer-2", "night_watch",
  "historian", "deploy-eu-west", "scribe", "auditor", "translator", "gardener",
];
const TASKS = ["cargo test --workspace", "review the parser", "map 41 fields", "explain the red build", "write a haiku"];

/** Everybody comes. */
export const summons = (): object[] => DAEMONS.map((daemon_name) => ({ spell_name: "summon", daemon_name }));

const PLACES = [["webshop", "kestrel"], ["atlas", "forge-2"], ["ledger", "kestrel"], ["orchard", "forge-1"], ["lantern", "forge-2"], ["almanac", "kestrel"]];
const at = (n: number) => ({ session: `session-${n}`, project: PLACES[n % 6][0], host: PLACES[n % 6][1] });

/** So many come, in six projects. */
export const crowds = (count: number): object[] =>
  Array.from({ length: count }, (_, n) => ({ spell_name: "summon", daemon_name: `agent-${n}`, metadata: at(n) }));

/** They work: calls begin and end, one in thirty fails, and now and then one waits for a human and goes on. */
export function workers(count: number): () => object {
  let state = 7;
  const roll = (sides: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % sides;
  };
  const calls = new Map<number, string>();
  let call = 0;
  return () => {
    const n = roll(count);
    const [daemon_name, task, open] = [`agent-${n}`, TASKS[roll(TASKS.length)], calls.get(n)];
    if (roll(100) < 2) return { spell_name: "voice", daemon_name, description: "May I?", metadata: { ...at(n), attention: true, task } };
    if (open === undefined) {
      calls.set(n, `call-${++call}`);
      return { spell_name: "invoke", daemon_name, metadata: { ...at(n), task, phase: "begin", call_id: `call-${call}` } };
    }
    calls.delete(n);
    const success = roll(30) > 0;
    return { spell_name: "invoke", daemon_name, success, metadata: { ...at(n), task, call_id: open, execution_time: roll(9_000) / 1_000, ...(success ? {} : { error: "exit 101" }) } };
  };
}

/** Does this and that: 85 of 100 events are invocations that succeed, 3 are failures, the others merely look and speak. */
export function worker(): () => object {
  let state = 42;
  const roll = (sides: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % sides;
  };
  return () => {
    const [daemon_name, task, kind] = [DAEMONS[roll(DAEMONS.length)], TASKS[roll(TASKS.length)], roll(100)];
    const execution_time = roll(9_000) / 1_000;
    if (kind < 85) return { spell_name: "invoke", daemon_name, metadata: { task, execution_time, parameters: {} } };
    if (kind < 88) return failure(daemon_name, task);
    if (kind < 93) return { spell_name: "reveal", metadata: { daemon_count: DAEMONS.length, query_type: "all" } };
    if (kind < 98) return { spell_name: "parse", metadata: { spell_text: `ask ${daemon_name} to ${task}`, parsed_action: "invoke" } };
    return { spell_name: "voice", daemon_name, description: `${daemon_name} speaks.`, metadata: { event: "speech", tone: "calm", narration: true } };
  };
}

/** Nothing works. */
export const failures = () => () => failure(DAEMONS[0], TASKS[0]);

const failure = (daemon_name: string, task: string): object => ({
  spell_name: "invoke",
  daemon_name,
  success: false,
  metadata: { task, execution_time: 0.1, parameters: {}, error: "exit 101" },
});
