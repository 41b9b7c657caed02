// CHROMIUM FILE.har: has Playwright answer a page from the file, and holds what the page is answered against the file:
// each exchange that a script can send, with its status and body. Redirects are followed inside of the browser.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { withBrowser } from "./browser.mjs";

const [path, file] = process.argv.slice(2);
const { entries } = JSON.parse(readFileSync(file, "utf8")).log;
const bytes = ({ text = "", encoding }) => Buffer.from(text, encoding ?? "utf8").toString("base64");
const forbidden = ["CONNECT", "TRACE", "TRACK", "HEAD"];
const isSent = ({ request, response }) =>
  !forbidden.includes(request.method) &&
  // HAR has no encoding of a request's body that others know.
  !request.postData?._encoding &&
  response.status >= 200 &&
  !(response.status >= 300 && response.status < 400);
const key = ({ request }) => [request.method, request.url, request.postData?.text ?? ""].join(" ");

function groups(values, key) {
  const groups = new Map();
  for (const value of values) groups.set(key(value), [...(groups.get(key(value)) ?? []), value]);
  return groups;
}

await withBrowser(path, async (browser) => {
  const context = await browser.newContext();
  await context.routeFromHAR(file, { notFound: "abort" });
  const origins = groups(entries.filter(isSent), ({ request }) => new URL(request.url).origin);
  let played = 0;
  for (const [origin, sent] of origins) {
    const page = await context.newPage();
    const blank = `${origin}/blank-page-of-this-script`;
    await page.route(blank, (route) => route.fulfill({ contentType: "text/html", body: "" }));
    await page.goto(blank);
    for (const same of groups(sent, key).values()) {
      const { request } = same[0];
      const [status, body] = await page.evaluate(ask, {
        url: request.url,
        method: request.method,
        type: request.postData?.mimeType,
        body: request.postData && bytes(request.postData),
      });
      // It picks one of several answers by the fields of the request.
      const expected = same.map(({ response }) => [response.status, bytes(response.content)]);
      assert.ok(
        expected.some((it) => it[0] === status && it[1] === body),
        `${request.method} ${request.url}: ${status} ${body} instead of ${JSON.stringify(expected)}`,
      );
      played += 1;
    }
  }
  assert.ok(played > 0, "no exchange can be played");
});

async function ask({ url, method, type, body }) {
  const raw = body && Uint8Array.from(atob(body), (it) => it.charCodeAt(0));
  const headers = type ? { "content-type": type } : {};
  const answer = await fetch(url, { method, headers, ...(raw && { body: raw }) });
  let text = "";
  for (const byte of new Uint8Array(await answer.arrayBuffer())) text += String.fromCharCode(byte);
  return [answer.status, btoa(text)];
}
