// Orders that ring stand on every open page until a person has them. The server draws the bar; it is asked for anew
// when it is told of a change, and once in a while all the same.
import { live } from "./desk.js";

const bar = document.getElementById("orders-bar");
const POLL = 20_000; // an hour is short: what the feed misses is seen by this

async function refresh() {
  let response;
  try {
    response = await fetch("/orders?live=yes", { headers: { Accept: "text/html" }, cache: "no-store" });
  } catch {
    return; // no line: the feed says so
  }
  if (!response.ok || response.redirected) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("orders-bar");
  if (!fresh || fresh.dataset.all === bar.dataset.all) return;
  for (const back of fresh.querySelectorAll('[name="back"]')) back.value = location.pathname;
  const had = bar.contains(document.activeElement);
  bar.replaceChildren(...fresh.childNodes);
  bar.dataset.all = fresh.dataset.all;
  if (had) bar.querySelector("a, button")?.focus();
}

if (bar) {
  for (const type of ["order", "reset"]) live.on(type, refresh);
  setInterval(refresh, POLL);
}
