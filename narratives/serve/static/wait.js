"use strict";
// The page opens by itself once the index is complete.
const told = document.getElementById("told");
const look = async () => {
  const answer = await fetch(`/answers/progress${location.search}`).then((response) => response.json()).catch(() => null);
  if (answer && (answer.ready || answer.problem)) { location.reload(); return; }
  if (answer && answer.total) told.textContent = `${answer.done.toLocaleString("en")} of ${answer.total.toLocaleString("en")} rows`;
  setTimeout(look, 1000);
};
if (told) setTimeout(look, 1000);
