// The page of a case: keys that decide it, what is typed kept as one types, the claim that the first
// input takes, and what others do to the case shown at once. Without it the form works the same.
import { csrf, keys, live, say } from "./desk.js";

const page = document.querySelector("[data-testid=case]");
const at = `/cases/${page.dataset.id}`;
const one = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const form = () => one("#decide");
const checked = (name) => one(`[name=${name}]:checked`, form());
const post = (path, fields = {}, options = {}) =>
  fetch(at + path, {
    method: "POST",
    headers: { Accept: "application/json" },
    body: new URLSearchParams([["csrf", csrf()], ...Object.entries(fields)]),
    ...options,
  });

// Deciding: an outcome, then only what it needs.

let wantsExemption = false; // the next digit answers that, else it names a label
let filled = null; // the sentence that a template put into the reason

const pick = (radio) => {
  if (!radio || blocked(radio)) return false;
  form().classList.remove("closed");
  radio.checked = true;
  radio.dispatchEvent(new Event("input", { bubbles: true }));
  radio.dispatchEvent(new Event("change", { bubbles: true }));
  one("[data-testid=submit]", form()).focus({ preventScroll: true });
  return true;
};

const decide = (outcome) => () => {
  wantsExemption = false;
  pick(form() && one(`[name=outcome][value=${outcome}]`, form()));
};

const asks = () =>
  one(".exemption", form()) !== null &&
  (one(".exemption.first", form()) !== null || checked("label")?.dataset.asks !== undefined);

const digit = (number) => () => {
  if (!form() || checked("outcome")?.value !== "restrict") return;
  const label = one(`[name=label][data-digit="${number}"]`, form());
  const exemption = one(`[name=exemption][data-digit="${number}"]`, form());
  if (asks() && exemption && (wantsExemption || !label)) pick(exemption);
  else if (label && pick(label)) wantsExemption = asks();
};

// What another outcome would need is not sent, and what this one needs is asked for by the browser.
const settle = () => {
  if (!form()) return;
  const outcome = checked("outcome")?.value;
  form().classList.toggle("chosen", outcome !== undefined);
  for (const kind of ["restrict", "lift"]) {
    for (const part of all(`fieldset.for-${kind}, .for-${kind} :is(input, fieldset)`, form())) {
      part.disabled = outcome !== kind;
    }
  }
  for (const radio of all("[name=label]", form())) radio.required = outcome === "restrict";
  const answer = outcome === "restrict" && asks();
  for (const radio of all("[name=exemption]", form())) {
    radio.required = answer;
    if (!one(".exemption.first", form())) radio.disabled = !answer;
  }
  offer(outcome);
};

// The templates that fit, and the first one's sentence where nobody has written anything else.
const offer = (outcome) => {
  const label = checked("label");
  const fits = [];
  for (const radio of all("[name=template]", form())) {
    if (!radio.value) continue;
    const { outcome: for_, label: of } = radio.dataset;
    const fit = for_ === outcome && (!of || (outcome === "restrict" && of === label?.value));
    radio.closest(".chip").hidden = !fit;
    radio.disabled = !fit;
    if (fit) fits.push(radio);
  }
  const own = one('[name=template][value=""]', form());
  if (!own || own.dataset.meant !== undefined) return;
  const reason = one("#reason");
  if (reason.value && reason.value !== filled) return;
  const chosen = fits.find((radio) => radio.checked);
  const first = chosen ?? fits.find((radio) => radio.dataset.label) ?? fits[0] ?? own;
  first.checked = true;
  // A sentence that names the label waits for one.
  const waits = !label && outcome === "restrict" && first.dataset.sentence?.includes("{label}");
  filled = first.value && !waits ? sentence(first, outcome === "restrict" ? label : null) : "";
  reason.value = filled;
};

const sentence = (radio, label) =>
  radio.dataset.sentence
    .replaceAll("{label}", label?.dataset.words ?? "")
    .replaceAll("{clause}", label?.dataset.clause ?? form().dataset.clause);

// Where only a likeness speaks, the pair is looked at before anybody restricts or confirms by it.

const seen = new Set();
const drawing = new Set(); // pictures that are on their way

const unseen = () => (form()?.dataset.look?.split(" ") ?? []).filter((part) => !seen.has(part));

const blocked = (radio) => {
  if (radio.getAttribute("aria-disabled") !== "true") return false;
  say(form().dataset.lookSaid);
  return true;
};

const block = () => {
  if (!form()) return;
  const closed = unseen().length > 0;
  for (const radio of all("[value=restrict][name=outcome], [value=confirm][name=entry]", form())) {
    if (closed) {
      radio.setAttribute("aria-disabled", "true");
      radio.setAttribute("aria-describedby", "look-first");
    } else {
      radio.removeAttribute("aria-disabled");
      radio.removeAttribute("aria-describedby");
    }
  }
  one("#look-first", form())?.classList.toggle("always", closed);
};

