// The queue: rows by keys, selection, copies opened in place, new work as a button and never as a row that moves.
import { keys, live, say } from "./desk.js";

const list = document.querySelector(".queue");
const table = list?.querySelector('[data-testid="rows"]');
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const rowOf = (element) => element?.closest?.('[data-testid="row"]') ?? null;
const here = () => rowOf(document.activeElement);
const link = (row) => row.querySelector("[data-row]");

// Selection. The bar is there when something is selected.
const bar = document.getElementById("bulk-bar");
const everything = document.getElementById("bulk-all");
let from = null; // where a range begins

function show() {
  if (!bar) return;
  const count = all('[data-testid="select"]:checked', table).length;
  bar.hidden = !count && !everything.checked;
  const said = bar.querySelector("[data-selected]");
  said.textContent = everything.checked ? "" : said.dataset.said.replace("%s", count);
}

function select(row, yes) {
  const box = row.querySelector('[data-testid="select"]');
  if (box) box.checked = yes ?? !box.checked;
}

function selectHere() {
  const row = here();
  if (!row || !bar) return false;
  select(row);
  from = row;
  show();
}

function selectRange() {
  const row = here();
  if (!row || !bar) return false;
  const rows = all('[data-testid="row"]', table);
  const [first, last] = [rows.indexOf(from ?? row), rows.indexOf(row)].sort((a, b) => a - b);
  for (const one of rows.slice(Math.max(first, 0), last + 1)) select(one, true);
  from = row;
  show();
}

function selectAll() {
  if (!bar) return false;
  everything.checked = !everything.checked;
  show();
}

// Copies of a row, below it: the same page for their group, and its rows alone.
async function open(row) {
  const opener = row.querySelector("[data-opens-same]");
  if (!opener || opener.getAttribute("aria-expanded") === "true") return;
  opener.setAttribute("aria-expanded", "true");
  const answer = await fetch(opener.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) return opener.setAttribute("aria-expanded", "false");
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const members = all('[data-testid="row"]', page).filter((one) => one.dataset.id !== row.dataset.id);
  if (opener.getAttribute("aria-expanded") !== "true") return;
  row.after(
    ...members.map((one) => {
      const member = document.importNode(one, true);
      member.classList.add("member");
      member.dataset.of = row.dataset.id;
      return member;
    }),
  );
}

function close(row) {
  const of = row.dataset.of ?? row.dataset.id;
  const head = table.querySelector(`[data-id="${of}"]:not(.member)`);
  const opener = head?.querySelector("[data-opens-same]");
  if (opener?.getAttribute("aria-expanded") !== "true") return false;
  opener.setAttribute("aria-expanded", "false");
  link(head).focus();
  for (const member of all(`.member[data-of="${of}"]`, table)) member.remove();
  show();
}

const page = (way) => {
  const to = list.querySelector(`[data-page="${way}"]`);
  if (!to) return false;
  to.click();
};
const rtl = () => document.documentElement.dir === "rtl";

// An arrow towards the end of the line opens the copies of the row that has the focus, and one towards its
// beginning closes them; where there are none to open or close, they turn pages.
function forth() {
  const row = here();
  if (row?.querySelector('[data-opens-same][aria-expanded="false"]')) return void open(row);
  return page("next");
}
function back() {
  const row = here();
  if (row && close(row) !== false) return undefined;
  return page("previous");
}

// What happens elsewhere: a row that somebody takes or decides is dimmed and keeps its place.
function dim(row, text) {
  row.classList.toggle("dimmed", Boolean(text));
  const who = row.querySelector(".who");
  if (!who) return;
  who.dataset.before ??= who.textContent;
  who.textContent = text || who.dataset.before;
}

function changed({ id, state, held_by: held }) {
  const by = held?.replace(/^user:/, "") ?? "";
  for (const row of all(`[data-id="${CSS.escape(id ?? "")}"]`, table ?? list)) {
    if (state === "decided") dim(row, by ? table.dataset.decidedBy.replace("%s", by) : table.dataset.decided);
    else dim(row, by && by !== list.dataset.me ? table.dataset.taken.replace("%s", by) : "");
  }
  look();
}

const button = document.querySelector('[data-testid="new-items"]');
let timer = null;
// How many came since this page was drawn: asked once in a while, however much happens.
function look() {
  timer ??= setTimeout(async () => {
    timer = null;
    if (document.hidden) return void document.addEventListener("visibilitychange", look, { once: true });
    const asked = new URLSearchParams(list.dataset.filter);
    asked.set("since", list.dataset.at);
    const answer = await fetch(`/cases.json?${asked}`).catch(() => null);
    if (!answer?.ok) return;
    const { total } = await answer.json();
    const text = button.dataset.said.replace("%s", total);
    if (!total || button.textContent === text) return;
    button.textContent = text;
    if (button.hidden) say(text);
    button.hidden = false;
  }, 500);
}

function showNew() {
  if (!button || button.hidden) return false;
  forget();
  location.assign(list.dataset.filter ? `/cases?${list.dataset.filter}` : "/cases");
}

// Going back finds the page as it was left: scrolled, with the focus and the selection.
function remember() {
  if (!list) return;
  const selected = all('[data-testid="select"]:checked').map((box) => box.value);
  const focus = here()?.dataset.id ?? null;
  history.replaceState({ queue: { scroll: scrollY, focus, selected } }, "");
}
const forget = () => history.replaceState(null, "");

function restore() {
  const { queue: left } = history.state ?? {};
  if (!left) return;
  for (const box of all('[data-testid="select"]')) box.checked = left.selected.includes(box.value);
  const row = left.focus && table?.querySelector(`[data-id="${CSS.escape(left.focus)}"]`);
  // Once the page has drawn itself: until then the browser may still look for what has the focus first.
  if (row) requestAnimationFrame(() => requestAnimationFrame(() => link(row).focus({ preventScroll: true })));
  history.scrollRestoration = "manual";
  scrollTo(0, left.scroll);
}

if (list) {
  keys.on("x", "select the row", selectHere);
  keys.on("X", "select all rows up to it", selectRange);
  keys.on("*", "select all of this filter", selectAll);
  keys.on("ArrowRight", "open the copies, or the next page", () => (rtl() ? back() : forth()));
  keys.on("ArrowLeft", "close the copies, or the page before", () => (rtl() ? forth() : back()));
  keys.on(".", "show what is new", showNew);
  button.addEventListener("click", showNew);
  list.addEventListener("change", ({ target }) => {
    if (target.matches('[data-testid="select"]')) from = rowOf(target);
    show();
  });
  list.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens-same]");
    if (!opener || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const row = rowOf(opener);
    if (close(row) === false) open(row);
  });
  live.on("case", changed);
  live.on("queue", look);
  addEventListener("pagehide", remember);
  addEventListener("pageshow", ({ persisted }) => persisted && show());
  restore();
  show();
}
