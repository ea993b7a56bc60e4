// Google's generateContent: what Gemini CLI speaks.

import { charge, count, id } from './tally.mjs';
import { next } from './steps.mjs';
import { events, json, pause, text } from './answer.mjs';
import { example, lowered } from './schema.mjs';

const turns = body => (body.contents ?? []).map(({ role, parts = [] }) => ({
  isUser: role !== 'model', text: parts.map(part => part.text ?? '').join('\n'), calls: parts.filter(part => part.functionCall).length,
}));

export async function generate(body, response, place, { model, streams }) {
  const declared = (body.tools ?? []).flatMap(tool => tool.functionDeclarations ?? []);
  const tools = declared.map(({ name, parametersJsonSchema, parameters }) => ({ name, schema: lowered(parametersJsonSchema ?? parameters ?? {}) }));
  const { step, calls } = next(turns(body), tools, place);
  if (step === 'hang') {
    events(response);
    return pause(response);
  }
  count(calls);
  const price = charge({ tools });
  const wanted = body.generationConfig?.responseJsonSchema ?? body.generationConfig?.responseSchema;
  const said = wanted ? JSON.stringify(example(lowered(wanted))) : text(step, calls);
  const parts = calls.length ? calls.map(({ tool, input }) => ({ functionCall: { id: id('fc'), name: tool.name, args: input } })) : [{ text: said }];
  const promptTokenCount = price.input + price.cacheRead;
  const usageMetadata = {
    promptTokenCount, cachedContentTokenCount: price.cacheRead, candidatesTokenCount: price.said, thoughtsTokenCount: price.thought,
    totalTokenCount: promptTokenCount + price.said + price.thought,
  };
  const candidates = [{ content: { role: 'model', parts }, finishReason: 'STOP', index: 0 }];
  const answer = { candidates, usageMetadata, modelVersion: model, responseId: id('r') };
  if (!streams) return json(response, 200, answer);
  events(response)(answer);
  response.end();
}
