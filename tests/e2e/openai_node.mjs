// The official client for JavaScript: a chat, a stream, the streaming helper, a tool call, an error.
// Its arguments are a model and the provider that is to answer; the address comes from the environment.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(`${process.env.NODE_MODULES}/`);
const { default: OpenAI } = await import(pathToFileURL(require.resolve("openai")));

const [model, provider] = process.argv.slice(2);
const client = new OpenAI({ maxRetries: 0 });
const messages = [{ role: "user", content: "Say hello." }];

const { data, response } = await client.chat.completions.create({ model, messages }).withResponse();
const text = data.choices[0].message.content;
assert.equal(response.headers.get("x-llm-cp-provider"), provider);
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
console.log("ok");
