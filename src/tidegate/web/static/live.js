// What happens elsewhere, as it happens: one connection per browser. One tab holds it, by a lock that passes on
// when that tab goes, and tells the others. It carries ids and no content. `reset` says that something was left
// out: what a page shows may be old.
import { root } from "./dom.js";

const TYPES = ["case", "queue", "alert", "order", "session", "reset"];
const NAME = "tidegate-live";
const handlers = new Map(TYPES.map((type) => [type, new Set()]));
const channel = "BroadcastChannel" in window ? new BroadcastChannel(NAME) : null;
let source = null;
let heard = false; // anything, from whichever tab
let wait = 1000;

// A handler for events of a type; it gets {id, …}. Returns how to end it.
export function on(type, handler) {
  handlers.get(type).add(handler);
  return () => handlers.get(type).delete(handler);
}

export function dispatch(type, data) {
  for (const handler of handlers.get(type) ?? []) handler(data);
}

let lostTimer = null;
function state(now) {
  clearTimeout(lostTimer);
  lostTimer = null;
  const before = root.dataset.live;
  root.dataset.live = now;
  const bar = document.getElementById("live-lost");
  if (!bar) return;
  bar.hidden = now !== "lost";
  if (now !== "lost" || before === "lost") return;
  const place = bar.querySelector("[data-said]");
  // The server's way of writing it: the same digits in every language, and the clock of the person's zone.
  const time = new Date().toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: root.dataset.zone });
  place.textContent = place.dataset.said.replace("%s", time);
}

function tell(message) {
  channel?.postMessage(message);
  hear(message);
}

function hear(message) {
  if (message.state) state(message.state);
  if (message.type) {
    heard = true;
    dispatch(message.type, message.data);
  }
  if (message.ask && source) channel.postMessage({ state: root.dataset.live });
}

function connect() {
  source = new EventSource(root.dataset.events);
  source.onopen = () => {
    wait = 1000;
    tell({ state: "on" });
    // A connection of our own knows nothing of what was told between two of them.
    if (heard) tell({ type: "reset", data: {} });
    heard = true;
  };
  source.onerror = () => {
    // A short break mends itself; only what stays is said.
    lostTimer ??= setTimeout(() => tell({ state: "lost" }), 4000);
    if (source.readyState !== EventSource.CLOSED) return;
    setTimeout(connect, wait);
    wait = Math.min(wait * 2, 30_000);
  };
  for (const type of TYPES) {
    source.addEventListener(type, (event) => tell({ type, data: event.data ? JSON.parse(event.data) : {} }));
  }
}

function disconnect() {
  source?.close();
  source = null;
}

export function start() {
  if (!root.dataset.events) return;
  channel?.addEventListener("message", ({ data }) => hear(data));
  if (navigator.locks && channel) {
    channel.postMessage({ ask: true });
    navigator.locks.request(NAME, () => new Promise(connect));
    return;
  }
  // Where tabs cannot agree, only the one that is looked at is live.
  const look = () => (document.hidden ? disconnect() : source || connect());
  document.addEventListener("visibilitychange", look);
  look();
}
