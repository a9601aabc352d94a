// The clocks of orders run down by the second. What is left is counted from when the page, or its bar, came: a
// machine's clock that is wrong misleads nobody.
import { all } from "./dom.js";

const born = new WeakMap(); // when each clock came to the page
const pad = (number) => String(number).padStart(2, "0");

function span(seconds) {
  const days = Math.floor(seconds / 86400);
  const hours = Math.floor((seconds % 86400) / 3600);
  const rest = `${pad(Math.floor((seconds % 3600) / 60))}:${pad(seconds % 60)}`;
  return (days ? `${days} d ` : "") + (seconds >= 3600 ? `${hours}:${rest}` : rest);
}

function tick() {
  for (const one of all("[data-left]")) {
    if (!born.has(one)) born.set(one, performance.now());
    const left = Number(one.dataset.left) - Math.floor((performance.now() - born.get(one)) / 1000);
    one.textContent = (left < 0 ? one.dataset.over : one.dataset.running).replace("%s", span(Math.abs(left)));
    one.classList.toggle("soon", left >= 0 && left < 900);
    one.classList.toggle("over", left < 0);
  }
}

tick();
setInterval(tick, 1000);
