// OpenAI's client: chat completions, whole, streamed and helped, a tool call, an error; Responses.
// Its arguments are a model and the provider that is to answer; the address comes from the environment.
import assert from "node:assert/strict";
import { load } from "./packages.mjs";

const { default: OpenAI } = await load("openai");

const [model, provider] = process.argv.slice(2);
const client = new OpenAI({ maxRetries: 0 });
const messages = [{ role: "user", content: "Say hello." }];

const { data, response: http } = await client.chat.completions.create({ model, messages }).withResponse();
const text = data.choices[0].message.content;
assert.equal(http.headers.get("x-llm-cp-provider"), provider);
assert.match(text, /Say hello\.$/);

let streamed = "";
const stream = await client.chat.completions.create({ model, messages, stream: true });
for await (const chunk of stream) streamed += chunk.choices[0].delta.content ?? "";
assert.equal(streamed, text);

const helper = client.chat.completions.stream({ model, messages });
assert.equal(await helper.finalContent(), text);

const parameters = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};
const tools = [{ type: "function", function: { name: "get_weather", parameters } }];
const asked = await client.chat.completions.stream({ model, messages, tools }).finalMessage();
assert.deepEqual(JSON.parse(asked.tool_calls[0].function.arguments), { city: "text" });

await assert.rejects(
  client.chat.completions.create({ model, messages, temperature: 3 }),
  (error) => error instanceof OpenAI.BadRequestError && error.param === "temperature",
);
const response = await client.responses.create({ model, input: "Say hello." });
assert.equal(response.output_text, text);
const events = client.responses.stream({ model, input: "Say hello." });
assert.equal((await events.finalResponse()).output_text, text);
const called = await client.responses.create({
  model,
  input: "The weather?",
  tools: [{ type: "function", name: "get_weather", parameters, strict: true }],
});
const call = called.output.find((item) => item.type === "function_call");
assert.deepEqual(JSON.parse(call.arguments), { city: "text" });
console.log("ok");
