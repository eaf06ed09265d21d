// Anthropic's client: a message, whole and streamed, a tool and its result, a count, the models, an error.
import assert from "node:assert/strict";
import { load } from "./packages.mjs";

const { default: Anthropic } = await load("@anthropic-ai/sdk");

const [model, provider] = process.argv.slice(2);
const baseURL = process.env.OPENAI_BASE_URL.replace(/\/v1$/, "");
const client = new Anthropic({ baseURL, apiKey: process.env.OPENAI_API_KEY, maxRetries: 0 });
const messages = [{ role: "user", content: "Say hello." }];
const asked = { model, max_tokens: 300, messages };
const textOf = (message) => message.content.map((block) => block.text ?? "").join("");

const { data, response } = await client.messages.create(asked).withResponse();
assert.equal(response.headers.get("x-llm-cp-provider"), provider);
assert.match(textOf(data), /Say hello\.$/);
assert.equal(data.stop_reason, "end_turn");
assert.ok(data.usage.input_tokens > 0 && data.usage.output_tokens > 0);

const helper = client.messages.stream(asked);
let streamed = "";
helper.on("text", (text) => (streamed += text));
const final = await helper.finalMessage();
assert.equal(streamed, textOf(data));
assert.equal(textOf(final), streamed);
assert.equal(final.usage.output_tokens, data.usage.output_tokens);

const input_schema = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};
const tools = [{ name: "get_weather", description: "The weather.", input_schema }];
for (const stream of [false, true]) {
  const request = { ...asked, tools };
  const turn = stream
    ? await client.messages.stream(request).finalMessage()
    : await client.messages.create(request);
  const call = turn.content.find((block) => block.type === "tool_use");
  assert.deepEqual(call.input, { city: "text" });
  assert.equal(turn.stop_reason, "tool_use");
  const result = { type: "tool_result", tool_use_id: call.id, content: "Sunny." };
  const history = [...messages, { role: "assistant", content: turn.content }];
  const answer = await client.messages.create({
    ...request,
    messages: [...history, { role: "user", content: [result] }],
  });
  assert.match(textOf(answer), /The tool said: Sunny\./);
}

const count = await client.messages.countTokens({ model, messages });
assert.ok(count.input_tokens > 0);
const listed = [];
for await (const each of client.models.list({ limit: 2 })) listed.push(each.id);
assert.ok(listed.includes("claude-sonnet-5-5") && new Set(listed).size === listed.length);

await assert.rejects(
  client.messages.create({ ...asked, model: "no-such-model" }),
  (error) => error instanceof Anthropic.NotFoundError && error.error.error.type === "not_found_error",
);
console.log("ok");
