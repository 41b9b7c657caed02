// The steps of a visitor in JavaScript, in Node and in a page. `send` is a `fetch` that follows redirects and keeps
// cookies; `print` is called with each answer. `finite` leaves out the streams of events.
export async function visit({ base, send, print, finite }) {
  const coded = (bytes) => {
    let text = "";
    for (const byte of new Uint8Array(bytes)) text += String.fromCharCode(byte);
    return btoa(text);
  };
  const show = async (step, answer, body) => {
    const bytes = body ?? (await answer.arrayBuffer());
    const type = answer.headers.get("content-type") ?? "";
    print({ step, status: answer.status, url: answer.url, type, body: coded(bytes) });
    return bytes;
  };
  const get = async (step, method, target, options) => show(step, await send(method, target, options));
  const encode = (text) => new TextEncoder().encode(text);
  const json = (value, type = "application/json") => ({
    body: JSON.stringify(value),
    headers: { "content-type": type },
  });

  await get("home", "GET", "/");
  await get("script", "GET", "/site.js");
  await get("logo", "GET", "/logo.png");
  await get("redirects", "GET", "/old");
  await get("kept", "POST", "/moved", json({ kept: true }));
  const order = new URLSearchParams([["item", "1"], ["item", "2"], ["note", "жду & верю"]]);
  await get("see-other", "POST", "/orders", { body: order });
  for (const coding of ["gzip", "br", "deflate"]) await get(coding, "GET", `/coded/${coding}`);
  await get("negotiated", "GET", "/negotiated");
  const form = await (await send("GET", "/login")).text();
  const [, csrf] = /name="csrf" value="([^"]*)"/.exec(form);
  print({ secret: csrf });
  const login = new URLSearchParams({ user: "ana", password: "correct horse", csrf });
  await get("login", "POST", "/login", { body: login });
  await get("account", "GET", "/account");
  const query = new URLSearchParams([["q", "café au lait"], ["tag", "a"], ["tag", "b"]]);
  await get("search", "GET", `/search?${query}`);
  const upload = new FormData();
  upload.append("title", "Ёлка");
  upload.append("file", new File([new Uint8Array(3000).fill(255)], 'a "b".raw', { type: "image/x-raw" }));
  await get("upload", "POST", "/upload", { body: upload });
  if (!finite) await streams();
  await get("lines", "GET", "/lines");
  for (let target = "/items?$top=3"; target; ) {
    const page = JSON.parse(new TextDecoder().decode(await get("items", "GET", target)));
    target = page["@odata.nextLink"]?.replace(base, "");
  }
  await get("range", "GET", "/file", { headers: { range: "bytes=0-99" } });
  await get("rest", "GET", "/file", { headers: { range: "bytes=4900-" } });
  await get("beyond", "GET", "/file", { headers: { range: "bytes=9000-" } });
  const head = await send("HEAD", "/file");
  await show("head", head, encode(head.headers.get("content-length")));
  const file = await send("GET", "/file");
  await show("file", file);
  await get("unchanged", "GET", "/file", { headers: { "if-none-match": file.headers.get("etag") } });
  // A browser would show a dialogue.
  const credentials = "omit";
  await get("unauthorized", "GET", "/private", { credentials });
  const authorization = `Basic ${btoa("ana:correct horse")}`;
  await get("private", "GET", "/private", { credentials, headers: { authorization } });
  await get("put", "PUT", "/things/7", json({ name: "seven", parts: [1, 2.5] }));
  await get("patch", "PATCH", "/things/7", json({ name: null }, "application/merge-patch+json"));
  await get("delete", "DELETE", "/things/7");
  await get("options", "OPTIONS", "/things/7");
  for (let time = 0; time < 3; time += 1) await get("job", "GET", "/job");
  const parts = await Promise.all([1, 2, 3].map((number) => send("GET", `/part?n=${number}`)));
  for (const [at, part] of parts.entries()) await show(`part ${at + 1}`, part);
  await get("latin1", "GET", "/latin1");
  await get("numbers", "GET", "/numbers");
  await get("empty", "GET", "/empty");
  await get("wrong", "GET", "/wrong");
  await get("missing", "GET", "/missing");

  async function streams() {
    await get("events", "GET", "/events");
    // It reads a feed without an end for as long as it likes.
    const leave = new AbortController();
    const feed = await send("GET", "/feed", { signal: leave.signal });
    let read = "";
    const decoder = new TextDecoder();
    const reader = feed.body.getReader();
    while (!read.includes("id: 3\n")) read += decoder.decode((await reader.read()).value, { stream: true });
    leave.abort();
    await show("feed", feed, encode(read.slice(0, read.indexOf("id: 3\n"))));
  }
}
