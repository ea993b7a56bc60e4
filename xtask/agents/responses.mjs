// OpenAI's Responses: what Codex CLI and Copilot CLI speak. With newer models Codex has one tool, `exec`, whose JavaScript calls the others.

import { charge, count, id } from './tally.mjs';
import { next } from './steps.mjs';
import { events, json, pause, text, words } from './answer.mjs';
import { example } from './schema.mjs';

function turns(body) {
  const input = typeof body.input === 'string' ? [{ role: 'user', content: body.input }] : body.input ?? [];
  const all = [];
  let answers = false;
  for (const item of input) {
    // Calls that stand side by side were made in one answer.
    if (/_call$/.test(item.type ?? '')) {
      if (answers) all.at(-1).calls += 1;
      else all.push({ isUser: false, text: '', calls: 1 });
      answers = true;
      continue;
    }
    answers = false;
    if (item.role === 'user' || item.type === 'agent_message') all.push({ isUser: true, text: words(item.content), calls: 0 });
  }
  return all;
}

function offered(body) {
  const more = Array.isArray(body.input) ? body.input.filter(item => item.type === 'additional_tools').flatMap(item => item.tools ?? []) : [];
  const tools = [];
  for (const tool of [...(body.tools ?? []), ...more]) {
    if (tool.type === 'function') tools.push({ name: tool.name, schema: tool.parameters });
    if (tool.type === 'custom') tools.push({ name: tool.name, isText: true });
    if (tool.type === 'namespace') {
      for (const inner of tool.tools ?? []) tools.push({ name: inner.name, namespace: tool.name, schema: inner.parameters, isText: inner.type === 'custom' });
    }
  }
  const code = tools.find(tool => tool.isText && tool.name === 'exec');
  if (code) {
    const properties = { cmd: {}, sandbox_permissions: {}, justification: {} };
    tools.push({ name: 'exec_command', code, schema: { properties } }, { name: 'apply_patch', code, isText: true });
  }
  return tools;
}

export async function responses(body, response, place) {
  // What is to be JSON, a title for example, is no work: no tool is needed for it.
  const wanted = body.text?.format?.schema;
  const tools = wanted ? [] : offered(body);
  const { step, calls } = next(turns(body), tools, place);
  const opening = { id: id('resp'), object: 'response', created_at: Math.floor(Date.now() / 1000), model: body.model, status: 'in_progress', output: [], usage: null, tools: [] };
  if (step === 'hang') {
    events(response)({ type: 'response.created', response: opening, sequence_number: 0 }, 'response.created');
    return pause(response);
  }
  count(calls);
  const price = charge({ tools });
  const [input_tokens, output_tokens] = [price.input + price.cacheRead, price.said + price.thought];
  const usage = {
    input_tokens, input_tokens_details: { cached_tokens: price.cacheRead }, output_tokens, output_tokens_details: { reasoning_tokens: price.thought }, total_tokens: input_tokens + output_tokens,
  };
  const output = calls.length ? items(calls) : [message(wanted ? JSON.stringify(example(wanted)) : text(step, calls))];
  const done = { ...opening, status: 'completed', output, usage };
  if (!body.stream) return json(response, 200, done);
  const send = events(response);
  let sequence_number = 0;
  const say = event => send({ ...event, sequence_number: sequence_number++ }, event.type);
  say({ type: 'response.created', response: opening });
  output.forEach((item, output_index) => {
    const at = { item_id: item.id, output_index };
    if (item.type === 'message') {
      const part = item.content[0];
      say({ type: 'response.output_item.added', output_index, item: { ...item, status: 'in_progress', content: [] } });
      say({ type: 'response.content_part.added', ...at, content_index: 0, part: { ...part, text: '' } });
      say({ type: 'response.output_text.delta', ...at, content_index: 0, delta: part.text });
      say({ type: 'response.output_text.done', ...at, content_index: 0, text: part.text });
      say({ type: 'response.content_part.done', ...at, content_index: 0, part });
    } else if (item.type === 'function_call') {
      say({ type: 'response.output_item.added', output_index, item: { ...item, status: 'in_progress', arguments: '' } });
      say({ type: 'response.function_call_arguments.delta', ...at, delta: item.arguments });
      say({ type: 'response.function_call_arguments.done', ...at, arguments: item.arguments });
    } else {
      say({ type: 'response.output_item.added', output_index, item });
    }
    say({ type: 'response.output_item.done', output_index, item });
  });
  say({ type: 'response.completed', response: done });
  response.end();
}

const message = text => ({ type: 'message', id: id('msg'), status: 'completed', role: 'assistant', content: [{ type: 'output_text', text, annotations: [] }] });

function items(calls) {
  const inside = calls.filter(({ tool }) => tool.code);
  const direct = calls.filter(({ tool }) => !tool.code).map(({ tool, input }) => {
    const namespace = tool.namespace ? { namespace: tool.namespace } : {};
    const call = { call_id: id('call'), name: tool.name, status: 'completed', ...namespace };
    return tool.isText
      ? { type: 'custom_tool_call', id: id('ctc'), input, ...call }
      : { type: 'function_call', id: id('fc'), arguments: JSON.stringify(input), ...call };
  });
  if (inside.length === 0) return direct;
  const all = inside.map(({ tool, input }) => `tools.${tool.name}(${JSON.stringify(input)})`).join(', ');
  const input = `text(JSON.stringify(await Promise.all([${all}])));`;
  return [{ type: 'custom_tool_call', id: id('ctc'), status: 'completed', call_id: id('call'), name: 'exec', input }, ...direct];
}
