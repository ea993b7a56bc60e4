// Anthropic's Messages: what Claude Code speaks.

import { charge, count, id } from './tally.mjs';
import { next } from './steps.mjs';
import { events, json, pause, text } from './answer.mjs';

const turns = body => (body.messages ?? []).map(({ role, content }) => {
  const parts = typeof content === 'string' ? [{ type: 'text', text: content }] : content ?? [];
  return {
    isUser: role === 'user',
    text: parts.filter(part => part.type === 'text').map(part => part.text).join('\n'),
    calls: parts.filter(part => part.type === 'tool_use').length,
  };
});

export async function messages(body, response, place) {
  const tools = (body.tools ?? []).filter(tool => tool.name && tool.input_schema).map(tool => ({ name: tool.name, schema: tool.input_schema }));
  const { step, calls } = next(turns(body), tools, place);
  const content = [{ type: 'text', text: text(step, calls) }];
  for (const { tool, input } of calls) content.push({ type: 'tool_use', id: id('toolu'), name: tool.name, input });
  const stop_reason = calls.length ? 'tool_use' : 'end_turn';
  const opening = { id: id('msg'), type: 'message', role: 'assistant', model: body.model, content: [], stop_reason: null, stop_sequence: null };
  if (step === 'hang') {
    events(response)({ type: 'message_start', message: { ...opening, usage: { input_tokens: 1, output_tokens: 1 } } }, 'message_start');
    return pause(response);
  }
  count(calls);
  const price = charge({ tools, writesCache: true, thinks: false });
  const usage = { input_tokens: price.input, cache_creation_input_tokens: price.cacheWrite, cache_read_input_tokens: price.cacheRead, output_tokens: price.said };
  if (!body.stream) return json(response, 200, { ...opening, content, stop_reason, usage });
  const send = events(response);
  const say = event => send(event, event.type);
  say({ type: 'message_start', message: { ...opening, usage: { ...usage, output_tokens: 1 } } });
  content.forEach((block, index) => {
    const isText = block.type === 'text';
    say({ type: 'content_block_start', index, content_block: isText ? { ...block, text: '' } : { ...block, input: {} } });
    const delta = isText ? { type: 'text_delta', text: block.text } : { type: 'input_json_delta', partial_json: JSON.stringify(block.input) };
    say({ type: 'content_block_delta', index, delta });
    say({ type: 'content_block_stop', index });
  });
  say({ type: 'message_delta', delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: price.said } });
  say({ type: 'message_stop' });
  response.end();
}
