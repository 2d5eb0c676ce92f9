// Judge AsyncAPI documents with the official parser.
//
//     node check.js FILE...
//
// Prints every diagnostic; ends with status 1 if one of them is an error.

import { readFile } from "node:fs/promises";
import { Parser } from "@asyncapi/parser";

const SEVERITIES = ["error", "warning", "information", "hint"];

// We write AsyncAPI 3.0 on purpose; that a newer one exists is no news.
const EXPECTED = new Set(["asyncapi-latest-version"]);

const files = process.argv.slice(2);
if (files.length === 0) {
  console.error("usage: node check.js FILE...");
  process.exit(2);
}

const parser = new Parser();
let errors = 0;
for (const file of files) {
  const text = await readFile(file, "utf8");
  const { document, diagnostics } = await parser.parse(text, { source: file });
  for (const { code, message, path, severity } of diagnostics) {
    if (EXPECTED.has(code)) continue;
    if (severity === 0) errors += 1;
    console.log(`${file}: ${SEVERITIES[severity]} ${code} at ${path.join(".")}: ${message}`);
  }
  if (document === undefined && diagnostics.every(({ severity }) => severity !== 0)) {
    errors += 1;
    console.log(`${file}: error: no document was found in it`);
  }
}
console.log(`${files.length} documents, ${errors} errors`);
process.exit(errors === 0 ? 0 : 1);
