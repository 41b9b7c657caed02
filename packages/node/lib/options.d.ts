export interface Options {
  /** The project's configuration (default: `confcall.toml` in the current folder). */
  config?: string;
  /** Play only scenarios whose id contains one of these texts, or whose whole id matches one of these globs. */
  filter?: string | readonly string[];
  /** The path of the program `confcall` (default: `CONFCALL_BINARY`, or else the program of this package). */
  binary?: string;
}
