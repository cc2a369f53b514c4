// Keeps a page live: one stream of events, ages that count by themselves, and the truth about the connection.
"use strict";

(() => {
  const body = document.body;
  const zone = body.dataset.zone || undefined;
  const pill = document.getElementById("live");
  const text = document.getElementById("live-text");
  const clock = document.getElementById("clock");
  const SILENT = 35_000; // three missed heartbeats
  let ahead = Date.parse(body.dataset.now) - Date.now(); // the plant's clock against this browser's
  let source = null;
  let heard = 0; // when the stream last proved that it lives
  let stale = false; // a refresh failed: what is shown is older than the stream
  let wait = 1000;
  let retry = 0;

  const hour = (at) => new Date(at + ahead).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: zone });

  function show(state) {
    if (pill.dataset.state === state) return;
    pill.dataset.state = state;
    body.classList.toggle("not-live", state === "lost");
    const said = body.dataset;
    text.textContent = state === "live" ? said.live : heard ? said.lostSince.replace("$at", hour(heard)) : said.lost;
  }

  function alive() {
    heard = Date.now();
    wait = 1000;
    if (!stale) show("live");
  }

  function refresh() {
    body.dispatchEvent(new CustomEvent("changed"));
  }

  function lost() {
    source?.close();
    source = null;
    show("lost");
    clearTimeout(retry);
    retry = setTimeout(connect, wait);
    wait = Math.min(wait * 2, 10_000);
  }

  function connect() {
    clearTimeout(retry);
    source?.close();
    source = new EventSource("/api/events");
    source.addEventListener("changed", () => { alive(); refresh(); });
    source.addEventListener("beat", alive);
    source.addEventListener("error", lost);
  }

  // A refresh that fails is tried again; until it succeeds the page does not claim to be live.
  let again = 0;
  function failed(event) {
    const ctx = event.detail?.ctx;
    if (!ctx || ctx.request?.method !== "GET") return;
    stale = true;
    show("lost");
    clearTimeout(again);
    again = setTimeout(refresh, 2000);
  }
  body.addEventListener("htmx:response:error", failed);
  body.addEventListener("htmx:error", failed);
  body.addEventListener("htmx:after:swap", () => {
    stale = false;
    const sent = document.querySelector("main [data-now]");
    if (sent) ahead = Date.parse(sent.dataset.now) - Date.now();
    if (source && Date.now() - heard < SILENT) show("live");
    count();
  });

  function age(minutes) {
    const { minute, hour: h, day } = body.dataset;
    if (minutes < 60) return `${minutes} ${minute}`;
    if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} ${h} ${String(minutes % 60).padStart(2, "0")}`;
    return `${Math.floor(minutes / 1440)} ${day} ${Math.floor((minutes % 1440) / 60)} ${h}`;
  }

  function count() {
    const now = Date.now() + ahead;
    for (const time of document.querySelectorAll("[data-since]")) {
      const words = age(Math.max(0, Math.floor((now - Date.parse(time.dataset.since)) / 60_000)));
      if (time.textContent !== words) time.textContent = words;
    }
    if (clock) clock.textContent = hour(Date.now());
  }

  setInterval(() => {
    count();
    if (source && heard && Date.now() - heard > SILENT) lost();
  }, 1000);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && Date.now() - heard > 15_000) connect();
  });
  window.addEventListener("online", connect);
  window.addEventListener("pagehide", () => source?.close());
  window.addEventListener("pageshow", (event) => { if (event.persisted) connect(); });
  document.querySelector(".periods [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  count();
  connect();
})();
