// Passkeys: asks the browser for one, and sends what a device signed with the form that asked.
// A form says by data-passkey whether one is made ("create") or shown ("get"); its action with /options says
// what to ask for.
import { busy, say } from "./desk.js";

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
const named = (list) => list?.map((one) => ({ ...one, id: bytes(one.id) }));

function wanted(options) {
  const made = { ...options, challenge: bytes(options.challenge) };
  if (options.user) made.user = { ...options.user, id: bytes(options.user.id) };
  if (options.excludeCredentials) made.excludeCredentials = named(options.excludeCredentials);
  if (options.allowCredentials) made.allowCredentials = named(options.allowCredentials);
  return made;
}

function told(credential) {
  const { response } = credential;
  const said = { clientDataJSON: text(response.clientDataJSON) };
  if (response.attestationObject) {
    said.attestationObject = text(response.attestationObject);
    said.transports = response.getTransports?.() ?? [];
  } else {
    said.authenticatorData = text(response.authenticatorData);
    said.signature = text(response.signature);
    if (response.userHandle) said.userHandle = text(response.userHandle);
  }
  return JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response: said });
}

async function post(path, fields) {
  const response = await fetch(path, { method: "POST", body: new URLSearchParams(fields), headers: { Accept: "application/json" } });
  const said = await response.json().catch(() => ({}));
  if (response.ok) return said;
  if (said.confirm) location.assign(said.confirm);
  throw Object.assign(new Error([said.title, said.detail].filter(Boolean).join(". ") || String(response.status)), { status: response.status });
}

// What was typed is wrong: the server draws the page that says so.
function natively(form) {
  form.action = form.getAttribute("action") + "/options";
  HTMLFormElement.prototype.submit.call(form);
  return new Promise(() => {});
}

async function show(form) {
  const fields = [...new FormData(form)];
  const path = form.getAttribute("action");
  const { challenge, options } = await post(path + "/options", fields).catch((error) => {
    if (error.status === 422) return natively(form);
    throw error;
  });
  const credential = await navigator.credentials[form.dataset.passkey]({ publicKey: wanted(options) });
  const { location: next } = await post(path, [...fields, ["challenge", challenge], ["credential", told(credential)]]);
  location.assign(next);
}

async function submit(event) {
  const form = event.target;
  event.preventDefault();
  event.stopPropagation();
  if (form.dataset.sent) return;
  form.dataset.sent = "yes";
  const stop = busy(form.querySelector("button"));
  try {
    await show(form);
  } catch (error) {
    // The browser's own words are for nobody: who leaves its dialog knows why.
    say(error instanceof DOMException ? (error.name === "InvalidStateError" ? form.dataset.known : form.dataset.left) : error.message);
  } finally {
    delete form.dataset.sent;
    stop();
  }
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.PublicKeyCredential) continue;
  form.addEventListener("submit", submit);
  form.hidden = false;
}
for (const hint of document.querySelectorAll("[data-no-passkeys]")) hint.hidden = Boolean(window.PublicKeyCredential);
