// OpenAI's Chat Completions: what Qwen Code and opencode speak.

import { charge, count, id } from './tally.mjs';
import { next } from './steps.mjs';
import { events, json, pause, text, words } from './answer.mjs';

const turns = body => (body.messages ?? []).map(message => ({
  isUser: message.role === 'user', text: words(message.content), calls: message.tool_calls?.length ?? 0,
}));

export async function chat(body, response, place) {
  const tools = (body.tools ?? []).filter(tool => tool.function).map(({ function: { name, parameters } }) => ({ name, schema: parameters }));
  const { step, calls } = next(turns(body), tools, place);
  const opening = { id: id('chatcmpl'), created: Math.floor(Date.now() / 1000), model: body.model };
  const chunk = (delta, finish_reason = null) => ({ ...opening, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }] });
  if (step === 'hang') {
    events(response)(chunk({ role: 'assistant', content: '' }));
    return pause(response);
  }
  count(calls);
  const price = charge({ tools });
  const [prompt_tokens, completion_tokens] = [price.input + price.cacheRead, price.said + price.thought];
  const usage = {
    prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens,
    prompt_tokens_details: { cached_tokens: price.cacheRead }, completion_tokens_details: { reasoning_tokens: price.thought },
  };
  const tool_calls = calls.map(({ tool, input }, index) => ({ index, id: id('call'), type: 'function', function: { name: tool.name, arguments: JSON.stringify(input) } }));
  const said = calls.length ? { content: null, tool_calls } : { content: text(step, calls) };
  const finish = calls.length ? 'tool_calls' : 'stop';
  if (!body.stream) {
    const choices = [{ index: 0, message: { role: 'assistant', ...said }, finish_reason: finish }];
    return json(response, 200, { ...opening, object: 'chat.completion', choices, usage });
  }
  const send = events(response);
  send(chunk({ role: 'assistant', content: '' }));
  send(chunk(said));
  send(chunk({}, finish));
  send({ ...opening, object: 'chat.completion.chunk', choices: [], usage });
  response.end('data: [DONE]\n\n');
}
