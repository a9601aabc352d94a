// The bar of the decision that can still be undone: it counts down; when the decision has left it says so
// and offers what is left to do. The key works on pages without the bar, too: the server says what came of it.
import { keys, say, send } from "./desk.js";
import { go } from "./send.js";

const STORED = "tidegate.decided";
const bar = document.querySelector('[data-testid="undo-bar"]');

function left() {
  bar.querySelector("[data-countdown]").textContent = bar.dataset.left;
  const button = bar.querySelector('[data-testid="undo"]');
  const lift = bar.querySelector("[data-lift]");
  const focused = document.activeElement === button;
  button.form.hidden = true;
  if (lift) {
    lift.hidden = false;
    lift.dataset.key = "u";
    if (focused) lift.focus();
  }
}

if (bar) {
  sessionStorage.setItem(STORED, bar.querySelector("form").getAttribute("action"));
  const end = performance.now() + Number(bar.dataset.leavesIn) * 1000;
  const tick = () => {
    const seconds = Math.ceil((end - performance.now()) / 1000);
    if (seconds <= 0) return left();
    bar.querySelector("[data-countdown]").textContent = bar.dataset.leaving.replace("%s", seconds);
    setTimeout(tick, 250);
  };
  if (bar.dataset.leavesIn) tick();
}

// Where no bar is shown: the last decision of this tab, which the server knows to have left or not.
keys.on("u", "undo", () => {
  const last = sessionStorage.getItem(STORED);
  if (!last || (bar && !bar.querySelector("form").hidden) || bar?.querySelector("[data-lift]:not([hidden])")) return false;
  send({ action: last, fields: {} }).then((answer) => (answer.location ? go(answer.location) : say([answer.title, answer.detail].filter(Boolean).join(". "))));
});
