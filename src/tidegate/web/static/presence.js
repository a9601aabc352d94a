// That a case is on the screen, for the others who might open it, and whether it is worked on.
import { csrf } from "./desk.js";

const EVERY = 20_000;
const page = document.querySelector('[data-testid="case"][data-id]');
let used = true; // to open it was to use it

function body(fields) {
  return new URLSearchParams({ csrf: csrf(), ...fields });
}

function here() {
  if (document.visibilityState !== "visible") return;
  const fields = used ? { used: "1" } : {};
  used = false;
  fetch(`/cases/${page.dataset.id}/here`, { method: "POST", body: body(fields), headers: { Accept: "application/json" } }).catch(() => {});
}

if (page) {
  for (const kind of ["keydown", "pointerdown", "wheel", "touchmove", "input"]) {
    document.addEventListener(kind, () => (used = true), { passive: true });
  }
  setInterval(here, EVERY);
  document.addEventListener("visibilitychange", here);
  addEventListener("pagehide", () => navigator.sendBeacon(`/cases/${page.dataset.id}/here`, body({ left: "1" })));
}
