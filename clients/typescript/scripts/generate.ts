// Writes src/schema.ts from openapi.json. With --check it only compares them.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";

const document = new URL("../../../openapi.json", import.meta.url);
const types = new URL("../src/schema.ts", import.meta.url);

const source = readFileSync(document, "utf8");
const digest = createHash("sha256").update(source).digest("hex");
// Without the examples, which are photos and vectors.
const described = JSON.parse(source, (key, value) => (key.startsWith("example") ? undefined : value));
// Requests may leave out what has a default. Answers never do, and the document says so.
const text = astToString(await openapiTS(described, { defaultNonNullable: false }));
const wanted = `// Made from openapi.json by \`make openapi\`; do not edit. sha256:${digest}\n${text}`;

if (!process.argv.includes("--check")) {
  writeFileSync(types, wanted);
} else if (readFileSync(types, "utf8") !== wanted) {
  console.error("src/schema.ts was not made from openapi.json as it is now. make openapi writes it.");
  process.exitCode = 1;
}
