// What the pages do better with JavaScript: keys, and leaving when the session has ended.
// Without it every form and link works the same.
"use strict";

(() => {
  const STORED = "tidegate.keys";
  const root = document.documentElement;
  const all = (selector) => [...document.querySelectorAll(selector)];

  // Single keys can be switched off (WCAG 2.1.4): speech input would press them by accident.
  const keysOn = () => localStorage.getItem(STORED) !== "off";
  const showKeys = () => {
    root.classList.toggle("keys", keysOn());
    for (const box of all("[data-keys-switch]")) box.checked = keysOn();
  };

  const writing = (element) =>
    element.isContentEditable ||
    element.matches("textarea, select, input:not([type=radio], [type=checkbox])");

  // A key presses the element that carries it: a link or button is followed, a choice is made.
  const press = (element) => {
    element.focus({ preventScroll: false });
    if (element.matches("input[type=radio]")) {
      element.checked = true;
      element.dispatchEvent(new Event("change", { bubbles: true }));
    } else if (!element.matches("textarea, select, input:not([type=checkbox])")) {
      element.click();
    }
  };

  // In a list, j and k move through the rows and Enter opens the one that has the focus.
  const move = (step) => {
    const links = all("[data-row]");
    if (!links.length) return false;
    const here = links.indexOf(document.activeElement);
    const next = here < 0 ? (step > 0 ? 0 : links.length - 1) : here + step;
    links[Math.max(0, Math.min(links.length - 1, next))].focus();
    return true;
  };

  document.addEventListener("keydown", (event) => {
    const target = event.target;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && target.form) {
      event.preventDefault();
      target.form.requestSubmit();
      return;
    }
    if (event.key === "Escape" && writing(target)) {
      target.blur();
      return;
    }
    if (!keysOn() || event.ctrlKey || event.metaKey || event.altKey || writing(target)) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "?") {
      document.querySelector("#keys")?.showModal();
      event.preventDefault();
    } else if (event.key === "j" || event.key === "k") {
      if (move(event.key === "j" ? 1 : -1)) event.preventDefault();
    } else {
      const element = all("[data-key]").find((one) => one.dataset.key === event.key);
      if (element) {
        event.preventDefault();
        press(element);
      }
    }
  });

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) document.getElementById(opener.dataset.opens)?.showModal();
    if (event.target.matches("dialog")) event.target.close();
  });

  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-keys-switch]")) return;
    localStorage.setItem(STORED, event.target.checked ? "on" : "off");
    showKeys();
  });

  // A form is sent once, however often its button is pressed.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
  window.addEventListener("pageshow", () => all("form[data-sent]").forEach((f) => delete f.dataset.sent));

  // A refresh that was sent to the sign-in page means that the session has ended.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr } = event.detail;
    if (new URL(xhr.responseURL, location.href).pathname === "/sign-in") {
      event.detail.shouldSwap = false;
      location.assign("/sign-in");
    } else if (xhr.status >= 400) {
      event.detail.shouldSwap = false;
    }
  });

  // On a narrow screen the navigation scrolls: show where one is.
  document.querySelector(".nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

  for (const element of all("[data-with-script]")) element.hidden = false;
  showKeys();
})();
