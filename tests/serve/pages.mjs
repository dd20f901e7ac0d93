// Uses the pages of a server in Chromium and prints, as JSON, what a person would meet. Argument after launch.mjs's: address.
import { readFileSync } from "node:fs";

import { axe, browser, rest } from "../helpers/launch.mjs";

const [base] = rest;
const seen = { outside: [], complaints: [], axe: {}, width: {} };

const open = async (path, options) => {
  const tab = await (await browser.newContext(options)).newPage();
  tab.setDefaultTimeout(60000);
  tab.on("request", (request) => { if (!request.url().startsWith(base) && !request.url().startsWith("data:")) seen.outside.push(request.url()); });
  tab.on("console", (message) => seen.complaints.push(message.text()));
  tab.on("pageerror", (error) => seen.complaints.push(error.message));
  await tab.goto(base + path);
  return tab;
};
const judge = async (tab, name) => {
  await tab.evaluate(() => document.querySelectorAll("details").forEach((part) => { part.open = true; }));
  await tab.evaluate(axe);
  const { violations } = await tab.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  seen.axe[name] = violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`);
  seen.width[name] = await tab.evaluate(() => document.documentElement.scrollWidth - innerWidth);
};
const looks = { light: { viewport: { width: 1280, height: 900 } }, dark: { colorScheme: "dark", viewport: { width: 1280, height: 900 } }, narrow: { viewport: { width: 400, height: 900 } } };
const call = async (tab, name) => {
  await tab.getByLabel("Your name").fill(name);
  await tab.getByRole("button", { name: "That is me" }).click();
  await tab.getByRole("button", { name: "Change" }).waitFor();
};

// Try: a text is pasted, a file is dropped.
let tab = await open("/", looks.light);
const area = tab.getByLabel("The text");
await area.fill("market tekram toll arketmarket");
await tab.keyboard.press("Control+Enter");
await tab.locator(".reading").waitFor();
seen.try = { claims: await tab.locator(".claim h4").allInnerTexts(), marks: await tab.locator("blockquote mark").allInnerTexts(), score: await tab.locator(".score").first().innerText(), near: await tab.locator("section[aria-label='Labelled passages'] article").count() };
await tab.goto(base + "/");
await tab.evaluate(() => {
  const carried = new DataTransfer();
  carried.items.add(new File(["dropped toll text"], "drop.txt", { type: "text/plain" }));
  document.getElementById("paste").dispatchEvent(new DragEvent("drop", { dataTransfer: carried, bubbles: true, cancelable: true }));
});
await tab.locator("#told:not(:empty)").waitFor();
seen.try.dropped = await area.inputValue();

// Answers: filtered by mouse, exported.
tab = await open("/answers", looks.light);
await tab.getByRole("button", { name: "Show" }).waitFor();
seen.answers = { all: await tab.getByRole("status").innerText() };
await tab.getByLabel("Narrative").selectOption("toll");
await tab.getByLabel("Words").fill("harbour");
await tab.getByRole("button", { name: "Show" }).click();
await tab.locator("[role=status]", { hasText: "hold" }).waitFor();
seen.answers.filtered = await tab.getByRole("status").innerText();
seen.answers.texts = await tab.locator("blockquote").allInnerTexts();
const [file] = await Promise.all([tab.waitForEvent("download"), tab.getByRole("link", { name: "Export as CSV" }).click()]);
seen.answers.rows = readFileSync(await file.path(), "utf8").trim().split("\r\n").length - 1;

// Label: two people on one queue, fifty texts by keyboard alone, the last one undone and decided anew.
const ana = await open("/label", looks.light);
await call(ana, "Ana");
const ben = await open("/label", looks.light);
await call(ben, "Ben");
const readers = [ana, ben];
for (const reader of readers) await reader.goto(base + "/label/unlabelled");
const shown = (reader) => reader.locator(".reading-text").innerText();
const next = async (reader, act) => {
  const before = await reader.locator("#decide input[name=key]").inputValue();
  await act();
  await reader.waitForFunction((key) => document.querySelector("input[name=key]") && document.querySelector("input[name=key]").value !== key, before);
};
const press = async (reader, ...keys) => { for (const key of keys) await reader.keyboard.press(key); };
seen.label = { texts: [] };
for (let k = 0; k < 50; k += 1) {
  const reader = readers[k % 2];
  seen.label.texts.push(await shown(reader));
  await next(reader, () => press(reader, ...[["1", "a"], ["2", "r"], ["0"], ["1", "2", "b"], ["1", "r"]][k % 5], "Enter"));
}
await next(ana, () => press(ana, "u"));
seen.label.again = await shown(ana);
await press(ana, "2");
seen.label.entry = await ana.locator(".codebook-entry:visible").innerText();
await press(ana, "b");
await next(ana, () => press(ana, "Enter"));
await press(ana, "Enter");
seen.label.refused = await ana.locator("#told").innerText();
await press(ana, "g");
await ana.locator("#guess", { hasText: "Hide" }).waitFor();
seen.label.guess = await ana.getByText("The model:").count();
await press(ana, "s");
await ana.keyboard.type("no text");
await next(ana, () => press(ana, "Enter"));
await ana.goto(base + "/label");
seen.label.counts = await ana.locator("section[aria-label='Unlabelled passages'] p").first().innerText();
await ana.getByRole("button", { name: "into the labels" }).click();
await ana.getByText("filled in or decided").waitFor();
seen.label.told = await ana.locator(".note").innerText();

// Without a script the same forms work by mouse.
const plain = await open("/label", { ...looks.light, javaScriptEnabled: false });
await call(plain, "Cem");
await plain.goto(base + "/label/unlabelled");
const first = await shown(plain);
await plain.getByLabel("none of them").check();
await plain.getByRole("button", { name: "Save, next" }).click();
await plain.locator(".reading-text", { hasNotText: first }).waitFor();
seen.plain = await plain.getByText("decided. You are Cem").innerText();

// How every page looks, while something stands on it.
for (const [look, options] of Object.entries(looks)) {
  tab = await open("/", options);
  await tab.getByLabel("The text").fill("market tekram toll arketmarket");
  await tab.getByRole("button", { name: "Read it" }).click();
  await tab.locator(".reading").waitFor();
  await judge(tab, `try ${look}`);
  for (const [name, path] of Object.entries({ answers: "/answers?narrative=toll", api: "/api", models: "/models", promote: "/models/base/promote", problem: "/nowhere" })) {
    await tab.goto(base + path);
    await judge(tab, `${name} ${look}`);
  }
  await tab.goto(base + "/label");
  await call(tab, `Reader ${look}`);
  await judge(tab, `label ${look}`);
  await tab.goto(base + "/label/unlabelled?guess=1");
  await tab.keyboard.press("1");
  await tab.locator(".codebook-entry:visible").waitFor();
  await judge(tab, `text ${look}`);
}

// A report in its own room, and a promotion that is asked for twice.
tab = await open("/reports/base/report.html", looks.light);
seen.report = { sorted: await tab.locator("th button").count(), framed: await tab.evaluate(() => origin) };
tab = await open("/models", looks.light);
await tab.getByRole("link", { name: "Promote" }).click();
await tab.getByRole("button", { name: "Promote it all the same" }).click();
await tab.getByLabel("Type the name").fill("base");
await tab.getByRole("button", { name: "Promote base" }).click();
for (let k = 0; k < 300 && !(await tab.getByText("promotion done").count()); k += 1) {
  await tab.waitForTimeout(200);
  await tab.goto(base + "/models");
}
seen.promoted = await tab.locator(".note").first().innerText();
await browser.close();
console.log(JSON.stringify(seen));
