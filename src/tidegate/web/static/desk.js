// What the pages do better with JavaScript. Without it every form and link works the same.
// A page's own script imports from here and nowhere else.
import { all, busy, csrf, lost, rest, root, say, usable } from "./dom.js";
import * as keys from "./keys.js";
import * as live from "./live.js";
import * as palette from "./palette.js";
import * as session from "./session.js";
import { send, start as sending } from "./send.js";

export { busy, csrf, keys, live, rest, say, send };

// What has the focus and is taken away, by a refresh say, leaves it to the beginning of the page.
function keepFocus() {
  let had = null;
  document.addEventListener("focusin", ({ target }) => (had = target));
  new MutationObserver(() => {
    if (lost() && had && !usable(had)) {
      had = null;
      rest();
    }
  }).observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["hidden", "disabled", "open"] });
}

// A link that was followed acts once, and is busy until its page is there.
function follow(event) {
  const link = event.target.closest("a[href]");
  const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
  if (!link || !plain || event.defaultPrevented || link.target || link.hasAttribute("download")) return;
  const to = new URL(link.href, location.href);
  if (to.origin !== location.origin || (to.hash && to.pathname + to.search === location.pathname + location.search)) return;
  const stop = busy(link);
  addEventListener("pageshow", stop, { once: true });
}

function ready() {
  const flash = document.getElementById("flash");
  if (flash?.textContent) say(flash.textContent);
  // What is wrong is read first; what asks for the focus by itself gets it from the browser.
  const asked = all("main [autofocus]").some(usable);
  if (document.querySelector('[data-testid="errors"]') || (lost() && !asked)) rest();
  // On a narrow screen the navigation scrolls: show where one is.
  const here = document.querySelector(".nav [aria-current]");
  const strip = here?.closest("nav");
  if (strip) strip.scrollLeft += here.getBoundingClientRect().x - strip.getBoundingClientRect().x - 40;
  keepFocus();
  root.dataset.ready = "";
}

// What stays at the top of the screen covers nothing of what sticks below it.
const bars = document.getElementById("bars");
if (bars) new ResizeObserver(() => root.style.setProperty("--bars", `${bars.offsetHeight}px`)).observe(bars);

keys.start((yes) => send({ action: "/me/settings", fields: { only: "single_keys", single_keys: yes ? "yes" : "" } }));
palette.start();
sending();
session.start();
live.start();
document.addEventListener("click", follow);
for (const link of all("[data-reload]")) link.addEventListener("click", (event) => (event.preventDefault(), location.reload()));
// Keys work when the page's own scripts have said what they do.
if (document.readyState === "complete") ready();
else document.addEventListener("DOMContentLoaded", ready);
