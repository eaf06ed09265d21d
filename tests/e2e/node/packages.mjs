// The packages of `make test-clients`, which are not beside these files.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(`${process.env.NODE_MODULES}/`);

export const load = (name) => import(pathToFileURL(require.resolve(name)));
