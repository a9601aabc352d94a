// How far a selection is: asked until it has ended, then the page is drawn anew.
import "./desk.js";

const shown = document.querySelector("[data-progress]");
const began = shown.closest("[data-state]").dataset.state;

async function look() {
  const answer = await fetch(`${location.pathname}.json`).catch(() => null);
  if (answer?.ok) {
    const { state, decided, undone, waiting } = await answer.json();
    if (state !== began) return location.replace(location.pathname);
    const now = { "{done}": decided, "{total}": decided + waiting, "{undone}": undone };
    shown.textContent = shown.dataset.progress.replace(/\{\w+\}/g, (place) => now[place]);
  }
  setTimeout(look, 1000);
}
setTimeout(look, 1000);
