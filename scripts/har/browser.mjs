// A headless Chromium with its own DevTools beside a page. What is in here of the DevTools' insides is
// of the version that comes with the browser; nothing else is public about them.
import { createRequire } from "node:module";
import { createServer } from "node:net";

// CommonJS is looked up in NODE_PATH; modules are not.
const { chromium } = createRequire(import.meta.url)("playwright-core");

// Starts the browser, and calls `what` with it and with the address of its DevTools.
export async function withBrowser(path, what) {
  const port = await freePort();
  const browser = await chromium.launch({
    executablePath: path,
    // A container has no sandbox to give; nothing but pages of this machine is opened.
    args: ["--no-sandbox", "--disable-background-networking", `--remote-debugging-port=${port}`, "--remote-allow-origins=*"],
  });
  try {
    await what(browser, `http://127.0.0.1:${port}`);
  } finally {
    await browser.close();
  }
}

// The network panel of the page that shows this address.
export async function openPanel(browser, debugging, address) {
  const targets = await (await fetch(`${debugging}/json/list`)).json();
  const { id } = targets.find(({ type, url }) => type === "page" && url === address);
  const panel = await (await browser.newContext()).newPage();
  const socket = `${debugging.slice("http://".length)}/devtools/page/${id}`;
  await panel.goto(`${debugging}/devtools/inspector.html?ws=${socket}&panel=network`);
  await panel.getByRole("tab", { name: "Network", selected: true }).waitFor();
  await panel.evaluate(listening);
  return panel;
}

// What the panel's button "Export HAR" writes.
export async function exported() {
  const { NetworkLog } = await import("./models/logs/logs.js");
  const { Writer } = await import("./models/har/har.js");
  const requests = NetworkLog.NetworkLog.instance().requests();
  const progress = { done() {}, isCanceled: () => false };
  progress.createSubProgress = () => progress;
  let text = "";
  const stream = { write: async (piece) => void (text += piece) };
  await Writer.Writer.write(stream, requests, { sanitize: false }, progress);
  return text;
}

// Ends once the page's requests are told to the panel: commands are answered in their order.
async function listening() {
  const { TargetManager } = await import("./core/sdk/sdk.js");
  const targets = TargetManager.TargetManager.instance();
  while (!targets.primaryPageTarget()) await new Promise((resolve) => setTimeout(resolve, 20));
  await targets.primaryPageTarget().networkAgent().invoke_enable({});
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
