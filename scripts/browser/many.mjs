// A JSON report with COUNT results, which repeat those of REPORT under other names.
// REPORT COUNT
import { readFileSync } from "node:fs";

const [report, count] = process.argv.slice(2);
const run = JSON.parse(readFileSync(report, "utf8"));
const repeated = Array.from({ length: Number(count) }, (_, at) => {
  const result = run.results[at % run.results.length];
  const [name, kind] = result.scenario.split("~");
  const scenario = [`${name}-${Math.floor(at / run.results.length)}`, kind].filter(Boolean).join("~");
  return { ...result, scenario };
});
console.log(JSON.stringify({ ...run, results: repeated }));
