const spells = ["invoke", "invoke", "invoke", "reveal", "summon", "banish", "voice"];
const daemons = ["claude", "gemini", "codex", "reviewer-2", "night_watch", "deploy-eu-west"];
const verbs = ["Review", "Rewrite", "Explain", "Test", "Profile", "Translate", "Fix", "Draft"];
const things = [
  "the parser of invoices",
  "a haiku about coding",
  "the login page in Portuguese",
  "why the nightly build is red",
  "the migration to the new billing API",
  "a letter to customers in Zürich ✨",
  "crates/engine/src/scheduler.rs",
  "a query that takes nine seconds",
];

/** Events as a busy realm makes them: varied, and the same each time. */
export function events(n: number): object[] {
  let state = 42;
  const roll = (sides: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % sides;
  };
  const pick = (from: string[]) => from[roll(from.length)];
  return Array.from({ length: n }, () => {
    const [spell_name, daemon_name] = [pick(spells), pick(daemons)];
    const task = `${pick(verbs)} ${pick(things)}`;
    const execution_time = roll(90_000) / 1000;
    const call_id = roll(0x1000000).toString(16) + roll(0x1000000).toString(16);
    const metadata = { task, execution_time, call_id, invocation_number: roll(400) };
    return { spell_name, daemon_name, success: roll(8) > 0, description: `${daemon_name}: ${task}, ${execution_time} s`, metadata };
  });
}
