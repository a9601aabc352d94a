// Files that are seen when they are asked for: one at a time (or a match with its entry), and no longer
// than the page. What was seen for how long goes into the person's own record.
import { csrf, keys } from "./desk.js";

const TILE = '[data-testid="media"]';
const tiles = () => [...document.querySelectorAll(TILE)].filter((tile) => tile.dataset.file && button(tile));
const button = (tile) => tile.querySelector('[data-testid="reveal"]');
const drawn = new WeakMap(); // what was fetched once is not fetched again
const since = new WeakMap();
let last = null; // the tile that had the focus
let counted = null; // the tile whose time counts
let held = null;

const now = () => performance.now() / 1000;

function picture(tile, address, alt) {
  const known = drawn.get(tile) ?? {};
  if (!known[address]) {
    const image = document.createElement("img");
    image.alt = alt;
    image.addEventListener("error", () => fail(tile, image));
    image.src = address;
    known[address] = image;
    drawn.set(tile, known);
  }
  return known[address];
}

// A file that cannot be drawn says so, and offers nothing that would have no effect.
function fail(tile, image) {
  if (!tile.contains(image)) return;
  const focused = tile.contains(document.activeElement);
  draw(tile, "hidden");
  const said = tile.querySelector("[data-failed]");
  const facts = tile.querySelector("[data-facts]");
  button(tile)?.closest("form").remove();
  if (facts) facts.hidden = true;
  if (said) {
    said.hidden = false;
    if (focused) said.focus();
  }
}

function draw(tile, state) {
  const control = button(tile);
  const before = tile.dataset.shown;
  const name = control?.dataset.show.replace(/^\S+\s/, "") ?? "";
  const pixels = tile.querySelector("[data-pixels]");
  if (state === "hidden") pixels.replaceChildren();
  else pixels.replaceChildren(picture(tile, state === "shown" ? tile.dataset.clear : tile.dataset.blurred, name));
  tile.dataset.shown = state;
  const open = state === "shown";
  if (control) {
    control.setAttribute("aria-label", open ? control.dataset.hide : control.dataset.show);
    control.querySelector("span").textContent = open ? control.dataset.hideWord : control.dataset.showWord;
  }
  if (open && before !== "shown") begin(tile);
  if (!open && before === "shown") end(tile);
}

function tell(tile, type, seconds) {
  const image = tile.querySelector("[data-pixels] img");
  tile.dispatchEvent(new CustomEvent(type, { bubbles: true, detail: { part: tile.dataset.part, seconds, image } }));
}

function begin(tile) {
  since.set(tile, now());
  count(tile);
  tell(tile, "media:shown", 0);
}

function end(tile) {
  const seconds = now() - (since.get(tile) ?? now());
  since.delete(tile);
  if (counted?.tile === tile) count(tiles().find((one) => one.dataset.shown === "shown") ?? null);
  tell(tile, "media:hidden", seconds);
}

// One file's time counts at a time, while the page can be seen.
function count(tile) {
  if (counted) {
    const seconds = now() - counted.from;
    const said = new URLSearchParams({ csrf: csrf(), file: counted.tile.dataset.file, seconds: seconds.toFixed(2) });
    if (seconds >= 0.05) navigator.sendBeacon("/me/exposure/seconds", said);
  }
  counted = tile && document.visibilityState === "visible" ? { tile, from: now() } : null;
}

const open = () => tiles().find((tile) => tile.dataset.shown === "shown") ?? null;

// A match and its entry are looked at as one.
function pair(tile) {
  const both = tile.closest(".pair");
  return both ? tiles().filter((one) => both.contains(one)) : [tile];
}

function show(tile) {
  const these = pair(tile);
  for (const other of tiles()) if (!these.includes(other) && other.dataset.shown === "shown" && other.dataset.rest !== "shown") draw(other, other.dataset.rest);
  for (const one of these) if (one.dataset.shown !== "shown") draw(one, "shown");
}

function hide(tile) {
  for (const one of pair(tile)) if (one.dataset.shown === "shown") draw(one, one.dataset.rest === "shown" ? "hidden" : one.dataset.rest);
}
const toggle = (tile) => (tile.dataset.shown === "shown" ? hide(tile) : show(tile));

// The one that has the focus, else had it last, else the first, or of a pair that is to be seen first.
function meant() {
  const here = document.activeElement?.closest(TILE) ?? last;
  return tiles().includes(here) ? here : (tiles().find((tile) => tile.closest("[data-first]")) ?? tiles()[0]);
}

function hold() {
  const tile = meant();
  if (!tile) return false;
  if (held || tile.dataset.shown === "shown") return;
  held = tile;
  show(tile);
}

function letGo() {
  const tile = held;
  held = null;
  if (tile?.dataset.shown === "shown") hide(tile);
}

keys.on("v", "show the file while it is held", hold);
keys.on("V", "show or hide the file", () => (meant() ? toggle(meant()) : false));
keys.on("g", "greyscale", () => {
  const all = [...document.querySelectorAll(TILE)];
  if (!all.length) return false;
  const grey = all[0].dataset.grey === "on" ? "off" : "on";
  for (const tile of all) tile.dataset.grey = grey;
});

document.addEventListener("keyup", (event) => {
  if (held && keys.name(event).toLowerCase() === "v") letGo();
});
addEventListener("blur", letGo);
document.addEventListener("focusin", ({ target }) => (last = target.closest(TILE) ?? last));
document.addEventListener("click", (event) => {
  const control = event.target.closest('[data-testid="reveal"]');
  const tile = control?.closest(TILE);
  if (!tile) return;
  event.preventDefault();
  toggle(tile);
});
document.addEventListener("visibilitychange", () => count(document.visibilityState === "visible" ? open() : null));
addEventListener("pagehide", () => count(null));
addEventListener("pageshow", (event) => {
  // A page that is come back to begins anew.
  if (event.persisted) for (const tile of tiles()) if (tile.dataset.shown !== tile.dataset.rest) draw(tile, tile.dataset.rest);
});
setInterval(() => counted && count(counted.tile), 30_000);

for (const tile of tiles()) {
  for (const image of tile.querySelectorAll("img")) {
    if (image.complete && !image.naturalWidth && image.currentSrc) fail(tile, image);
    else image.addEventListener("error", () => fail(tile, image));
  }
}
const first = open();
for (const tile of tiles()) if (tile.dataset.shown === "shown") since.set(tile, now());
count(first);
