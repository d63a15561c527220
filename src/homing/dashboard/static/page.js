// Without this script every link and button works by loading the page anew; with it only the changed part is replaced.
"use strict";

const said = document.getElementById("said");
let unsaid;

function say(text) {
  said.textContent = text;
  clearTimeout(unsaid);
  unsaid = setTimeout(() => { said.textContent = ""; }, 8000);
}

async function fetched(address, options) {
  const answer = await fetch(address, options);
  if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

function homes(root) {
  return [...root.querySelectorAll("[data-home]")].map((card) => card.dataset.home);
}

function replace(id, fresh) {
  document.getElementById(id).replaceWith(document.importNode(fresh.getElementById(id), true));
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches(".acts")) return;
  event.preventDefault();
  const body = new URLSearchParams(new FormData(form, event.submitter));
  const card = form.closest(".card");
  card.setAttribute("aria-busy", "true");
  try {
    const before = homes(document);
    const fresh = await fetched(form.action, { method: "POST", body });
    replace("main", fresh);
    replace("leads", fresh);
    const added = homes(document).filter((home) => !before.includes(home));
    for (const shown of document.querySelectorAll("[data-home]")) shown.classList.toggle("new", added.includes(shown.dataset.home));
    say(`“${event.submitter.textContent}” is recorded. ${added.length || "No"} home${added.length === 1 ? " is" : "s are"} new in the list.`);
    document.getElementById("main").focus({ preventScroll: true });
  } catch (error) {
    card.removeAttribute("aria-busy");
    say(`That was not recorded: ${error.message}`);
  }
});

let waiting;
document.getElementById("q").addEventListener("input", (event) => {
  clearTimeout(waiting);
  waiting = setTimeout(async () => {
    const asked = event.target.value;
    const fresh = await fetched(`${location.pathname}?${new URLSearchParams({ q: asked })}`);
    if (event.target.value === asked) replace("leads", fresh);
  }, 200);
});
