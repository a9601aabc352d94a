// How far an import is: asked until it goes on or has ended, then the page is drawn anew.
import "./desk.js";

const began = document.querySelector("[data-testid=import]").dataset;

async function look() {
  const answer = await fetch(`${location.pathname}.json`).catch(() => null);
  if (answer?.ok) {
    const { state } = (await answer.json()).import;
    if (state !== began.state) return location.replace(location.pathname);
  }
  setTimeout(look, 700);
}

look();
