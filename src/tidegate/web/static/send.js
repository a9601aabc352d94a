// Forms that a script sends, so that nothing typed is lost: a line that broke, a session that ended. Each
// content of a form has a key by which the server knows it again, so it counts once however often it comes.
import { busy, csrf, root, say } from "./dom.js";
import { renew, signInAgain } from "./session.js";

const known = new WeakMap();

function keyOf(form, content) {
  const last = known.get(form);
  if (last?.content === content) return last.key;
  const key = crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint8Array(16))].map((one) => one.toString(16).padStart(2, "0")).join("");
  known.set(form, { content, key });
  return key;
}

// Everything of a form, or of {action, fields}, as it is at this moment, but for its token.
function read(what, submitter) {
  if (!(what instanceof HTMLFormElement)) {
    const pairs = what.fields instanceof FormData ? [...what.fields] : Object.entries(what.fields ?? {}).flatMap(([name, value]) => [value].flat().map((one) => [name, one]));
    return { action: what.action, pairs, multipart: false };
  }
  const pairs = [...new FormData(what, submitter)].filter(([name]) => name !== "csrf");
  const action = submitter?.getAttribute("formaction") ?? what.getAttribute("action") ?? location.href;
  return { action, pairs, multipart: what.enctype === "multipart/form-data" };
}

function body({ pairs, multipart }) {
  const made = multipart ? new FormData() : new URLSearchParams();
  made.append("csrf", csrf());
  for (const [name, value] of pairs) made.append(name, value);
  return made;
}

// Resolves when the server can be reached again.
function back() {
  const bar = document.getElementById("offline");
  if (bar) bar.hidden = false;
  return new Promise((resolve) => {
    let timer;
    const look = async () => {
      clearTimeout(timer);
      try {
        await fetch("/healthz", { cache: "no-store" });
        if (bar) bar.hidden = true;
        removeEventListener("online", look);
        resolve();
      } catch {
        timer = setTimeout(look, 3000);
      }
    };
    addEventListener("online", look);
    timer = setTimeout(look, 3000);
  });
}

// Send a form, or {action, fields}; the answer is {location}, or a problem with its status. It waits for a
// line that broke and asks for a session that ended. `key`: by which it is known again, else by its content.
export async function send(what, { key, submitter } = {}) {
  const request = read(what, submitter);
  const content = JSON.stringify(request.pairs.map(([name, value]) => [name, value instanceof File ? [value.name, value.size] : value]));
  const headers = { Accept: "application/json", "Idempotency-Key": key ?? keyOf(what, content) };
  for (let renewed = false; ; ) {
    let response;
    try {
      response = await fetch(request.action, { method: "POST", body: body(request), headers });
    } catch {
      await back();
      continue;
    }
    if (response.status === 401) {
      if (await signInAgain()) continue;
      return { status: 401, title: document.getElementById("sign-in-again-title")?.textContent ?? "401" };
    }
    const said = await response.json().catch(() => ({}));
    if (response.status === 403 && said.type?.endsWith("/csrf-missing") && !renewed) {
      renewed = true; // signed in again in another tab
      if (await renew()) continue;
    }
    return response.ok ? said : { ...said, status: response.status };
  }
}

// The server draws the page with all that was typed and what was wrong with it.
function natively(form, submitter) {
  if (submitter?.name) {
    const pressed = Object.assign(document.createElement("input"), { type: "hidden", name: submitter.name, value: submitter.value });
    form.append(pressed);
  }
  if (submitter?.hasAttribute("formaction")) form.action = submitter.getAttribute("formaction");
  HTMLFormElement.prototype.submit.call(form);
}

export function go(path) {
  const to = new URL(path, location.href);
  const same = to.pathname + to.search === location.pathname + location.search;
  if (same) {
    location.hash = to.hash;
    location.reload();
  } else location.assign(to);
}

async function submit(form, submitter, done) {
  const answer = await send(form, { submitter });
  const kind = answer.location ? "sent" : "refused";
  const unhandled = form.dispatchEvent(new CustomEvent(kind, { bubbles: true, cancelable: true, detail: answer }));
  if (!unhandled) return done();
  if (answer.location) return go(answer.location);
  if (answer.status === 409 || answer.status === 422) return natively(form, submitter);
  done();
  say([answer.title, answer.detail].filter(Boolean).join(". "));
}

export function start() {
  document.addEventListener("submit", (event) => {
    const { target: form, submitter } = event;
    if (event.defaultPrevented || form.getAttribute("method") !== "post") return;
    // Once, however often its button is pressed.
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "yes";
    const stop = busy(submitter ?? form.querySelector("button:not([type=button])"));
    const done = () => {
      stop();
      delete form.dataset.sent;
    };
    addEventListener("pageshow", done, { once: true });
    if (!("send" in form.dataset)) return;
    event.preventDefault();
    submit(form, submitter, done);
  });
  addEventListener("pagehide", () => (root.dataset.leaving = "yes"));
  addEventListener("pageshow", () => delete root.dataset.leaving);
}
