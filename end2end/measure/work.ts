// A realm at work: what twelve daemons do, the same each time.

const DAEMONS = [
  "claude", "codex", "gemini", "liquidmetal", "reviewer-2", "night_watch",
  "historian", "deploy-eu-west", "scribe", "auditor", "translator", "gardener",
];
const TASKS = ["cargo test --workspace", "review the parser", "map 41 fields", "explain the red build", "write a haiku"];

/** Everybody comes. */
export const summons = (): object[] => DAEMONS.map((daemon_name) => ({ spell_name: "summon", daemon_name }));

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
