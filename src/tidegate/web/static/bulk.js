// How far a selection is: asked until it has ended, then the page is drawn anew.
import "./desk.js";

const shown = document.querySelector("[data-progress]");
const began = shown.closest("[data-state]").dataset.state;

async function look() {
  const answer = await fetch(`${location.pathname}.json`).catch(() => null);
  if (answer?.ok) {
    const { state, decided, undone, waiting } = await answer.json();
    if (state !== began) return location.replace(location.pathname);
    const now = [began === "running" ? decided : undone, decided + waiting];
    let place = 0;
    shown.textContent = shown.textContent.replace(/\d+/g, (was) => now[place++] ?? was);
  }
  setTimeout(look, 1000);
}
setTimeout(look, 1000);
