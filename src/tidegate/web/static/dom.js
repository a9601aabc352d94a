// What all scripts of the desk share: saying something, being busy, and where the focus rests.
export const root = document.documentElement;
export const all = (selector, within = document) => [...within.querySelectorAll(selector)];

// The forms' token as this page has it now.
export const csrf = () => document.querySelector('input[name="csrf"]')?.value ?? "";

// The one place where outcomes are said. The same again is said again.
export function say(text) {
  const flash = document.getElementById("flash");
  if (!flash) return;
  flash.hidden = false;
  flash.textContent = "";
  requestAnimationFrame(() => (flash.textContent = text));
}

export const writing = (element) =>
  element instanceof HTMLElement &&
  (element.isContentEditable ||
    element.matches("textarea, select, input:not([type=radio], [type=checkbox], [type=button], [type=submit], [type=file])"));

// Whether an element can be seen and used.
export const usable = (element) =>
  element.isConnected && !element.disabled && element.checkVisibility({ visibilityProperty: true }) && !element.closest("[inert]");

// Put the focus where reading begins: it is never left on the body.
export function rest() {
  const errors = document.querySelector('[data-testid="errors"]');
  const place = errors ?? all("main [autofocus]").find(usable) ?? document.querySelector("main h1") ?? document.querySelector("main");
  if (!place) return;
  if (!place.matches("a[href], button, input, select, textarea, [tabindex]")) place.tabIndex = -1;
  place.focus({ preventScroll: !errors });
}
export const lost = () => !document.activeElement || document.activeElement === document.body;

// The control is busy once it has been for 300 ms; it keeps its name and its place. Returns how to end it.
export function busy(control) {
  if (!control) return () => {};
  const mark = document.createElement("span");
  mark.className = "busy";
  mark.dataset.testid = "busy";
  const timer = setTimeout(() => {
    control.setAttribute("aria-busy", "true");
    control.append(mark);
  }, 300);
  return () => {
    clearTimeout(timer);
    control.removeAttribute("aria-busy");
    mark.remove();
  };
}
