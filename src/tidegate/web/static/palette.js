// Go to: a page, a queue, the case or item of an id. The server finds; without script /go does the same.
import { all } from "./dom.js";
import * as keys from "./keys.js";
import { go } from "./send.js";

export function start() {
  const dialog = document.getElementById("palette");
  if (!dialog) return;
  const input = dialog.querySelector("input");
  const list = dialog.querySelector("ul");
  let asked = 0;
  let at = 0;

  const choose = (next) => {
    const found = all("li", list);
    at = Math.max(0, Math.min(found.length - 1, next));
    found.forEach((one, place) => one.setAttribute("aria-selected", String(place === at)));
    input.setAttribute("aria-activedescendant", found[at]?.id ?? "");
    found[at]?.scrollIntoView({ block: "nearest" });
  };

  const draw = (found) => {
    list.replaceChildren(
      ...found.map(({ name, kind, to }, place) => {
        const row = document.createElement("li");
        const what = document.createElement("bdi");
        const sort = document.createElement("span");
        row.role = "option";
        row.id = `palette-${place}`;
        row.dataset.to = to;
        what.textContent = name;
        sort.textContent = kind;
        sort.className = "muted small";
        row.append(what, sort);
        return row;
      }),
    );
    choose(0);
  };

  const ask = async () => {
    const mine = ++asked;
    const response = await fetch(`/go.json?q=${encodeURIComponent(input.value)}`, { headers: { Accept: "application/json" } });
    if (response.ok && mine === asked) draw((await response.json()).found);
  };

  const show = () => {
    input.value = "";
    keys.open("palette");
    input.focus();
    ask();
  };
  keys.on("Ctrl k", "go to", show);
  document.addEventListener("click", (event) => event.target.closest('[data-opens="palette"]') && show());
  input.addEventListener("input", ask);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      choose(at + (event.key === "ArrowDown" ? 1 : -1));
    }
  });
  const follow = (row) => row && (dialog.close(), go(row.dataset.to));
  list.addEventListener("click", (event) => follow(event.target.closest("li")));
  dialog.querySelector("form").addEventListener("submit", (event) => {
    if (!list.children[at]) return;
    event.preventDefault();
    follow(list.children[at]);
  });
}
