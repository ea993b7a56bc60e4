// What the model does next: the script that a prompt carries, and the tools that the agent offers. Pure.
//
// A prompt names its steps, `(steps: run, fail, write)`. The model takes one with each answer, and says that it is done behind the last; which one
// is due is counted in the conversation that the agent sends, so nothing is kept between requests. A subagent's prompt has steps of its own.

const STEPS = /\(steps:([^)]*)\)/g;
const OF_A_SUBAGENT = 'Look around, then say what there is. (steps: run)';
/** Steps without a call. */
const SAID = new Set(['say', 'hang']);

/** What agents call their tools, the best first. */
const TOOLS = {
  shell: ['Bash', 'exec_command', 'run_shell_command', 'bash', 'shell'],
  write: ['Write', 'write_file', 'write', 'create', 'apply_patch'],
  edit: ['Edit', 'replace', 'edit', 'str_replace', 'apply_patch'],
  read: ['Read', 'read_file', 'read', 'view'],
  delegate: ['Agent', 'Task', 'task', 'agent', 'spawn_agent', 'invoke_agent'],
  wait: ['wait_agent', 'wait'],
};
/** What tools call their parameters. */
const PARAMETERS = {
  command: ['command', 'cmd'],
  file: ['file_path', 'filePath', 'absolute_path', 'path'],
  content: ['content', 'file_text', 'contents'],
  before: ['old_string', 'oldString', 'old_str'],
  after: ['new_string', 'newString', 'new_str'],
  patch: ['input', 'patch'],
  prompt: ['prompt', 'message', 'objective', 'task', 'request'],
  kind: ['subagent_type', 'agent_type', 'agent_name'],
  label: ['description', 'short_description', 'instruction'],
  name: ['name', 'task_name'],
  limit: ['timeout_ms'],
};

/** The answer to a conversation: the step, and the calls that it makes of the tools on offer. */
export function next(turns, tools, place) {
  const { script, from } = scriptOf(turns);
  if (tools.length === 0 || script === null) return { step: 'say', calls: [] };
  const possible = script.filter(step => SAID.has(step) || callsOf(step, tools, place).length > 0);
  const taken = turns.slice(from + 1).filter(turn => turn.calls > 0).length;
  const step = possible[taken] ?? 'say';
  return { step, calls: callsOf(step, tools, place) };
}

/** The latest script of a conversation, and the turn that it is in. */
function scriptOf(turns) {
  for (let from = turns.length - 1; from >= 0; from -= 1) {
    const found = [...turns[from].text.matchAll(STEPS)].at(-1);
    if (found && turns[from].isUser) return { script: found[1].split(',').map(step => step.trim()), from };
  }
  return { script: null, from: -1 };
}

function callsOf(step, tools, place) {
  const call = (kind, values) => {
    const tool = find(kind, tools);
    return tool ? [{ tool, kind, input: tool.isText ? values.patch : filled(tool, values) }] : [];
  };
  const run = (command, label) => call('shell', { command, label });
  const file = `${place.project}/notes.txt`;
  switch (step) {
    case 'run': return run('echo hello', 'Say hello');
    case 'fail': return run('cat no-such-file', 'Read a file that is not there');
    case 'both': return [...run('echo one', 'Say one'), ...run('echo two', 'Say two')];
    // No agent lets this pass without a question.
    case 'ask': {
      const calls = run('mkdir -p asked && touch asked/yes && rm -r asked', 'Make a folder and remove it');
      for (const { tool, input } of calls) {
        if ('sandbox_permissions' in parameters(tool)) Object.assign(input, { sandbox_permissions: 'require_escalated', justification: 'May I?' });
      }
      return calls;
    }
    case 'write': return call('write', { file, content: 'one\ntwo\n', patch: patch('Add', '+one\n+two') });
    case 'edit': return call('edit', { file, before: 'one', after: 'three', label: 'Count on', patch: patch('Update', '@@\n-one\n+three') });
    case 'read': return call('read', { file });
    case 'delegate': return call('delegate', { prompt: OF_A_SUBAGENT, label: 'Look around', name: 'scout', kind: place.subagent });
    case 'wait': return call('wait', { limit: 10_000 });
    default: return [];
  }
}

const patch = (what, lines) => `*** Begin Patch\n*** ${what} File: notes.txt\n${lines}\n*** End Patch\n`;
const parameters = tool => tool.schema?.properties ?? {};

function find(kind, tools) {
  for (const name of TOOLS[kind]) {
    const tool = tools.find(tool => tool.name === name);
    if (tool) return tool;
  }
  return null;
}

/** A call's input: what is known by name, then whatever else the tool insists on. */
function filled(tool, values) {
  const all = parameters(tool);
  const input = {};
  for (const [meaning, value] of Object.entries(values)) {
    const name = PARAMETERS[meaning]?.find(name => name in all);
    if (name === undefined || value === undefined) continue;
    input[name] = meaning === 'command' && all[name].type === 'array' ? ['bash', '-lc', value] : value;
  }
  if ('run_in_background' in all) input.run_in_background = false;
  if (all.mode?.enum?.includes('sync')) input.mode = 'sync';
  for (const name of tool.schema?.required ?? []) input[name] ??= something(all[name] ?? {});
  return input;
}

function something({ enum: values, type }) {
  if (values?.length) return values[0];
  return { boolean: false, number: 1, integer: 1, array: [], object: {} }[type] ?? 'something';
}
