// Which key was pressed, on any layout, and whether it may act now. What keys there are stands in the
// server's one table; what they do, in elements with data-key and in handlers of the page's scripts.
import { all, root, writing, usable, rest, lost } from "./dom.js";

const handlers = new Map();
const UNHEARD = 1000; // ms without a key after which somebody has seen what changed
let typed = -UNHEARD; // when a key was last pressed in a field
let paused = false;
let before = null; // what had the focus before a field took it

// Single keys can be switched off (WCAG 2.1.4): speech input would press them by accident.
export const enabled = () => root.dataset.singleKeys !== "off";
function show() {
  root.dataset.keys = enabled() ? "on" : "off";
  for (const box of all("[data-keys-switch]")) box.checked = enabled();
}

// The key as it is called here: by what it writes, or where that is no Latin letter, digit or sign of
// ours, by its place: an Arabic keyboard's first letter is "a", a French one's "&" is "1".
export function name(event) {
  const { key, code, shiftKey } = event;
  if (/^[a-z]$/i.test(key)) return shiftKey ? key.toUpperCase() : key.toLowerCase();
  if (/^[0-9/?.*]$/.test(key) || key.length > 1) return key;
  const place = /^(?:Key([A-Z])|(?:Digit|Numpad)([0-9]))$/.exec(code);
  if (place) return place[2] ?? (shiftKey ? place[1] : place[1].toLowerCase());
  return { Slash: shiftKey ? "?" : "/", Period: "." }[code] ?? key;
}

// A handler for a key. What does it is said in `label`, for whoever reads the page's script. One that gives
// false has not acted: an older one, or an element, may. `repeat`: it also acts while the key is held.
export function on(key, label, handler, { repeat = false } = {}) {
  const known = handlers.get(key) ?? [];
  handlers.set(key, [{ handler, repeat, label }, ...known]);
}

// Whether single keys act at this moment: not in a field, not beneath a dialog.
export const active = (event) =>
  enabled() && !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing && !writing(event.target);

const layer = () => all("dialog[open], [popover]:popover-open").at(-1);

// A key presses the element that carries it: a link or button is followed, a choice is made, a field entered.
export function press(element) {
  element.focus();
  if (element.matches("input[type=radio]")) {
    element.checked = true;
    element.dispatchEvent(new Event("input", { bubbles: true }));
    element.dispatchEvent(new Event("change", { bubbles: true }));
  } else if (!writing(element)) {
    element.click();
  }
}

function act(key, event) {
  const above = layer();
  if (!above) {
    for (const { handler, repeat } of handlers.get(key) ?? []) {
      if (event.repeat && !repeat) return true;
      if (handler(event) !== false) return true;
    }
  }
  const element = all("[data-key]", above ?? document).find((one) => one.dataset.key === key && usable(one));
  if (!element) return false;
  if (!event.repeat && !root.dataset.leaving) press(element);
  return true;
}

// In a list, j and k move through the rows; Enter opens the one that has the focus, as it does any link.
function move(step) {
  const links = all("[data-row]").filter(usable);
  if (!links.length) return false;
  const here = links.indexOf(document.activeElement);
  const next = here < 0 ? (step > 0 ? 0 : links.length - 1) : here + step;
  links[Math.max(0, Math.min(links.length - 1, next))].focus();
}

// Out of a field, back to where the focus was.
function leave(field) {
  field.blur();
  if (before && usable(before)) before.focus({ preventScroll: true });
  if (lost()) rest();
}

function pressed(event) {
  const { target } = event;
  if (event.isComposing) return;
  const modified = event.ctrlKey || event.metaKey;
  if (event.key === "Enter" && modified && target.form && writing(target)) {
    event.preventDefault();
    if (!event.repeat) target.form.requestSubmit();
  } else if (event.key === "Escape") {
    if (writing(target) && !target.closest("dialog")) leave(target);
    else if (!layer()) act("Esc", event);
  } else if (modified && !event.altKey && name(event) === "k" && !writing(target)) {
    event.preventDefault();
    if (!layer()) act("Ctrl k", event);
  } else if (active(event) && act(name(event), event)) {
    event.preventDefault();
  }
}

// The page has taken the focus from somebody's field: while they go on typing their keys press nothing.
export function pause() {
  paused = true;
}

function hear(event) {
  const typing = event.timeStamp - typed < UNHEARD;
  if (paused && typing) {
    event.preventDefault();
    event.stopImmediatePropagation();
  } else paused = false;
  if (paused || writing(event.target)) typed = event.timeStamp;
}

export function open(id) {
  const dialog = document.getElementById(id);
  if (dialog && !dialog.open) dialog.showModal();
}

// `keep` keeps for the person whether single keys act.
export function start(keep) {
  on("?", "the sheet of keys", () => open("keys"));
  on("j", "next row", () => move(1), { repeat: true });
  on("k", "previous row", () => move(-1), { repeat: true });
  document.addEventListener("keydown", hear, true);
  document.addEventListener("keydown", pressed);
  document.addEventListener("focusin", ({ target }) => {
    if (!writing(target)) before = target;
  });
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) {
      event.preventDefault();
      open(opener.dataset.opens);
    } else if (event.target.matches("dialog")) event.target.close();
  });
  // A dialog gives the focus back by itself; what it came from may be gone.
  document.addEventListener("close", () => lost() && rest(), true);
  document.addEventListener("change", ({ target }) => {
    if (!target.matches("[data-keys-switch]")) return;
    root.dataset.singleKeys = target.checked ? "on" : "off";
    show();
    keep(target.checked);
  });
  for (const element of all("[data-with-script]")) element.hidden = false;
  show();
}
