// Vercel's AI SDK in the default mode of its OpenAI provider, which is Responses, and with Anthropic's.
import assert from "node:assert/strict";
import { load } from "./packages.mjs";

const { Output, generateText, stepCountIs, streamText, tool } = await load("ai");
const { createOpenAI } = await load("@ai-sdk/openai");
const { createAnthropic } = await load("@ai-sdk/anthropic");
const { z } = await load("zod");

const [model] = process.argv.slice(2);
const options = { baseURL: process.env.OPENAI_BASE_URL, apiKey: process.env.OPENAI_API_KEY };
const prompt = "Say hello.";

for (const of of [createOpenAI(options), createAnthropic(options)]) {
  const asked = { model: of(model), maxRetries: 0, maxOutputTokens: 300 };
  const whole = await generateText({ ...asked, prompt });
  assert.match(whole.text, /Say hello\.$/);
  assert.ok(whole.usage.inputTokens > 0 && whole.usage.outputTokens > 0);

  const stream = streamText({ ...asked, prompt, onError: ({ error }) => { throw error; } });
  let streamed = "";
  for await (const text of stream.textStream) streamed += text;
  assert.equal(streamed, whole.text);

  const seen = [];
  const getWeather = tool({
    description: "The weather.",
    inputSchema: z.object({ city: z.string() }),
    execute: async ({ city }) => { seen.push(city); return `Sunny in ${city}.`; },
  });
  const tools = { getWeather };
  const turns = await generateText({ ...asked, prompt, tools, stopWhen: stepCountIs(3) });
  assert.equal(turns.steps.length, 2);
  assert.match(turns.text, /The tool said: "?Sunny in text\./);
  const streamedTurns = streamText({ ...asked, prompt, tools, stopWhen: stepCountIs(3) });
  assert.match(await streamedTurns.text, /The tool said: "?Sunny in text\./);
  assert.deepEqual(seen, ["text", "text"]);

  const schema = z.object({ city: z.string(), days: z.number().int() });
  const { output } = await generateText({ ...asked, prompt, output: Output.object({ schema }) });
  assert.equal(typeof output.city, "string");
}
console.log("ok");
