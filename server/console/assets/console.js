// Makes pages live. Without it they are the same, a reload later.
"use strict";

// Times in the reader's zone.
function localTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.getAttribute("datetime"));
    if (Number.isNaN(at.getTime())) continue;
    time.title = at.toLocaleString();
    // What is written as a date or a time of day is of the reader's zone too; ages are the same everywhere.
    const [date, clock] = local(at).split("T");
    const shown = time.textContent.trim();
    if (/^\d{4}-\d\d-\d\d$/.test(shown)) time.textContent = date;
    else if (/^\d{4}-\d\d-\d\d \d\d:\d\d UTC$/.test(shown)) time.textContent = `${date} ${clock}`;
    else if (/^\d\d:\d\d UTC$/.test(shown)) time.textContent = clock;
  }
}

// Moments are typed in the reader's zone and sent in UTC.
function localMoments() {
  for (const typed of document.querySelectorAll("input[type=datetime-local]")) {
    const label = document.querySelector(`label[for="${typed.id}"]`);
    if (label) label.textContent = label.textContent.replace("UTC", "your time");
    if (typed.value) typed.value = local(new Date(typed.value + "Z"));
    const sent = document.createElement("input");
    sent.type = "hidden";
    sent.name = typed.name;
    typed.removeAttribute("name");
    typed.after(sent);
    const take = () => { sent.value = typed.value ? new Date(typed.value).toISOString().slice(0, 16) : ""; };
    take();
    typed.addEventListener("input", take);
  }
}

// `2026-12-24T03:00`, as such a field has it.
function local(at) {
  return new Date(at.getTime() - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}

// Takes the parts that are named in the new page in place of those of this one.
function patch(fresh) {
  for (const part of document.querySelectorAll("[data-live]")) {
    const next = fresh.querySelector(`[data-live="${part.dataset.live}"]`);
    if (!next || next.outerHTML === part.outerHTML || part.contains(document.activeElement) || part.querySelector("input:checked")) continue;
    localTimes(next);
    copying(next);
    part.replaceWith(document.adoptNode(next));
  }
}

let fetching = false;
let again = false;
async function refresh() {
  if (fetching) { again = true; return; }
  fetching = true;
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (answer.redirected && new URL(answer.url).pathname === "/sign-in") location.reload();
    if (answer.ok) patch(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch { /* The stream of events says that the connection is lost. */ }
  fetching = false;
  if (again) { again = false; refresh(); }
}

function live() {
  if (!document.querySelector("[data-live]")) return;
  const lost = document.querySelector("[data-lost]");
  const events = new EventSource("/live");
  events.addEventListener("changed", refresh);
  events.onopen = () => { if (lost) lost.hidden = true; };
  events.onerror = () => { if (lost) lost.hidden = false; };
}

// `/` reaches the search; shift takes a range of rows.
function keys() {
  document.addEventListener("keydown", (event) => {
    const search = document.querySelector("[data-search]");
    if (event.key === "/" && search && !/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName)) {
      event.preventDefault();
      search.focus();
    }
  });
  let last = null;
  document.addEventListener("click", (event) => {
    const box = event.target.closest("td.pick input");
    if (!box) return;
    const boxes = [...document.querySelectorAll("td.pick input")];
    if (event.shiftKey && last) {
      const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
      for (const one of boxes.slice(from, to + 1)) one.checked = box.checked;
    }
    last = box;
    selected();
  });
}

function selected() {
  const count = document.querySelectorAll("td.pick input:checked").length;
  const bar = document.querySelector("[data-selected]");
  if (!bar) return;
  bar.hidden = count === 0;
  bar.querySelector("output").textContent = `${count} selected`;
}

// Buttons come with parts that are patched in, so the document listens for them.
function copying(root) {
  for (const button of root.querySelectorAll("[data-copy]")) button.hidden = !navigator.clipboard;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(document.querySelector(button.dataset.copy).textContent);
  button.textContent = "Copied";
});

localTimes(document);
localMoments();
keys();
selected();
copying(document);
live();
