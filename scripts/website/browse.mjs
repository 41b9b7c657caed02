// CHROMIUM BASE [OPTIONS]: visits the website with a browser: pages, a form that is filled in, a file that is uploaded, an
// event source, and requests of scripts. Prints a line of JSON for each answer. Options, in JSON: `proxy`, its address;
// `recordHar`, as Playwright takes it; `panel`, the file for what the network panel exports; `scripts`, to send requests of
// scripts alone, as the panel holds one page; `finite`, to leave out event streams, whose bodies browsers do not tell.
import { writeFile } from "node:fs/promises";
import { exported, openPanel, withBrowser } from "../har/browser.mjs";
import { visit } from "./steps.mjs";

const [path, base, options = "{}"] = process.argv.slice(2);
const { proxy, recordHar, panel, scripts, finite } = JSON.parse(options);
const print = (line) => console.log(JSON.stringify(line));
await withBrowser(path, async (browser, debugging) => {
  const context = await browser.newContext({
    // The certificates of `openssl` and of confcall are nobody's; curl and httpx verify them.
    ignoreHTTPSErrors: true,
    recordHar,
    // Hosts of this machine go through a proxy only if told so.
    ...(proxy && { proxy: { server: proxy, bypass: "<-loopback>" } }),
  });
  const page = await context.newPage();
  await page.exposeFunction("print", print);
  if (!scripts) await visitPages(page);
  await page.goto("about:blank");
  const opened = panel && (await openPanel(browser, debugging, "about:blank"));
  await page.goto(base);
  await page.evaluate(`(${script})(${visit}, ${JSON.stringify({ base, finite })})`);
  if (panel) await writeFile(panel, await opened.evaluate(exported));
  await context.close();
});

async function visitPages(page) {
  const shown = async (step) => {
    const body = Buffer.from(await page.evaluate("document.body.innerText")).toString("base64");
    print({ step, status: 200, url: page.url(), type: "", body });
  };
  await page.goto(`${base}/old`);
  await shown("page redirects");
  await page.goto(`${base}/login`);
  print({ secret: await page.locator("[name=csrf]").inputValue() });
  await page.locator("[name=user]").fill("ana");
  await page.locator("[name=password]").fill("correct horse");
  await page.getByRole("button").click();
  await page.waitForURL(/account/u);
  await shown("page account");
  await page.goto(base);
  await page.setContent(`<form action="${base}/upload" method="post" enctype="multipart/form-data">
    <input name="title" value="Ёлка"><input type="file" name="file"><button>Upload</button></form>`);
  const buffer = Buffer.from([0, 255, 10, 13]);
  await page.locator("[type=file]").setInputFiles({ name: "a.raw", mimeType: "image/x-raw", buffer });
  await page.getByRole("button", { name: "Upload" }).click();
  await page.waitForURL(/upload/u);
  await shown("page upload");
  if (finite) return;
  await page.goto(base);
  const received = await page.evaluate(listen);
  print({ step: "page events", status: 200, url: base, type: "", body: Buffer.from(received).toString("base64") });
}

// An event source reads until the event that ends it.
function listen() {
  return new Promise((resolve) => {
    const [source, received] = [new EventSource("/events"), []];
    source.addEventListener("news", ({ lastEventId, data }) => received.push(`${lastEventId}: ${data}`));
    source.addEventListener("end", ({ data }) => {
      source.close();
      resolve([...received, data].join("\n"));
    });
  });
}

function script(visit, options) {
  const send = (method, target, options) => fetch(target, { method, cache: "no-store", ...options });
  return visit({ send, print: window.print, ...options });
}
