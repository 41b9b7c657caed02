// Opens the reports in a folder, and prints a line for each check. Ends with 1 if one fails.
// CHROMIUM FOLDER
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

// Packages are found by NODE_PATH, which `import` does not know.
const require = createRequire(import.meta.url);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

// The milliseconds that a report of 10,000 results may take to open.
const LIMIT = 1000;

const [executablePath, folder] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
let failed = false;

function check(name, holds, found = "") {
  console.log(holds ? `ok:      ${name}` : `FAILED:  ${name}: ${found}`);
  failed ||= !holds;
}

// Opens a report and does `work` with it. An error of the page fails.
async function open(report, work, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const errors = [];
  page.on("console", (said) => said.type() === "error" && errors.push(said.text()));
  page.on("pageerror", (error) => errors.push(error.message));
  await page.goto(pathToFileURL(`${folder}/${report}.html`).href);
  await work(page);
  check(`${report}: the page has no errors`, errors.length === 0, errors.join("; "));
  await context.close();
}

const picture = (page, name) => page.screenshot({ path: `${folder}/${name}.png` });

// `playwright` evaluates in a world of its own, which the policy of the page does not concern.
async function accessible(page, name) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const found = violations.map((it) => `${it.id} at ${it.nodes.slice(0, 3).map((node) => node.target).join(", ")}`);
  check(`${name}: axe finds nothing`, found.length === 0, found.join("; "));
}

const visible = (page, selector = "") => page.locator(`.part > li${selector}:not([hidden])`).count();

await open("passing", async (page) => {
  check("passing: nothing is drawn", (await page.locator(".sequence").count()) === 0);
  await accessible(page, "passing");
  await picture(page, "passing");
});

await open("failing", async (page) => {
  const all = await visible(page);
  const count = await visible(page, ".fail");
  check("failing: there are failures and passes", count > 0 && all > count, `${count} of ${all}`);
  await page.getByLabel("pass", { exact: true }).uncheck();
  check("failing: the verdict filters", (await visible(page)) === count, await visible(page));
  await page.getByLabel("pass", { exact: true }).check();
  await page.keyboard.press("Escape");
  await page.locator("body").press("/");
  await page.keyboard.type("notifications acknowledgement");
  check("failing: / leads to the search, whose words filter", (await visible(page)) === 1, await visible(page));
  await page.keyboard.press("Escape");
  check("failing: Escape shows everything", (await visible(page)) === all, await visible(page));
  await page.locator(".causes details").first().locator("summary").click();
  await page.locator(".causes a").first().click();
  check("failing: a cause leads to a result", (await page.locator(".part > li:target").count()) === 1);
  const row = page.locator(".part > li.fail > details").first();
  if (!(await row.evaluate((it) => it.open))) await row.locator("> summary").click();
  const arrow = row.locator(".sequence a.broken").first();
  const href = await arrow.getAttribute("href");
  await arrow.click();
  check("failing: an arrow leads to its message", await page.locator(href).evaluate((it) => it.open));
  const message = row.locator(".message:has(.body details)").first();
  await message.locator("> summary").click();
  const folded = message.locator(".body details").first();
  await folded.locator("> summary").click();
  check("failing: a body folds", !(await folded.evaluate((it) => it.open)));
  await accessible(page, "failing");
  await row.locator(".sequence").scrollIntoViewIfNeeded();
  await picture(page, "failing");
});

await open("injected", async (page) => {
  const kind = await page.locator("select[name=injected] option").nth(1).innerText();
  await page.locator("select[name=injected]").selectOption(kind);
  const shown = await visible(page);
  check("injected: the kind filters", shown > 0 && shown === (await visible(page, `[data-injected="${kind}"]`)), shown);
  await page.locator("select[name=injected]").selectOption("");
  for (const name of ["operation", "edition"]) {
    const value = await page.locator(`select[name=${name}] option`).nth(1).innerText();
    await page.locator(`select[name=${name}]`).selectOption(value);
    const shown = await visible(page);
    check(`injected: the ${name} filters`, shown > 0 && shown === (await visible(page, `[data-${name}="${value}"]`)), shown);
    await page.locator(`select[name=${name}]`).selectOption("");
  }
  await page.locator("#matrix + details > summary").click();
  await accessible(page, "injected");
  await page.locator("#matrix").evaluate((it) => it.scrollIntoView());
  await picture(page, "matrix");
  await page.locator(".matrix a.fail").first().click();
  check("injected: a cell leads to a result", (await page.locator(".part > li.fail:target > details[open]").count()) === 1);
  const marked = page.locator(".part > li:has(.sequence .injected) > details").first();
  check("injected: an injected message is marked", (await marked.count()) === 1);
  await marked.evaluate((it) => { it.open = true; });
  await marked.locator(".sequence").scrollIntoViewIfNeeded();
  await picture(page, "injected");
});

await open("failing", async (page) => {
  await accessible(page, "dark");
  await picture(page, "dark");
}, { colorScheme: "dark" });

await open("failing", async (page) => {
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  check("phone: the page is no wider than the screen", overflow <= 0, overflow);
  await accessible(page, "phone");
  await picture(page, "phone");
}, { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });

await open("failing", async (page) => {
  check("without script: the results are there", (await visible(page)) > 0);
  check("without script: there are no filters", !(await page.locator("#filters").isVisible()));
}, { javaScriptEnabled: false });

await open("recording", async (page) => {
  check("recording: its messages are drawn", (await page.locator(".sequence a").count()) > 0);
  await accessible(page, "recording");
  await picture(page, "recording");
});

for (const [name, options] of [
  ["drift", {}],
  ["drift-dark", { colorScheme: "dark" }],
  ["drift-phone", { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }],
]) {
  await open("drift", async (page) => {
    check(`${name}: a change is marked in both contracts`, await page.locator(".contract tr.changed").first().isVisible());
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    check(`${name}: the page is no wider than the screen`, overflow <= 0, overflow);
    await accessible(page, name);
    await picture(page, name);
  }, options);
}

await open("1000", (page) => picture(page, "1000"));

// Other work of the machine counts for the time on the clock, and not for that of the page's thread.
const times = [];
for (let round = 0; round < 3; round += 1) {
  const page = await browser.newPage();
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  await page.goto(pathToFileURL(`${folder}/10000.html`).href);
  const clock = await page.evaluate(() => performance.getEntriesByType("navigation")[0].domComplete);
  const { metrics } = await session.send("Performance.getMetrics");
  const thread = 1000 * metrics.find((it) => it.name === "TaskDuration").value;
  times.push({ clock: Math.round(clock), thread: Math.round(thread) });
  await page.close();
}
const best = times.sort((one, other) => one.thread - other.thread)[0];
const took = `${best.thread} ms of work, ${best.clock} ms on the clock`;
check(`10,000 results open within ${LIMIT} ms of work: ${took}`, best.thread <= LIMIT, "they take longer");

await browser.close();
process.exitCode = failed ? 1 : 0;
