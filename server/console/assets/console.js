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

// Takes a part of the new page in place of the one of this page, unless somebody is at work in it.
function take(next, part) {
  if (next.outerHTML === part.outerHTML || part.contains(document.activeElement) || part.querySelector("input:checked")) return;
  localTimes(next);
  copying(next);
  part.replaceWith(document.adoptNode(next));
}

// Takes the parts that are named in the new page; of a table with the same rows only those that changed.
function patch(fresh) {
  for (const part of document.querySelectorAll("[data-live]")) {
    const next = fresh.querySelector(`[data-live="${part.dataset.live}"]`);
    if (!next) continue;
    const [olds, news] = [part, next].map((of) => [...of.querySelectorAll("[data-row]")]);
    const same = olds.length > 0 && olds.length === news.length && olds.every((old, at) => old.dataset.row === news[at].dataset.row);
    if (same) olds.forEach((old, at) => take(news[at], old));
    else take(next, part);
  }
  selected();
}

let fetching = false;
let again = null;
async function refresh(from) {
  // What waits is the page itself rather than its age: nothing else asks for the last news of a run.
  if (fetching) { if (again !== here()) again = from; return; }
  fetching = true;
  try {
    const answer = await fetch(from, { headers: { accept: "text/html" } });
    if (answer.redirected && new URL(answer.url).pathname === "/sign-in") location.reload();
    if (answer.ok) patch(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch { /* The stream of events says that the connection is lost. */ }
  fetching = false;
  if (again) { const next = again; again = null; refresh(next); }
}

// A page that shows what was read is asked for again, but not more often than this. Those that ask servers, or on
// which something is being decided, stay as they are under the age of what was read.
const EVERY_MS = 10000;
const AGAIN_MS = 3000;
const here = () => location.pathname + location.search;
let last = Date.now();
let due = null;
function refreshSometime() {
  if (due) return;
  due = setTimeout(() => { due = null; last = Date.now(); refresh(here()); }, Math.max(0, last + EVERY_MS - Date.now()));
}

function live() {
  const { follows, since } = document.querySelector("main")?.dataset ?? {};
  if (!follows || !document.querySelector("[data-live]")) return;
  const lost = document.querySelector("[data-lost]");
  const onReading = follows === "readings" ? refreshSometime : () => refresh("/live/age");
  const onRun = { runs: () => refresh(here()), readings: refreshSometime }[follows] ?? (() => {});
  // A page that is left is kept for a while, and its connection with it, of which a browser has six.
  let events = null;
  addEventListener("pagehide", () => events?.close());
  addEventListener("pageshow", (event) => { if (event.persisted) connect(); });
  const connect = () => {
    events?.close();
    events = new EventSource(`/live?since=${since}`);
    events.addEventListener("reading", onReading);
    events.addEventListener("run", onRun);
    events.onopen = () => {
      if (!lost || lost.hidden) return;
      lost.hidden = true;
      onReading();
      onRun();
    };
    events.onerror = () => {
      if (lost) lost.hidden = false;
      // The browser tries again by itself, unless it was answered with something else: that of a server that starts,
      // or of one that asks for signing in.
      if (events.readyState === EventSource.CLOSED) {
        refresh("/live/age");
        setTimeout(connect, AGAIN_MS);
      }
    };
  };
  connect();
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
