// Opens the pages of a measured feed in Chromium and prints, as JSON, what a reader would meet. Arguments after launch.mjs's: pages.
import { basename } from "node:path";

import { axe, browser, rest } from "../helpers/launch.mjs";

const seen = { requests: [], complaints: [], axe: {}, beyond: {}, sorted: {} };
const looks = { light: { viewport: { width: 1280, height: 900 } }, dark: { colorScheme: "dark", viewport: { width: 1280, height: 900 } }, narrow: { viewport: { width: 400, height: 900 } } };

for (const page of rest) {
  const address = `file://${page}`;
  for (const [look, options] of Object.entries(looks)) {
    const name = `${basename(page, ".html")} ${look}`;
    const tab = await (await browser.newContext(options)).newPage();
    tab.setDefaultTimeout(20000);
    tab.on("request", (request) => { if (request.url() !== address) seen.requests.push(request.url()); });
    tab.on("console", (message) => seen.complaints.push(message.text()));
    tab.on("pageerror", (error) => seen.complaints.push(error.message));
    await tab.goto(address);
    await tab.evaluate(() => document.querySelectorAll("details").forEach((part) => { part.open = true; }));
    await tab.evaluate(axe);
    const { violations } = await tab.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
    seen.axe[name] = violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`);
    seen.beyond[name] = await tab.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (look === "light") {
      const heading = tab.locator("table.sortable thead button").last();
      if (await heading.count()) {
        await heading.click();
        seen.sorted[basename(page, ".html")] = await tab.locator("table.sortable thead th[aria-sort]").count();
      }
    }
  }
}
await browser.close();
console.log(JSON.stringify(seen));
