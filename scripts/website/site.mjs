// A website that behaves as public ones do, of its own state: [CERTIFICATE KEY]. Its answers are the same in each
// process but for secrets. With a certificate it speaks TLS, and HTTP/2 where the client does. Prints its address.
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import http from "node:http";
import http2 from "node:http2";
import { setTimeout as pause } from "node:timers/promises";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";

const [cert, key] = process.argv.slice(2).map((path) => readFileSync(path));
const coders = { br: brotliCompressSync, gzip: gzipSync, deflate: deflateSync };
const file = Buffer.from(Array.from({ length: 5000 }, (_, at) => (at * 7919) % 256));
const tag = `"${createHash("sha256").update(file).digest("hex").slice(0, 16)}"`;
const rows = Array.from({ length: 400 }, (_, id) => ({ id, name: `Каталог ${id}`, price: id / 4 }));
const secret = () => randomBytes(24).toString("base64url");
const [session, csrf] = [secret(), secret()];
const orders = [];
const things = new Map();
let asked = 0;

const json = (value, status = 200, fields = {}) => ({
  status,
  fields: { "content-type": "application/json; charset=utf-8", ...fields },
  body: typeof value === "string" ? value : JSON.stringify(value),
});
const page = (body, status = 200, fields = {}) => ({
  status,
  fields: { "content-type": "text/html; charset=utf-8", ...fields },
  body: `<!doctype html>\n<meta charset="utf-8">\n<link rel="icon" href="data:,">\n${body}\n`,
});
// The value as a page where a page is asked for: of other documents a browser may ask for an icon.
const document = (request, value, status = 200, fields = {}) =>
  request.headers.accept?.includes("text/html")
    ? page(`<pre>${JSON.stringify(value)}</pre>`, status, { vary: "Accept", ...fields })
    : json(value, status, { vary: "Accept", ...fields });
const text = (body, fields = {}, status = 200) => ({
  status,
  fields: { "content-type": "text/plain", ...fields },
  body,
});
const redirect = (status, location, fields = {}) => ({ status, fields: { location, ...fields }, body: "" });
const coded = (answer, coding) => ({
  ...answer,
  fields: { ...answer.fields, "content-encoding": coding, vary: "Accept-Encoding" },
  body: coders[coding](answer.body),
});
// The values of a field of a form, in their order.
const form = (body) => new URLSearchParams(body.toString());

const routes = {
  "GET /": () => page(`<h1>Catalogue</h1>\n<script src="/site.js"></script>`, 200, { "cache-control": "no-store" }),
  "GET /site.js": () => text("document.title = 'Catalogue';\n", { "content-type": "text/javascript" }),
  "GET /logo.png": () => text(Buffer.from(PNG, "base64"), { "content-type": "image/png" }),
  "GET /old": () => redirect(301, "/older", { "set-cookie": "seen=old; Path=/" }),
  "GET /older": ({ base }) => redirect(302, `${base}/new?from=older#top`),
  "GET /new": ({ url }) => page(`<p>from ${url.searchParams.get("from")}</p>`),
  "POST /moved": () => redirect(307, "/here"),
  "POST /here": ({ body }) => json(body.toString()),
  "POST /orders": ({ body }) => {
    orders.push([...form(body)]);
    return redirect(303, `/orders/${orders.length}`);
  },
  "GET /orders/1": ({ base }) => json({ href: `${base}/orders/1`, fields: orders[0] }),
  "GET /coded/gzip": () => coded(json(rows), "gzip"),
  "GET /coded/br": () => coded(json(rows), "br"),
  "GET /coded/deflate": () => coded(json(rows), "deflate"),
  "GET /negotiated": ({ request }) => {
    const offered = (request.headers["accept-encoding"] ?? "").split(",").map((it) => it.trim().split(";")[0]);
    const coding = Object.keys(coders).find((it) => offered.includes(it));
    const answer = page(rows.map(({ name }) => `<li>${name}`).join("\n"));
    return coding ? coded(answer, coding) : answer;
  },
  "GET /login": () => page(`<form method="post"><input type="hidden" name="csrf" value="${csrf}">
    <input name="user"><input name="password" type="password"><button>Log in</button></form>`),
  "POST /login": ({ body }) => {
    const fields = form(body);
    if (fields.get("csrf") !== csrf || fields.get("password") !== "correct horse") return page("<p>Refused", 403);
    const expires = new Date(Date.now() + 86_400_000).toUTCString();
    return redirect(303, "/account", {
      "set-cookie": [
        `session=${session}; Path=/; HttpOnly; SameSite=Lax`,
        `theme=dark; Path=/; Expires=${expires}`,
      ],
    });
  },
  "GET /account": ({ request }) => {
    const cookies = Object.fromEntries((request.headers.cookie ?? "").split("; ").map((it) => it.split("=")));
    const isKnown = cookies.session === session && cookies.theme === "dark" && cookies.seen === "old";
    return isKnown
      ? document(request, { user: "ana", theme: cookies.theme })
      : document(request, { error: "log in" }, 401);
  },
  "GET /search": ({ url }) => page([...url.searchParams].map(([name, value]) => `<p>${name}: ${value}`).join("\n")),
  "POST /upload": async ({ request, body }) => {
    const parts = await new Response(body, { headers: { "content-type": request.headers["content-type"] } }).formData();
    const seen = [...parts].map(async ([name, value]) => {
      if (typeof value === "string") return { name, value };
      const bytes = Buffer.from(await value.arrayBuffer());
      return { name, file: value.name, type: value.type, sha256: createHash("sha256").update(bytes).digest("hex") };
    });
    return document(request, await Promise.all(seen), 201, { location: "/files/1" });
  },
  "GET /events": () => ({ status: 200, fields: { "content-type": "text/event-stream" }, body: events(5) }),
  "GET /feed": () => ({ status: 200, fields: { "content-type": "text/event-stream" }, body: events(Infinity) }),
  "GET /lines": () => ({ status: 200, fields: { "content-type": "application/x-ndjson" }, body: lines() }),
  "GET /items": ({ base, url }) => {
    const from = Number(url.searchParams.get("$skiptoken")?.split("-")[1] ?? 0);
    const value = rows.slice(from, from + 3);
    const next = `${base}/items?$top=3&$skiptoken=at-${from + 3}`;
    if (from + 3 >= 9) return json({ value });
    return json({ value, "@odata.nextLink": next }, 200, { link: `<${next}>; rel="next", </items>; rel="first"` });
  },
  "GET /file": ({ request }) => whole(request),
  "HEAD /file": ({ request }) => whole(request),
  "GET /private": ({ request }) => {
    const expected = `Basic ${Buffer.from("ana:correct horse").toString("base64")}`;
    if (request.headers.authorization === expected) return json({ secret: "none" });
    return text("Who is there?\n", { "www-authenticate": 'Basic realm="the house", charset="UTF-8"' }, 401);
  },
  "PUT /things/7": ({ body }) => {
    things.set(7, JSON.parse(body));
    return json(things.get(7), 201, { etag: 'W/"1"' });
  },
  "PATCH /things/7": ({ body }) => json({ ...things.get(7), ...JSON.parse(body) }),
  "DELETE /things/7": () => ({ status: 204, fields: {}, body: "" }),
  "OPTIONS /things/7": () => ({ status: 204, fields: { allow: "GET, PUT, PATCH, DELETE" }, body: "" }),
  "GET /job": () => {
    asked += 1;
    return asked < 3 ? json({ state: "running" }, 202, { "retry-after": "0" }) : json({ state: "done" });
  },
  "GET /part": async ({ url }) => {
    const number = Number(url.searchParams.get("n"));
    await pause(20 * (4 - number));
    return text(`part ${number}\n`);
  },
  "GET /latin1": () => text(Buffer.from("caf\u00e9\n", "latin1"), { "content-type": "text/plain; charset=ISO-8859-1" }),
  "GET /numbers": () => json('{ "many": 1234567890123456789012345, "share": 0.1000000000000000001, "price": 2.50,\n "e": 1E2 }'),
  "GET /empty": () => text(""),
  "GET /wrong": () => json({ type: "about:blank", title: "Wrong", status: 500 }, 500, { "content-type": "application/problem+json" }),
};

