// An alert on every open page as soon as it rings, and gone from all as soon as somebody acknowledged it.
// The server draws the bar; here it is asked for anew when something has changed.
import { live, say } from "./desk.js";

const bar = document.getElementById("alerts");
// One that rings anew calls anew: it is known by how often it rang.
const rings = () => bar?.dataset.all.split(" ").filter(Boolean) ?? [];
let known = new Set(rings());

// The title says how many ring, so that a tab in the background says it too.
const prefix = () => (bar?.dataset.title ? `${bar.dataset.title} · ` : "");
const plain = document.title.startsWith(prefix()) ? document.title.slice(prefix().length) : document.title;
const entitle = () => (document.title = prefix() + plain);

let asking = null;
let again = false;
async function refresh() {
  if (!bar) return; // a page that stands alone, as what is not there does
  if (asking) {
    again = true;
    return;
  }
  asking = fetch("/alerts", { headers: { Accept: "text/html" }, cache: "no-store" });
  try {
    const response = await asking;
    if (response.ok && !response.redirected) replace(new DOMParser().parseFromString(await response.text(), "text/html").getElementById("alerts"));
  } catch {
    // No line: the feed says so, and asks again when it is back.
  }
  asking = null;
  if (again) {
    again = false;
    refresh();
  }
}

function replace(fresh) {
  if (!fresh) return;
  const had = bar.contains(document.activeElement);
  for (const back of fresh.querySelectorAll('[name="back"]')) back.value = location.pathname;
  for (const link of fresh.querySelectorAll("[data-case]")) {
    link.hidden = link.getAttribute("href") === location.pathname;
    link.nextElementSibling.hidden = !link.hidden; // "this case"
  }
  const open = bar.querySelector("details")?.open;
  bar.replaceChildren(...fresh.childNodes);
  const others = bar.querySelector("details");
  if (open && others) others.open = true;
  bar.dataset.title = fresh.dataset.title;
  bar.dataset.all = fresh.dataset.all;
  entitle();
  const now = rings();
  if (now.some((id) => !known.has(id))) call(now.filter((id) => !known.has(id)));
  known = new Set(now);
  if (had) bar.querySelector("a, button")?.focus();
}

// Sound and a notice of the system, for those who want them, and by one of their tabs.
function call(ids) {
  const calls = (lock) => {
    if (!lock) return null;
    if (bar.dataset.sound === "yes") beep();
    const text = bar.querySelector("[data-said]")?.textContent.trim();
    if (bar.dataset.system === "yes" && "Notification" in window && Notification.permission === "granted") new Notification(text, { tag: ids[0] });
    return new Promise((done) => setTimeout(done, 3000));
  };
  if (navigator.locks) navigator.locks.request("tidegate-alert", { ifAvailable: true }, calls);
  else calls(true);
}

function beep() {
  const audio = new AudioContext();
  const [tone, loudness] = [audio.createOscillator(), audio.createGain()];
  tone.connect(loudness).connect(audio.destination);
  loudness.gain.setValueAtTime(0.15, audio.currentTime);
  for (const [step, pitch] of [660, 880, 660, 880].entries()) tone.frequency.setValueAtTime(pitch, audio.currentTime + step * 0.2);
  tone.start();
  tone.stop(audio.currentTime + 0.8);
  tone.onended = () => audio.close();
}

if (bar) {
  live.on("alert", refresh);
  live.on("reset", refresh);
  bar.addEventListener("sent", (event) => {
    // Who comes second goes where it says who was first.
    if (event.detail.location.endsWith("-before")) return;
    event.preventDefault();
    refresh().then(() => say(bar.dataset.heard));
  });
}

// Asked on the page of the settings alone, and when the person wants it.
document.addEventListener("change", ({ target }) => {
  if (target.name === "alert_system" && target.checked && "Notification" in window) Notification.requestPermission();
});
