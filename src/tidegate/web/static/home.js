// Home as it is now: figures change in place, nothing moves, and the focus stays where it is. What is new in
// a list is offered, and never put under somebody's hand.
import { live } from "./desk.js";

const PAUSE = 3000; // between two looks, however much happens
let due = 0;
let timer = null;

const figures = (within) => new Map([...within.querySelectorAll("[data-figure]")].map((one) => [one.dataset.figure, one]));

async function refresh() {
  timer = null;
  due = performance.now() + PAUSE;
  let response;
  try {
    response = await fetch("/", { headers: { Accept: "text/html" }, cache: "no-store" });
  } catch {
    return; // no line: the feed says so
  }
  if (!response.ok || response.redirected) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  const now = figures(fresh);
  for (const [name, one] of figures(document)) {
    const other = now.get(name);
    if (other && other.textContent !== one.textContent) one.replaceChildren(...other.childNodes);
  }
  const part = (within) => within.querySelector('[data-part="urgent"]');
  const changed = part(document)?.querySelector("[data-changed]");
  if (changed) changed.hidden = part(fresh)?.dataset.ids === part(document).dataset.ids;
}

function soon() {
  timer ??= setTimeout(refresh, Math.max(200, due - performance.now()));
}

for (const type of ["queue", "alert", "reset"]) live.on(type, soon);
