
"use strict";
// A table sorts by the column whose heading is pressed; pressed again, the other way round.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  table.classList.add("cards");
  for (const cell of table.querySelectorAll("td")) cell.dataset.label = heads[cell.cellIndex].textContent;
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const order = head.getAttribute("aria-sort");
      const up = order ? order === "descending" : column === 0;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const key = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
      const rows = [...table.tBodies[0].rows].sort((a, b) => {
        const [x, y] = [key(a), key(b)];
        return isNaN(x) || isNaN(y) ? x.localeCompare(y) : x - y;
      });
      table.tBodies[0].append(...(up ? rows : rows.reverse()));
    });
  });
}
// On narrow screens tables are laid out as cards, for which some browsers forget that they are tables.
for (const [selector, role] of [["table", "table"], ["thead, tbody", "rowgroup"], ["tr", "row"], ["td", "cell"]]) {
  for (const element of document.querySelectorAll(selector)) element.setAttribute("role", role);
}
for (const head of document.querySelectorAll("th")) {
  head.setAttribute("role", head.closest("thead") ? "columnheader" : "rowheader");
}
// The errors that have the chosen narrative, kind and run and hold every word typed.
const filters = document.querySelector(".filters");
if (filters) {
  const errors = [...document.querySelectorAll(".errors > li")];
  const texts = errors.map((error) => error.textContent.toLowerCase());
  const filter = () => {
    const words = filters.querySelector("input").value.toLowerCase().split(/\s+/);
    const choices = [...filters.querySelectorAll("select")].filter((select) => select.value);
    errors.forEach((error, k) => {
      error.hidden = !choices.every((select) => error.dataset[select.name] === select.value) || !words.every((word) => texts[k].includes(word));
    });
    const shown = errors.filter((error) => !error.hidden).length;
    filters.querySelector("[role=status]").textContent = `${shown} of ${errors.length} shown`;
  };
  filters.hidden = false;
  filters.addEventListener("input", filter);
  filter();
}
// A link opens what it leads to; paper shows everything.
const reveal = () => {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  if (target) target.querySelectorAll("section > details").forEach((part) => { part.open = true; });
};
addEventListener("hashchange", reveal);
reveal();
let closed = [];
addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("details:not([open])")];
  closed.forEach((part) => { part.open = true; });
});
addEventListener("afterprint", () => closed.forEach((part) => { part.open = false; }));
