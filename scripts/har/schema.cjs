// FILE.har...: holds files against the JSON Schema of HAR 1.2 (the package `har-schema`).
const { readFileSync } = require("node:fs");
const Ajv = require("ajv");
const schemas = require("har-schema");

const ajv = new Ajv({ allErrors: true });
ajv.addMetaSchema(require("ajv/lib/refs/json-schema-draft-06.json"));
for (const schema of Object.values(schemas)) ajv.addSchema(schema);
const isHar = ajv.getSchema(schemas.har.$id);
for (const file of process.argv.slice(2)) {
  if (!isHar(JSON.parse(readFileSync(file, "utf8")))) {
    console.error(`${file}: ${ajv.errorsText(isHar.errors)}`);
    process.exitCode = 1;
  }
}
