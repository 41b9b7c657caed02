import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** The path of the program `confcall`: `CONFCALL_BINARY`, or else the program in the package of this platform. */
export function binary() {
  if (process.env.CONFCALL_BINARY) {
    return process.env.CONFCALL_BINARY;
  }
  const name = `@confcall/${process.platform}-${process.arch}`;
  const program = process.platform === "win32" ? "confcall.exe" : "confcall";
  try {
    return require.resolve(`${name}/bin/${program}`);
  } catch {
    throw new Error(
      `the package ${name} is not installed: install confcall with its optional dependencies, ` +
        "or set CONFCALL_BINARY to the path of a program that you have built",
    );
  }
}
