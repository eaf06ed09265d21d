// OpenAI's Agents SDK for JavaScript, which speaks Responses: a tool and its result, whole and streamed.
import assert from "node:assert/strict";
import { load } from "./packages.mjs";

const { Agent, run, setTracingDisabled, tool } = await load("@openai/agents");
const { z } = await load("zod");

const [model] = process.argv.slice(2);
setTracingDisabled(true);
const seen = [];
const getWeather = tool({
  name: "get_weather",
  description: "The weather.",
  parameters: z.object({ city: z.string() }),
  execute: async ({ city }) => { seen.push(city); return `Sunny in ${city}.`; },
});
const agent = new Agent({ name: "Reporter", instructions: "Be brief.", model, tools: [getWeather] });

const result = await run(agent, "The weather?");
assert.match(result.finalOutput, /The tool said: Sunny in text\./);

const streamed = await run(agent, "The weather?", { stream: true });
let text = "";
for await (const piece of streamed.toTextStream()) text += piece;
await streamed.completed;
assert.match(text, /The tool said: Sunny in text\./);
assert.deepEqual(seen, ["text", "text"]);
console.log("ok");
