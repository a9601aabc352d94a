// The session: a warning before it ends, and when it has ended a sign-in over the page, so that what was
// typed stays and goes on.
import { all, say } from "./dom.js";
import * as live from "./live.js";
import { send } from "./send.js";

const WARNED = 300; // seconds before its end
const channel = "BroadcastChannel" in window ? new BroadcastChannel("tidegate-session") : null;
const dialog = () => document.getElementById("sign-in-again");
const warning = () => document.getElementById("session-warning");
let ends = null; // by performance.now(), which no clock moves
let timer;
let waiting = null; // {promise, resolve} of whoever needs a session

// What the server says of who we are: {name, csrf, ends_in}, or {token} for a stranger.
const ask = async () => (await fetch("/sign-in/index.json", { headers: { Accept: "application/json" }, cache: "no-store" })).json();

function until(seconds) {
  ends = performance.now() + seconds * 1000;
  look();
}

function look() {
  clearTimeout(timer);
  if (ends === null) return;
  const left = (ends - performance.now()) / 1000;
  warning().hidden = left > WARNED || left <= 0;
  if (left <= 0) over();
  else timer = setTimeout(look, Math.min((left > WARNED ? left - WARNED : left) * 1000 + 50, 3600_000));
}

// It may have been renewed elsewhere: only the server knows.
async function over() {
  ends = null;
  try {
    if (!(await renew())) signInAgain();
  } catch {
    ends = performance.now() + 5000; // no line: look again
    timer = setTimeout(look, 5000);
  }
}

// Take what a sign-in gave. False: somebody else's, or nobody's.
function take(answer) {
  if (!answer.csrf || answer.name !== dialog()?.dataset.name) return false;
  for (const field of all('input[name="csrf"]')) field.value = answer.csrf;
  until(answer.ends_in);
  if (dialog().open) dialog().close();
  waiting?.resolve(true);
  waiting = null;
  return true;
}

// The session as it is now: another tab may have signed in again. True: there is one, of the same person.
export async function renew() {
  return take(await ask());
}

// Resolves to true when there is a session again, to false when the dialog was left.
export function signInAgain() {
  const over = dialog();
  if (!over) {
    location.assign("/sign-in");
    return new Promise(() => {});
  }
  if (!waiting) {
    waiting = {};
    waiting.promise = new Promise((resolve) => (waiting.resolve = resolve));
    warning().hidden = true;
    complain("");
    over.showModal();
    over.querySelector('[name="password"]').focus();
  }
  return waiting.promise;
}

function complain(text) {
  const place = dialog().querySelector("[data-said]");
  place.textContent = text;
  place.hidden = !text;
}

async function signIn(form) {
  const { token } = await ask();
  if (!token) return void (await renew());
  const fields = new URLSearchParams(new FormData(form));
  fields.set("token", token);
  const response = await fetch("/sign-in", { method: "POST", body: fields, headers: { Accept: "application/json" } });
  const answer = await response.json();
  form.elements.password.value = "";
  if (response.ok && take(answer)) channel?.postMessage("renewed");
  else complain([answer.title, answer.detail].filter(Boolean).join(". "));
}

export function start() {
  const over = dialog();
  if (!over) return;
  const form = over.querySelector("form");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    signIn(form).catch(() => complain(over.querySelector("h2").textContent));
  });
  over.querySelector("[data-signed-in]").addEventListener("click", async () => {
    if (!(await renew())) complain(over.querySelector("h2").textContent);
  });
  over.addEventListener("close", () => {
    waiting?.resolve(false);
    waiting = null;
  });
  warning().querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = await send(event.target);
    if (answer.location) {
      await renew();
      channel?.postMessage("renewed");
      say(event.target.dataset.said);
    }
  });
  live.on("session", ({ ended }) => ended && renew().then((same) => same || signInAgain()));
  channel?.addEventListener("message", () => renew().catch(() => {}));
  document.addEventListener("visibilitychange", () => document.hidden || look());
  until(Number(warning().dataset.endsIn));
}
