// The options of `conformance`.

/** Each option, and its form. `options.d.ts` describes them. */
const FORMS = {
  config: { what: "a path", fits: isText },
  filter: { what: "a text or a list of texts", fits: (value) => [value].flat().every(isText) },
  binary: { what: "a path", fits: isText },
};

/** Refuses unknown options, and values of another form. An option that is undefined is absent. */
export function check(options) {
  for (const [name, value] of Object.entries(options)) {
    const form = Object.hasOwn(FORMS, name) ? FORMS[name] : undefined;
    if (!form) {
      const close = Object.keys(FORMS).find((it) => distance(it, name.toLowerCase()) <= 2);
      const names = Object.keys(FORMS).join(", ");
      const remedy = close ? `did you mean ${close}?` : `the options are ${names}`;
      throw new TypeError(`no option is called ${name}: ${remedy}`);
    }
    if (value !== undefined && !form.fits(value)) {
      throw new TypeError(`the option ${name} must be ${form.what}`);
    }
  }
}

function isText(value) {
  return typeof value === "string";
}

/** The number of letters to add, remove or replace (Levenshtein). */
function distance(one, other) {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (const [line, letter] of [...one].entries()) {
    const next = [line + 1];
    for (const [at, its] of [...other].entries()) {
      next.push(Math.min(next[at] + 1, row[at + 1] + 1, row[at] + (letter === its ? 0 : 1)));
    }
    row = next;
  }
  return row[other.length];
}
