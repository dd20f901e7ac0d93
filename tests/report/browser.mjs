// Opens a report in Chromium and prints, as JSON, what a reader would meet. Argument after launch.mjs's: page.
import { axe, browser, rest } from "../helpers/launch.mjs";

const [page] = rest;
const address = `file://${page}`;
const seen = { requests: [], complaints: [], axe: {} };

const open = async (options) => {
  const tab = await (await browser.newContext(options)).newPage();
  tab.setDefaultTimeout(10000);
  tab.on("request", (request) => { if (request.url() !== address) seen.requests.push(request.url()); });
  tab.on("console", (message) => seen.complaints.push(message.text()));
  tab.on("pageerror", (error) => seen.complaints.push(error.message));
  await tab.goto(address);
  return tab;
};
const openDetails = (tab) => tab.evaluate(() => document.querySelectorAll("details").forEach((part) => { part.open = true; }));
const judge = async (tab) => {
  await openDetails(tab);
  await tab.evaluate(axe);
  const { violations } = await tab.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  return violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`);
};

let tab = await open({ viewport: { width: 1280, height: 900 } });
const table = tab.locator("#narratives table").first();
const heading = table.getByRole("columnheader", { name: "Support" });
const column = async () => [await heading.getAttribute("aria-sort"), await table.locator("td[data-label=Support]").allInnerTexts()];
seen.sorted = { before: await column() };
await heading.getByRole("button").click();
seen.sorted.click = await column();
await tab.keyboard.press("Enter");
seen.sorted.key = await column();

seen.closed = await tab.locator("#errors li").first().isVisible();
await tab.getByRole("link", { name: "The worst errors" }).focus();
await tab.keyboard.press("Enter");
const shown = async () => [await tab.locator("#errors [role=status]").innerText(), await tab.locator("#errors li:visible").allInnerTexts()];
await tab.locator("#errors li").first().waitFor();
const filters = tab.getByRole("search");
seen.errors = { all: await shown() };
await filters.getByLabel("Kind").selectOption("missed");
seen.errors.kind = await shown();
await filters.getByLabel("Narrative").selectOption("common");
seen.errors.narrative = await shown();
await filters.getByLabel("Run").selectOption({ label: "second" });
seen.errors.run = await shown();
await filters.getByLabel("Words").pressSequentially("COMMON  p065");
seen.errors.words = await shown();

seen.print = await tab.evaluate(() => new Promise((done) => {
  addEventListener("beforeprint", () => done(document.querySelectorAll("details:not([open])").length));
  dispatchEvent(new Event("beforeprint"));
}));
for (const colorScheme of ["light", "dark"]) {
  seen.axe[colorScheme] = await judge(await open({ colorScheme, viewport: { width: 1280, height: 900 } }));
}
tab = await open({ viewport: { width: 400, height: 900 } });
seen.axe.narrow = await judge(tab);
seen.width = await tab.evaluate(() => document.documentElement.scrollWidth);

tab = await open({ javaScriptEnabled: false });
await tab.locator("#errors summary").click();
seen.plain = { errors: await tab.locator("#errors li:visible").count(), filters: await tab.locator(".filters:visible").count() };
await browser.close();
console.log(JSON.stringify(seen));
