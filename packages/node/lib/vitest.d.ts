import type { Options } from "./options.js";

export type { Options };

/** Declares a test of Vitest for each scenario that confcall plays. All are played in one run. */
export function conformance(options?: Options): void;