const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

async function* events(count) {
  yield ": the beginning\nretry: 50\n\n";
  for (let id = 1; id <= count; id += 1) {
    await pause(10);
    yield `id: ${id}\nevent: news\ndata: {"number": ${id}}\ndata: Привет\n\n`;
  }
  yield "event: end\ndata: bye\n\n";
}

async function* lines() {
  for (const row of rows.slice(0, 5)) {
    await pause(5);
    yield `${JSON.stringify(row)}\n`;
  }
}

// The file, or the range of it that is wanted (RFC 9110 section 14).
function whole(request) {
  const fields = { "content-type": "application/octet-stream", "accept-ranges": "bytes", etag: tag };
  if (request.headers["if-none-match"] === tag) return { status: 304, fields: { etag: tag }, body: "" };
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  if (!range) return { status: 200, fields, body: file };
  const from = Number(range[1]);
  const to = Math.min(range[2] ? Number(range[2]) : Infinity, file.length - 1);
  if (from > to) return { status: 416, fields: { "content-range": `bytes */${file.length}` }, body: "" };
  const part = file.subarray(from, to + 1);
  return { status: 206, fields: { ...fields, "content-range": `bytes ${from}-${to}/${file.length}` }, body: part };
}

async function answer(request, response) {
  const host = request.headers[":authority"] ?? request.headers.host;
  const base = `${cert ? "https" : "http"}://${host}`;
  const url = new URL(request.url, base);
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  const route = routes[`${request.method} ${url.pathname}`] ?? (() => page("<h1>Not found</h1>", 404));
  const { status, fields, body } = await route({ request, url, base, body: Buffer.concat(pieces) });
  const isStream = typeof body[Symbol.asyncIterator] === "function";
  const hasNone = status === 204 || status === 304;
  response.writeHead(status, {
    ...fields,
    ...(!isStream && !hasNone && { "content-length": Buffer.byteLength(body) }),
  });
  if (isStream) {
    for await (const piece of body) {
      if (response.destroyed || response.writableEnded) return;
      response.write(piece);
    }
    response.end();
  } else {
    response.end(request.method === "HEAD" ? undefined : body);
  }
}

const listener = (request, response) => answer(request, response).catch(() => response.destroy());
const server = cert
  ? http2.createSecureServer({ cert, key, allowHTTP1: true }, listener)
  : http.createServer(listener);
server.listen(0, "127.0.0.1", () => {
  console.log(`${cert ? "https" : "http"}://localhost:${server.address().port}`);
});
