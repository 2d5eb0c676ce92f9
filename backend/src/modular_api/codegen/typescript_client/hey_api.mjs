// Runs hey-api/openapi-ts for one document:
//
//     node hey_api.mjs <folder of @hey-api/openapi-ts> < document.json > files.json
//
// The answer is an object of texts by path. The package is found by whoever calls this,
// because this file is not installed beside it.
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

const [packageFolder] = process.argv.slice(2);
const { exports } = JSON.parse(await readFile(path.join(packageFolder, "package.json"), "utf8"));
const main = path.join(packageFolder, exports["."].import);
const { createClient } = await import(pathToFileURL(main).href);

const answers = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr); // what a library prints
const folder = await mkdtemp(path.join(tmpdir(), "hey-api-"));
try {
  await createClient({
    input: JSON.parse(await text(process.stdin)),
    // With extensions the files run wherever modules do, with a bundler and without.
    output: { path: folder, importFileExtension: ".js" },
    plugins: [
      // The file is ours, and stands beside what is written here.
      { name: "@hey-api/client-fetch", runtimeConfigPath: "./client_config.js" },
      "@hey-api/typescript",
      "@hey-api/sdk",
    ],
    logs: { level: "silent", file: false },
  });
  const files = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath ?? entry.path, entry.name);
    const name = path.relative(folder, file).split(path.sep).join("/");
    files[name] = await readFile(file, "utf8");
  }
  answers(JSON.stringify(files));
} finally {
  await rm(folder, { recursive: true, force: true });
}