document.addEventListener("media:shown", (event) => {
  const tile = event.target.closest("[data-part]");
  if (!tile) return;
  seen.add(tile.dataset.part);
  const image = event.detail.image;
  if (image && !image.complete) {
    drawing.add(image);
    for (const end of ["load", "error"]) image.addEventListener(end, () => drawing.delete(image));
  }
  block();
});

// Whoever is quicker than a picture sends the decision when it is there: the server has them see it first.
document.addEventListener(
  "submit",
  (event) => {
    if (event.target !== form() || !drawing.size) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const there = [...drawing].map((image) => image.decode().catch(() => null));
    Promise.all(there).then(() => {
      drawing.clear();
      form()?.requestSubmit(event.submitter);
    });
  },
  true,
);

// The claim, and the draft.

const HELD = "tidegate.held"; // the case that was given back as its page was left
const state = { mine: false, touched: false, unsaved: false, leaving: false, told: false };
let timer = null;
let saving = null;

const fields = () => new URLSearchParams(new FormData(form()));

const saveIn = (seconds) => {
  clearTimeout(timer);
  timer = setTimeout(save, seconds * 1000);
};

const save = async () => {
  clearTimeout(timer);
  if (!form() || !state.unsaved) return;
  if (state.leaving) return saveIn(1);
  state.unsaved = false;
  saving = new AbortController();
  const sent = { method: "POST", body: fields(), signal: saving.signal, keepalive: true };
  const answer = await fetch(`${at}/draft`, sent).catch(() => null);
  page.dataset.draft = answer?.ok ? "saved" : "unsaved";
  if (answer?.ok) return;
  state.unsaved = true;
  if (!answer || answer.status >= 500 || answer.status === 429) saveIn(5);
};

// Leaving gives back what is untouched, and a page that is loaded anew was left: it is taken again.
const [navigation] = performance.getEntriesByType("navigation");
const reloaded = navigation?.type === "reload" && sessionStorage.getItem(HELD) === page.dataset.id;
sessionStorage.removeItem(HELD);

const claim = async () => {
  state.mine = true;
  const answer = await post("/claim").catch(() => null);
  if (answer?.ok) return;
  state.mine = false;
  if (answer?.status !== 409) return;
  const problem = await answer.json();
  if (/case-(claimed|decided)$/.test(problem.type)) await refresh();
  else if (!state.told) say([problem.title, problem.detail].filter(Boolean).join(". "));
  state.told = true;
};

const touched = (event) => {
  if (!event.target.form || event.target.form !== form()) return;
  state.touched = state.unsaved = true;
  if (!state.mine) claim();
  saveIn(1);
};

document.addEventListener("input", touched);
document.addEventListener("change", (event) => {
  if (event.target.form !== form()) return;
  if (event.target.name === "template") {
    const own = one('[name=template][value=""]', form());
    if (event.target === own && event.isTrusted) own.dataset.meant = "";
    else delete own.dataset.meant;
    if (event.isTrusted) one("#reason").value = filled = "";
  }
  if (event.target.name === "label") wantsExemption = asks();
  settle();
});
document.addEventListener(
  "click",
  (event) => {
    if (event.target.matches("#panel [type=radio]")) {
      if (blocked(event.target)) event.preventDefault();
      else form()?.classList.remove("closed");
    }
  },
  true,
);
document.addEventListener("submit", (event) => {
  if (event.target.method !== "post") return;
  state.leaving = true;
  clearTimeout(timer);
  if (event.target === form()) saving?.abort();
  // What came back without leaving the page is typed on.
  setTimeout(() => (state.leaving = false), 5000);
});
document.addEventListener("refused", (event) => {
  if (event.target !== form()) return;
  state.leaving = false;
  state.unsaved = state.touched;
  saveIn(1);
});
document.addEventListener("formdata", (event) => {
  if (event.target === form() && !event.formData.has("then")) event.formData.set("then", "next");
});

window.addEventListener("pagehide", () => {
  if (state.leaving || !form()) return;
  if (state.unsaved) navigator.sendBeacon(`${at}/draft`, fields());
  else if (state.mine && !state.touched) {
    sessionStorage.setItem(HELD, page.dataset.id);
    navigator.sendBeacon(`${at}/release`, new URLSearchParams({ csrf: csrf(), left: "1" }));
  }
});

// What others do to the case.

const parts = ["[data-testid=strip]", "[data-testid=why]", "[data-testid=before]", "[data-testid=history]"];

