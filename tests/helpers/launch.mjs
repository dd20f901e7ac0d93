// Starts Chromium for the scripts that try pages. Arguments of each: node_modules, chromium, then its own: `rest`.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [modules, executablePath, ...own] = process.argv.slice(2);
const { chromium } = createRequire(`${modules}/`)("playwright-core");
const quiet = ["--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
export const rest = own;
export const axe = readFileSync(`${modules}/axe-core/axe.min.js`, "utf8");
export const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--headless", ...quiet] }).catch((error) => {
  console.error(error.message.split("\n")[0]);
  process.exit(3); // which tests take for "no browser here"
});
