"use strict";
// Labelling by keyboard. Everything is an ordinary form: without this script it works by mouse.
const form = document.getElementById("decide");
const undo = document.getElementById("undo");
const told = document.getElementById("told");
const STANCES = { a: "asserts", r: "reports", b: "rebuts" };
const PAUSE = 700; // milliseconds in which a second digit belongs to the first
const rows = form ? [...form.querySelectorAll("li.choice")] : [];
const none = document.getElementById("none");
let current = null;
let digits = "";
let timer = 0;
let skipping = false; // whether the note says why the text is skipped
let sent = false;

const box = (row) => row.querySelector("input");
const show = (row) => {
  current = row;
  rows.forEach((other) => other.classList.toggle("current", other === row));
  for (const entry of document.querySelectorAll(".codebook-entry")) entry.hidden = !row || entry.dataset.entry !== row.dataset.id;
  document.getElementById("no-entry").hidden = Boolean(row);
  if (row) row.scrollIntoView({ block: "nearest" });
};
const mark = (row) => {
  row.classList.toggle("chosen", box(row).checked);
  if (!box(row).checked) row.querySelector("select").value = "";
  if (box(row).checked) none.checked = false;
};
const toggle = (row) => {
  box(row).checked = !box(row).checked;
  mark(row);
  show(row);
};
const chooseNone = (on) => {
  none.checked = on;
  if (on) rows.forEach((row) => { box(row).checked = false; mark(row); });
};
const takeDigits = () => {
  clearTimeout(timer);
  const row = rows[Number(digits) - 1];
  digits = "";
  if (row) toggle(row); else told.textContent = "There is no narrative of that number.";
};
const press = (digit) => {
  told.textContent = "";
  if (!digits && digit === "0") { chooseNone(!none.checked); show(null); return; }
  digits += digit;
  clearTimeout(timer);
  if (Number(digits) * 10 > rows.length) takeDigits(); else timer = setTimeout(takeDigits, PAUSE);
};
const takeSide = (button) => {
  const labels = JSON.parse(button.dataset.labels);
  rows.forEach((row) => {
    box(row).checked = row.dataset.id in labels;
    mark(row);
    row.querySelector("select").value = labels[row.dataset.id] ?? "";
  });
  none.checked = Object.keys(labels).length === 0;
  show(rows.find((row) => row.dataset.id in labels) ?? null);
};
const save = () => {
  if (digits) takeDigits();
  if (!none.checked && !rows.some((row) => box(row).checked)) { told.textContent = "Choose what it carries, or 0 for none."; return; }
  form.requestSubmit(form.querySelector("button[value=decide]"));
};
const keys = (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || sent) return;
  const typing = event.target.matches("input:not([type=checkbox]), textarea");
  if (typing) {
    if (event.key === "Escape") event.target.blur();
    if (event.key === "Enter" && event.target.id === "note") { event.preventDefault(); if (skipping) form.requestSubmit(document.getElementById("skip")); else event.target.blur(); }
    return;
  }
  if (event.key === "u") { undo.requestSubmit(); return; }
  if (!form) return;
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code)?.[1] ?? (/^\d$/.test(event.key) ? event.key : undefined);
  const sides = form.querySelectorAll(".side");
  if (digit !== undefined && event.shiftKey) { if (sides[digit - 1]) takeSide(sides[digit - 1]); return; }
  if (digit !== undefined) { event.preventDefault(); press(digit); return; }
  if (event.target.matches("button, a, summary") && event.key === "Enter") return;
  if (event.key in STANCES && current && !event.target.matches("select")) {
    if (digits) takeDigits();
    box(current).checked = true;
    mark(current);
    current.querySelector("select").value = STANCES[event.key];
  } else if (event.key === "Enter") { event.preventDefault(); save(); }
  else if (event.key === "s" || event.key === "n") { event.preventDefault(); skipping = event.key === "s"; document.getElementById("note").focus(); }
  else if (event.key === "g") document.getElementById("guess")?.click();
  else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !event.target.matches("select")) {
    event.preventDefault();
    const place = rows.indexOf(current) + (event.key === "ArrowDown" ? 1 : -1);
    if (rows[place]) show(rows[place]);
  }
};
document.addEventListener("keydown", keys);
for (const each of [form, undo]) each?.addEventListener("submit", (event) => { if (sent) event.preventDefault(); sent = true; });
if (form) {
  rows.forEach((row) => {
    box(row).addEventListener("change", () => { mark(row); show(row); });
    row.addEventListener("mouseenter", () => show(row));
    row.querySelector("select").addEventListener("change", (event) => { if (event.target.value) { box(row).checked = true; mark(row); } });
    mark(row);
  });
  none.addEventListener("change", () => chooseNone(none.checked));
  form.querySelectorAll(".side").forEach((button) => button.addEventListener("click", () => takeSide(button)));
  addEventListener("pageshow", () => { sent = false; });
}
