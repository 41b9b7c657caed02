// BASE: visits the website with `fetch`, and prints a line of JSON for each answer. Node's `fetch` keeps no cookies:
// this script does.
import { visit } from "./steps.mjs";

const [base] = process.argv.slice(2);
const jar = new Map();

// `fetch` that follows redirects itself, so that no cookie on the way is lost.
async function send(method, target, { body, headers = {}, signal } = {}) {
  let url = new URL(target, base);
  for (;;) {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const fields = { ...headers, ...(cookie && { cookie }) };
    const answer = await fetch(url, { method, body, headers: fields, redirect: "manual", signal });
    for (const field of answer.headers.getSetCookie()) {
      const [name, value] = field.split(";")[0].split("=");
      jar.set(name, value);
    }
    const location = answer.headers.get("location");
    if (answer.status < 300 || answer.status > 399 || !location) return answer;
    await answer.arrayBuffer();
    if (answer.status === 303 || (answer.status < 303 && method === "POST")) {
      method = "GET";
      body = undefined;
      delete headers["content-type"];
    }
    url = new URL(location, url);
  }
}

const print = (line) => console.log(JSON.stringify(line));
await visit({ base, send, print });
