#!/usr/bin/env node
// The model endpoint of `cargo xtask agents`: node model.mjs PROJECT [SUBAGENT]
//
// Listens on a free port of the loopback address, says which on standard output, and answers what agents ask of their vendors' models by the
// script in the prompt (steps.mjs). PROJECT is where files are written, SUBAGENT the kind that is asked for. `GET /tally`: what it said so far.

import http from 'node:http';
import { messages } from './anthropic.mjs';
import { chat } from './chat.mjs';
import { generate } from './gemini.mjs';
import { responses } from './responses.mjs';
import { tally } from './tally.mjs';
import { json } from './answer.mjs';

const [project, subagent] = process.argv.slice(2);
const place = { project, subagent };
const MODELS = ['claude-sonnet-4-5', 'gpt-5', 'gemini-2.5-pro', 'stand-in'].map(id => ({ id, name: `models/${id}`, object: 'model', type: 'model', display_name: id, created: 1, owned_by: 'nobody' }));

async function body(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  try { return JSON.parse(Buffer.concat(pieces).toString()); } catch { return {}; }
}

async function answer(request, response) {
  const { pathname } = new URL(request.url, 'http://localhost');
  const said = await body(request);
  if (process.env.MODEL_LOG) process.stderr.write(`${JSON.stringify({ pathname, said })}\n`);
  const google = /models\/([^:/]+):(stream)?generateContent$/i.exec(pathname);
  if (pathname === '/tally') return json(response, 200, tally);
  if (google) return generate(said, response, place, { model: google[1], streams: google[2] !== undefined });
  if (pathname.endsWith('/messages')) return messages(said, response, place);
  if (pathname.endsWith('/responses')) return responses(said, response, place);
  if (pathname.endsWith('/chat/completions')) return chat(said, response, place);
  if (pathname.endsWith('/count_tokens')) return json(response, 200, { input_tokens: 1000 });
  if (pathname.endsWith(':countTokens')) return json(response, 200, { totalTokens: 1000 });
  if (pathname.endsWith('/models')) return json(response, 200, { object: 'list', data: MODELS, models: MODELS });
  return json(response, 404, { error: { type: 'not_found_error', message: `there is no ${pathname}` } });
}

const server = http.createServer((request, response) => {
  answer(request, response).catch(error => (response.headersSent ? response.destroy() : json(response, 500, { error: { message: String(error) } })));
});
server.listen(0, '127.0.0.1', () => console.log(String(server.address().port)));
// It ends with the one who started it.
process.stdin.on('end', () => process.exit(0)).resume();
