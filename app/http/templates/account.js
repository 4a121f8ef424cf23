
"use strict";
const main = document.querySelector("main");
const form = document.querySelector("form");
const button = form.querySelector("button");
const refusal = document.getElementById("refusal");
// In the fragment it reaches no server, no log and no referrer.
const token = new URLSearchParams(location.hash.slice(1)).get("token");

function show(id) {
  for (const section of main.children) section.hidden = section.id !== id;
  document.getElementById(id).focus();
}

function refuse(text) {
  refusal.textContent = text;
  refusal.hidden = false;
}

async function send() {
  const body = Object.fromEntries(new FormData(form));
  if (token) body.token = token;
  const answer = await fetch(main.dataset.post, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    credentials: "omit",
  });
  const said = answer.status === 204 ? {} : await answer.json();
  if (answer.ok) {
    history.replaceState(null, "", location.pathname);
    show(said.state === "WAITING" ? "waiting" : "done");
  } else {
    refuse(said.errors?.[0]?.message ?? said.detail ?? said.title);
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  refusal.hidden = true;
  button.disabled = true;
  try {
    await send();
  } catch {
    refuse("Roost cannot be reached at the moment. Try again.");
  } finally {
    button.disabled = false;
  }
});

if (main.dataset.follows === "true" && !token) show("broken");
else form.querySelector("input")?.focus();
