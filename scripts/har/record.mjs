// CHROMIUM ADDRESS PANEL.har RECORDED.har [PROXY]: has the page invite, if need be through a proxy, and
// writes what the browser exports: its network panel, and Playwright's recorder.
import { writeFile } from "node:fs/promises";
import { exported, openPanel, withBrowser } from "./browser.mjs";

const [path, address, ofPanel, recorded, proxy] = process.argv.slice(2);
await withBrowser(path, async (browser, debugging) => {
  const context = await browser.newContext({
    // The site's own certificate is nobody's; that of a proxy is to be trusted.
    ignoreHTTPSErrors: !proxy,
    recordHar: { path: recorded, content: "embed" },
    // Hosts of this machine go through a proxy only if told so.
    ...(proxy && { proxy: { server: proxy, bypass: "<-loopback>" } }),
  });
  const page = await context.newPage();
  await page.goto("about:blank");
  const panel = await openPanel(browser, debugging, "about:blank");
  await page.goto(address);
  await page.getByRole("button").click();
  const output = page.locator("output:not(:empty)");
  await output.waitFor();
  const said = await output.textContent();
  if (said !== "running") throw new Error(said);
  await writeFile(ofPanel, await panel.evaluate(exported));
  await context.close();
});
