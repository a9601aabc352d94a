// A public form's puzzle: a number that makes SHA-256 of the challenge, a colon and that number begin with so many
// zero bits. It is looked for while somebody types, so that nobody waits. Where a browser cannot (the page did not
// come over HTTPS), the form goes as it does without a script, once it was open for a while.
const form = document.querySelector("form[data-puzzle]");
const challenge = form.elements.challenge;
const proof = form.elements.proof;
const said = document.getElementById("puzzle");
const AT_ONCE = 512;

const begins = (digest, bits) => {
  const words = new DataView(digest);
  for (let left = bits, place = 0; left > 0; left -= 32, place += 4) {
    if (words.getUint32(place) >>> Math.max(0, 32 - left) !== 0) return false;
  }
  return true;
};

async function solve() {
  const bits = Number(challenge.dataset.bits);
  const encoder = new TextEncoder();
  for (let from = 0; ; from += AT_ONCE) {
    const tried = Array.from({ length: AT_ONCE }, (_, place) =>
      crypto.subtle.digest("SHA-256", encoder.encode(`${challenge.value}:${from + place}`)),
    );
    const found = (await Promise.all(tried)).findIndex((digest) => begins(digest, bits));
    if (found >= 0) return String(from + found);
  }
}

let solving = null;
const begin = () => (solving ??= solve().then((number) => (proof.value = number)));

if (globalThis.crypto?.subtle && !proof.value) {
  form.addEventListener("focusin", begin, { once: true });
  form.addEventListener("submit", async (event) => {
    if (proof.value) return;
    event.preventDefault();
    said.textContent = said.dataset.working;
    await begin();
    form.submit();
  });
}
document.querySelector('[data-testid="errors"]')?.focus();
