// Find: the key goes into the field; a file that is dropped, or pasted outside of a field, is looked for at once.
import { root, writing } from "./dom.js";
import * as keys from "./keys.js";

const field = document.getElementById("q");
const form = document.getElementById("near-form");
const input = form?.querySelector("input[type=file]");

keys.on("/", "find", () => {
  field.focus();
  field.select();
});

const withFiles = (data) => [...(data?.types ?? [])].includes("Files");

function lookFor(files) {
  if (!input || !files.length) return;
  const one = new DataTransfer();
  one.items.add(files[0]);
  input.files = one.files;
  form.requestSubmit();
}

document.addEventListener("dragover", (event) => {
  if (!input || !withFiles(event.dataTransfer)) return;
  event.preventDefault();
  root.dataset.dropping = "";
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) delete root.dataset.dropping;
});
document.addEventListener("drop", (event) => {
  delete root.dataset.dropping;
  if (!input || !withFiles(event.dataTransfer)) return;
  event.preventDefault();
  lookFor(event.dataTransfer.files);
});
document.addEventListener("paste", (event) => {
  if (writing(event.target) || !withFiles(event.clipboardData)) return;
  event.preventDefault();
  lookFor(event.clipboardData.files);
});