const refresh = async () => {
  if (state.leaving) return;
  await save();
  const asked = new URLSearchParams(one("[name=filter]")?.value ?? "");
  asked.set("looked", page.dataset.revision || "0");
  const answer = await fetch(`${at}?${asked}`, { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected || state.leaving) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const selector of parts) swap(selector, fresh);
  const told = one("#state > *", fresh);
  if (!told) return;
  const written = one("#reason")?.value ?? "";
  const focused = document.activeElement;
  // What opens later takes the focus then, and not as it comes into the page.
  const first = all("[autofocus]", fresh);
  for (const element of first) element.removeAttribute("autofocus");
  const field = focused.matches("#panel textarea") && { id: focused.id, at: [focused.selectionStart, focused.selectionEnd] };
  const gone = one("#state [data-testid=erased]", fresh) !== null;
  swapAll(gone ? "#shown" : "#state", fresh);
  swapAll("#panel", fresh);
  for (const element of first) if (element.closest("[popover]")) element.setAttribute("autofocus", "");
  if (one("#yours")) {
    one("#yours").value ||= written;
    one(".yours").hidden = !one("#yours").value;
  }
  const moved = one("#state [data-testid=moved]") !== null;
  if (moved || gone) retitle(fresh);
  if (moved) {
    swap("[data-testid=content]", fresh);
    swap(".matches", fresh);
    page.dataset.revision = one("[data-testid=case]", fresh).dataset.revision;
    seen.clear();
  }
  if (form() && one("#reason") && written) one("#reason").value = written;
  begin();
  say(one("h2", one("#state")).textContent);
  refocus(focused, field && document.getElementById(field.id), field.at);
};

// Whoever types goes on typing: in the same field where it is still there, else nowhere for a moment.
const refocus = (focused, field, at) => {
  if (field && !field.readOnly) {
    field.focus({ preventScroll: true });
    return field.setSelectionRange(...at);
  }
  if (focused.isConnected && focused.matches("textarea, input")) return;
  const next = one("#state button.primary");
  if (!next && focused.isConnected) return;
  keys.pause();
  (next ?? one("#decision")).focus();
};

// In place: the heading may have the focus.
const retitle = (fresh) => {
  const [was, now] = [one("h1"), one("h1", fresh)];
  document.title = fresh.title;
  was.replaceChildren(...now.childNodes);
  was.dir = now.dir;
};

const swapAll = (selector, fresh) => one(selector).replaceWith(one(selector, fresh));

const swap = (selector, fresh) => {
  const [was, now] = [one(selector), one(selector, fresh)];
  if (was && now && !was.contains(document.activeElement)) was.replaceWith(now);
};

live.on("case", (event) => {
  if ((event.case ?? event.id) !== page.dataset.id) return;
  if (reloaded && performance.now() < 5000 && state.mine && event.state !== "claimed") claim();
  refresh();
});

// Reading.

let last = -1;
const nextMark = () => {
  const marks = all("[data-testid=content] mark");
  if (!marks.length) return;
  marks[last]?.classList.remove("here");
  last = (last + 1) % marks.length;
  const mark = marks[last];
  const fold = mark.closest("details");
  if (fold) fold.open = true;
  mark.classList.add("here");
  mark.tabIndex = -1;
  mark.focus({ preventScroll: true });
  mark.scrollIntoView({ block: "center" });
};

document.addEventListener("click", async (event) => {
  const copy = event.target.closest("[data-copy-from]");
  if (copy) {
    const from = document.getElementById(copy.dataset.copyFrom);
    await navigator.clipboard?.writeText(from.value ?? from.textContent);
    say(copy.dataset.said ?? copy.textContent);
  }
  if (event.target.closest(".close-sheet")) close();
});

const close = () => {
  if (!form() || !matchMedia("(max-width: 63.999rem)").matches) return false;
  form()?.classList.add("closed");
  form()?.classList.remove("opened");
  checked("outcome")?.focus();
};

const begin = () => {
  for (const element of all("#panel [data-with-script], .case [data-with-script]")) {
    element.hidden = false;
  }
  if (!form()) return;
  state.mine ||= form().dataset.mine !== undefined;
  state.touched ||= form().dataset.drafted !== undefined;
  // What was chosen before does not cover what is to be read again.
  if (state.touched && checked("outcome")) form().classList.add("closed");
  filled = filled ?? "";
  for (const tile of all("[data-part][data-shown=shown]")) seen.add(tile.dataset.part);
  block();
  settle();
};

for (const outcome of ["pass", "restrict", "escalate", "lift"]) {
  keys.on(outcome[0], outcome, decide(outcome));
}
for (let number = 0; number <= 9; number += 1) keys.on(String(number), "the label, then the exemption", digit(number));
keys.on("c", "confirm", () => pick(form() && one("[name=entry][value=confirm]", form())));
keys.on("C", "refute", () => pick(form() && one("[name=entry][value=refute]", form())));
keys.on("m", "the next passage that matters", nextMark);
keys.on("Esc", "the sheet closed", close);
keys.on("w", "write", () => {
  form()?.classList.add("opened");
  one("#reason")?.focus();
});

begin();
if (reloaded && form()) claim().then(refresh);
