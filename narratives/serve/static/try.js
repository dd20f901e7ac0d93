"use strict";
// A file that is dropped on the form becomes its text; it is read here and sent only when the button is pressed.
const form = document.getElementById("paste");
const area = document.getElementById("text");
const told = document.getElementById("told");
const longest = Number(area.dataset.longest); // no `maxlength`: browsers cut what is pasted without a word
const check = () => {
  told.textContent = area.value.length > longest ? `${area.value.length} characters; at most ${longest} here: take narratives classify.` : "";
};
const take = async (file) => {
  if (!file) return;
  if (file.size > 4 * longest) { told.textContent = `${file.name} is too large for this page; use narratives classify.`; return; }
  try {
    area.value = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
    check();
    told.textContent ||= `${file.name}: ${area.value.length} characters.`;
  } catch {
    told.textContent = `${file.name} is no text in UTF-8; save it as such.`;
  }
};
for (const name of ["dragover", "dragleave", "drop"]) {
  form.addEventListener(name, (event) => {
    event.preventDefault();
    form.classList.toggle("over", name === "dragover");
    if (name === "drop") take(event.dataTransfer.files[0]);
  });
}
area.addEventListener("input", check);
area.addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit(); });
