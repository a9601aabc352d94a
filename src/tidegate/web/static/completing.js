// Completion in a text of rules: the variables, their fields and functions, from the same types that conditions
// are checked against, and the labels of the text. A list below the cursor; nothing in it is chosen until an
// arrow is pressed, so that Enter and Tab do what they always do.

const WORD = /(?:([A-Za-z_]\w*)\s*\.\s*)?([A-Za-z_]\w*)?$/;
const LABEL = /^\s*label\s*=\s*["']([\w-]*)$/;

export async function complete(area, list) {
  let known = null;
  let at = -1;
  let start = 0; // where the word begins that is completed

  const load = async () => {
    const answer = await fetch(area.dataset.variables).catch(() => null);
    known = answer?.ok ? await answer.json() : { variables: [], functions: [] };
  };

  const labels = () => [...area.value.matchAll(/^\s*\[labels\.([\w-]+)\]/gm)].map(([, name]) => ({ name, type: "" }));

  // What a name stands for: a variable, or the element of a list in `matches.exists(m, m.…`.
  function meant(name, before) {
    const variable = known.variables.find((one) => one.name === name);
    if (variable) return variable;
    const within = [...before.matchAll(/([A-Za-z_]\w*)\s*\.\s*(?:all|exists|exists_one|filter|map)\s*\(\s*(\w+)\s*,/g)].reverse().find(([, , element]) => element === name);
    const list = within && known.variables.find((one) => one.name === within[1]);
    return list && { ...list, listed: false };
  }

  const functions = () => known.functions.map((name) => ({ name, type: "( )" }));

  function offers() {
    const before = area.value.slice(Math.max(0, area.selectionStart - 2000), area.selectionStart);
    const line = before.slice(before.lastIndexOf("\n") + 1);
    const label = LABEL.exec(line);
    if (label) {
      start = area.selectionStart - label[1].length;
      return { word: label[1], found: labels() };
    }
    const [, owner, word = ""] = WORD.exec(line);
    start = area.selectionStart - word.length;
    if (!owner) return { word, found: [...known.variables.map(({ name, listed }) => ({ name, type: listed ? "[ ]" : "" })), ...functions()] };
    const variable = meant(owner, before);
    if (!variable) return { word, found: [] };
    return { word, found: variable.listed ? functions() : variable.fields };
  }

  function close() {
    list.hidden = true;
    at = -1;
    area.removeAttribute("aria-activedescendant");
  }

  function choose(next) {
    const rows = [...list.children];
    at = (next + rows.length) % rows.length;
    rows.forEach((one, place) => one.setAttribute("aria-selected", String(place === at)));
    area.setAttribute("aria-activedescendant", rows[at].id);
    rows[at].scrollIntoView({ block: "nearest" });
  }

  function take(row) {
    area.focus();
    area.setRangeText(row.dataset.name, start, area.selectionEnd, "end");
    close();
    area.dispatchEvent(new Event("input", { bubbles: true }));
    close();
  }

  // Below the cursor: the letters are all as wide, and no line is broken.
  function place() {
    const style = getComputedStyle(area);
    const measure = document.createElement("canvas").getContext("2d");
    measure.font = style.font;
    const lines = area.value.slice(0, start).split("\n");
    const across = measure.measureText(lines.at(-1).replaceAll("\t", "    ")).width + parseFloat(style.paddingInlineStart) - area.scrollLeft;
    const down = lines.length * parseFloat(style.lineHeight) + parseFloat(style.paddingBlockStart) - area.scrollTop;
    const most = area.clientWidth - Math.min(area.clientWidth, 280);
    list.style.insetInlineStart = `${Math.max(0, Math.min(across, most))}px`;
    list.style.insetBlockStart = `${Math.max(0, Math.min(down, area.clientHeight)) + 4}px`;
  }

  async function open(asked) {
    if (known === null) await load();
    const { word, found } = offers();
    const fit = found.filter(({ name }) => name.startsWith(word) && (asked || name !== word));
    if (!fit.length || (!asked && !word && !/[."']/.test(area.value[area.selectionStart - 1]))) return close();
    list.replaceChildren(
      ...fit.slice(0, 40).map(({ name, type }, number) => {
        const row = document.createElement("li");
        const sort = document.createElement("span");
        row.role = "option";
        row.id = `completion-${number}`;
        row.dataset.name = name;
        row.setAttribute("aria-selected", "false");
        sort.textContent = type.replaceAll("`", "");
        row.append(name, sort);
        return row;
      }),
    );
    list.hidden = false;
    at = -1;
    area.removeAttribute("aria-activedescendant");
    place();
  }

  area.setAttribute("aria-autocomplete", "list");
  area.setAttribute("aria-haspopup", "listbox");
  area.setAttribute("aria-controls", list.id);
  area.addEventListener("keydown", (event) => {
    if (event.key === " " && event.ctrlKey) {
      event.preventDefault();
      open(true);
    } else if (!list.hidden && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      choose(event.key === "ArrowDown" ? at + 1 : at < 0 ? -1 : at - 1);
    } else if (!list.hidden && event.key === "Escape") {
      event.stopPropagation();
      close();
    } else if (at >= 0 && !event.ctrlKey && (event.key === "Enter" || event.key === "Tab")) {
      event.preventDefault();
      event.stopPropagation();
      take(list.children[at]);
    }
  });
  area.addEventListener("input", ({ data, inputType }) => {
    // A word that is typed, letter by letter; not what is pasted, nor taken from the list.
    if (inputType === "insertText" && /^[\w."']$/.test(data ?? "")) open(false);
    else close();
  });
  area.addEventListener("blur", () => setTimeout(close, 150));
  area.addEventListener("scroll", close);
  list.addEventListener("mousedown", (event) => event.preventDefault()); // the text keeps the focus
  list.addEventListener("click", ({ target }) => target.closest("li") && take(target.closest("li")));
}
