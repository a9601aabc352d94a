// A draft of a pack: checked while one types, completed from what rules see, and its replay followed. All of
// it works by the page's own buttons, too.
import { csrf, say } from "./desk.js";
import { complete } from "./completing.js";

const form = document.getElementById("edit");
const area = form.elements.source;
const parsed = (html) => new DOMParser().parseFromString(html, "text/html");

// A part of the page in place of the one that is shown; what had the focus in it has it again.
function swap(id, page) {
  const [old, fresh] = [document.getElementById(id), page.getElementById(id)];
  if (!old || !fresh || old.isEqualNode(fresh)) return;
  const held = old.contains(document.activeElement);
  old.replaceWith(fresh);
  if (held) {
    fresh.tabIndex = -1;
    fresh.focus({ preventScroll: true });
  }
}

// What is wrong with the text as it stands, a second after the last key.
let asked = 0;
async function check() {
  const mine = ++asked;
  const fields = new URLSearchParams({ csrf: csrf(), revision: form.elements.revision.value, source: area.value });
  const answer = await fetch(`${form.getAttribute("action")}/check`, { method: "POST", body: fields }).catch(() => null);
  if (!answer?.ok || mine !== asked) return;
  const before = document.getElementById("diagnostics").dataset.count;
  swap("diagnostics", parsed(await answer.text()));
  const now = document.getElementById("diagnostics");
  if (now.dataset.count !== before) say(now.querySelector("h2").textContent);
}
let timer;
area.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(check, 1000);
});

// A problem's line leads to its place in the text.
document.addEventListener("click", (event) => {
  const place = event.target.closest("[data-goes-to]")?.closest("[data-line]");
  if (!place) return;
  event.preventDefault();
  const lines = area.value.split("\n");
  const line = Math.min(Number(place.dataset.line), lines.length);
  const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  const at = start + Math.min(Number(place.dataset.column) - 1, lines[line - 1].length);
  area.focus();
  area.setSelectionRange(at, at);
  area.scrollTop = (line - 5) * parseFloat(getComputedStyle(area).lineHeight);
});

// A replay is followed until it has ended; what it says comes as it goes on.
async function follow() {
  const shown = document.getElementById("replay-said");
  if (shown.dataset.state !== "running") return;
  const answer = await fetch(location.pathname).catch(() => null);
  if (answer?.ok) {
    const page = parsed(await answer.text());
    const was = [...shown.querySelectorAll("details")].filter((one) => one.open).map((one) => one.id);
    for (const one of page.querySelectorAll("#replay-said details")) one.open ||= was.includes(one.id);
    swap("replay-said", page);
    swap("in-the-way", page);
    const now = document.getElementById("replay-said");
    if (now.dataset.state !== "running") say(now.querySelector("h2").textContent);
  }
  setTimeout(follow, 1000);
}
setTimeout(follow, 1000);

complete(area, document.getElementById("completions"));
