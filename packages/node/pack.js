// Makes the packages of npm from built programs: `node pack.js OUT PLATFORM=BINARY...`. PLATFORM is `linux-x64`,
// `linux-arm64`, `darwin-arm64`, `darwin-x64`, `win32-x64`, or another pair of `process.platform` and `process.arch`.
// Writes the folder `confcall` and a folder for each platform into OUT. Publish the folders of the platforms first.
import { chmodSync, copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const [out, ...binaries] = process.argv.slice(2);
const wrong = binaries.find((it) => !/^[a-z0-9]+-[a-z0-9]+=./.test(it));
if (!out || !binaries.length || wrong) {
  console.error("usage: node pack.js OUT PLATFORM=BINARY...");
  process.exit(2);
}
const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.join(here, "../..");
const manifest = readFileSync(path.join(root, "Cargo.toml"), "utf8");
const [, version] = /^version = "(.*)"$/m.exec(manifest);
const [, url] = /^repository = "(.*)"$/m.exec(manifest);
const repository = { type: "git", url: `git+${url}.git` };
const main = { ...JSON.parse(readFileSync(path.join(here, "package.json"), "utf8")), version, repository };

function make(folder, description) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, "package.json"), `${JSON.stringify(description, null, 2)}\n`);
  for (const license of ["LICENSE-APACHE", "LICENSE-MIT"]) {
    copyFileSync(path.join(root, license), path.join(folder, license));
  }
}

const optionalDependencies = {};
for (const binary of binaries) {
  const [, platform, file] = /^(.*?)=(.*)$/.exec(binary);
  const [os, cpu] = platform.split("-");
  const name = `@confcall/${platform}`;
  optionalDependencies[name] = version;
  const { license } = main;
  const folder = path.join(out, platform);
  const description = `The program confcall for ${os} on ${cpu}`;
  const files = ["bin", "LICENSE-*"];
  make(folder, { name, version, description, license, repository, os: [os], cpu: [cpu], files });
  const program = path.join(folder, "bin", os === "win32" ? "confcall.exe" : "confcall");
  mkdirSync(path.dirname(program));
  copyFileSync(file, program);
  chmodSync(program, 0o755);
}
const { scripts, ...published } = main;
const folder = path.join(out, "confcall");
make(folder, { ...published, optionalDependencies });
for (const name of ["bin", "lib", "README.md"]) {
  cpSync(path.join(here, name), path.join(folder, name), { recursive: true });
}
