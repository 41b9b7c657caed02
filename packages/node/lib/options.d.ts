export interface Options {
  /** The project's configuration: `confcall.toml` in the current folder, unless given. */
  config?: string;
  /** Only scenarios whose id contains one of these texts, or whose whole id matches one of these globs. */
  filter?: string | readonly string[];
  /** The program `confcall`: `CONFCALL_BINARY`, or the one of this package, unless given. */
  binary?: string;
}
