// CHROMIUM FILE.har [PICTURE.png]: opens the file in the browser's network panel, and holds what it shows
// against the file: every exchange, with its method, status, bodies, time and date.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { openPanel, withBrowser } from "./browser.mjs";

const [path, file, picture] = process.argv.slice(2);
const text = readFileSync(file, "utf8");
await withBrowser(path, async (browser, debugging) => {
  const page = await browser.newPage();
  await page.goto("about:blank");
  const panel = await openPanel(browser, debugging, "about:blank");
  const shown = await panel.evaluate(imported, text);
  const expected = JSON.parse(text).log.entries.map(({ startedDateTime, request, response }) => ({
    at: Date.parse(startedDateTime),
    method: request.method,
    url: request.url,
    asked: request.postData?.text ?? "",
    status: response.status,
    answered: response.content.text ?? "",
    pending: response.status === 0,
  }));
  assert.deepEqual(shown, expected);
  await panel.getByText(`${expected.length} requests`).waitFor();
  if (picture) await panel.screenshot({ path: picture });
});

// What the panel's button "Import HAR" does, and then shows.
async function imported(text) {
  const { NetworkPanel } = await import("./panels/network/network.js");
  const { NetworkLog } = await import("./models/logs/logs.js");
  const view = NetworkPanel.NetworkPanel.instance().networkLogView;
  await view.onLoadFromFile(new File([text], "file.har"));
  const { entries } = JSON.parse(text).log;
  const content = (data, at) => {
    const isCoded = entries[at].response.content.encoding === "base64";
    return isCoded ? data.base64 : data.text;
  };
  const shown = NetworkLog.NetworkLog.instance().requests().map(async (request, at) => ({
    at: Math.round(request.startTime * 1000),
    method: request.requestMethod,
    url: request.url(),
    asked: (await request.requestFormData()) ?? "",
    status: request.statusCode,
    answered: content(await request.requestContentData(), at) ?? "",
    // As the column "Time" has it.
    pending: !(request.duration > 0),
  }));
  return Promise.all(shown);
}
