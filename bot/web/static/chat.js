// The chat page: what is written is stored first and shown at once; several phones side by side, one on a small screen.
"use strict";

(() => {
  const columns = document.getElementById("columns");
  const tabs = document.getElementById("switch");
  const add = document.getElementById("add");
  const NEAR = 80; // pixels from the end that still count as reading along

  const key = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, "0")).join("");
  const all = () => Array.from(columns.querySelectorAll(".column"));
  const column = (element) => element.closest(".column");

  // sending ---------------------------------------------------------------------------------------------------------

  async function send(where, message) {
    const person = where.dataset.person;
    const waiting = pend(where, message.text);
    const once = key(); // a repeat after a broken line is taken once
    for (let attempt = 0; ; attempt++) {
      try {
        const answer = await fetch("/api/messages", {
          method: "POST",
          headers: { "Content-Type": "application/json", "Idempotency-Key": once },
          body: JSON.stringify({ person, ...message }),
          credentials: "same-origin",
        });
        const said = await answer.json().catch(() => ({}));
        if (answer.ok) {
          waiting.dataset.message = said.id;
          waiting.classList.add("stored");
          document.body.dispatchEvent(new CustomEvent("changed"));
          return true;
        }
        if (answer.status !== 503 || attempt >= 2) return refuse(where, waiting, said.message || columns.dataset.notSent);
      } catch {
        if (attempt >= 2) return refuse(where, waiting, columns.dataset.unreachable);
      }
      await new Promise((done) => setTimeout(done, 800 * (attempt + 1)));
    }
  }

  async function bring(where, file) {
    const replying = where.querySelector(".replying");
    const box = where.querySelector("textarea");
    const form = new FormData();
    form.set("person", where.dataset.person);
    form.set("text", box.value.trim());
    if (!replying.hidden) form.set("reply_to", replying.dataset.to);
    form.set("file", file, "file"); // what it is called on this phone concerns nobody
    const waiting = pend(where, box.value.trim() || "…");
    try {
      const answer = await fetch("/api/messages/media", {
        method: "POST", headers: { "Idempotency-Key": key() }, body: form, credentials: "same-origin",
      });
      const said = await answer.json().catch(() => ({}));
      if (!answer.ok) return refuse(where, waiting, said.message || columns.dataset.notSent);
      waiting.dataset.message = said.id;
      waiting.classList.add("stored");
      box.value = "";
      grow(box);
      answerTo(where, null);
      document.body.dispatchEvent(new CustomEvent("changed"));
      return true;
    } catch {
      return refuse(where, waiting, columns.dataset.fileUnreachable);
    }
  }

  function pend(where, text) {
    const item = document.createElement("li");
    item.className = "message mine waiting";
    const bubble = document.createElement("div");
    bubble.className = "bubble";
    const words = document.createElement("p");
    words.className = "text";
    words.textContent = text;
    bubble.append(words);
    item.append(bubble);
    where.querySelector(".pending").append(item);
    where.querySelector(".tries")?.remove();
    problem(where, "");
    toEnd(where);
    return item;
  }

  function refuse(where, waiting, why) {
    waiting.remove();
    problem(where, why);
    return false;
  }

  function problem(where, why) {
    const place = where.querySelector(".composer .problem");
    place.textContent = why;
    place.hidden = !why;
  }

  async function submit(where) {
    const box = where.querySelector("textarea");
    const text = box.value.trim();
    if (!text) return;
    const replying = where.querySelector(".replying");
    const message = { text };
    if (!replying.hidden) message.reply_to = replying.dataset.to;
    box.value = "";
    grow(box);
    answerTo(where, null);
    box.focus();
    if (!(await send(where, message)) && !box.value) {
      box.value = text;
      grow(box);
    }
  }

  function answerTo(where, button) {
    const line = where.querySelector(".replying");
    line.hidden = !button;
    line.dataset.to = button?.dataset.answer || "";
    line.querySelector("b").textContent = button?.dataset.case || "";
    if (button) where.querySelector("textarea").focus();
  }

  function grow(box) {
    box.rows = Math.min(5, Math.max(1, box.value.split("\n").length, Math.ceil(box.value.length / 34)));
  }

  columns.addEventListener("submit", (event) => {
    event.preventDefault();
    submit(column(event.target));
  });

  columns.addEventListener("keydown", (event) => {
    if (event.target.matches("textarea") && event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      submit(column(event.target));
    }
  });

  columns.addEventListener("input", (event) => {
    if (event.target.matches("textarea")) grow(event.target);
  });

  columns.addEventListener("click", (event) => {
    const where = column(event.target);
    const button = event.target.closest("button");
    if (!where || !button) return;
    if (button.matches(".offer")) {
      button.classList.add("pressing");
      const message = button.closest(".message").dataset.id;
      send(where, { button: button.dataset.button, text: button.dataset.label, reply_to: message })
        .finally(() => button.classList.remove("pressing"));
    } else if (button.matches(".try")) {
      const box = where.querySelector("textarea");
      box.value = button.textContent.trim();
      grow(box);
      box.focus();
    } else if (button.matches(".answer")) {
      answerTo(where, button);
    } else if (button.closest(".replying")) {
      answerTo(where, null);
    } else if (button.matches(".newer")) {
      toEnd(where);
    } else if (button.matches(".close")) {
      where.remove();
      arranged();
    }
  });

  // reading along ---------------------------------------------------------------------------------------------------

  function toEnd(where) {
    const scroll = where.querySelector(".scroll");
    scroll.scrollTop = scroll.scrollHeight;
    where.dataset.along = "yes";
    where.querySelector(".newer").hidden = true;
  }

  function watch(where) {
    const scroll = where.querySelector(".scroll");
    const list = where.querySelector(".messages");
    where.dataset.along = "yes";
    scroll.addEventListener("scroll", () => {
      const along = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR;
      where.dataset.along = along ? "yes" : "no";
      if (along) where.querySelector(".newer").hidden = true;
    }, { passive: true });
    new MutationObserver((changes) => {
      const fresh = changes.flatMap((change) => Array.from(change.addedNodes)).filter((node) => node.matches?.(".message"));
      for (const item of where.querySelectorAll(".pending [data-message]")) {
        if (list.querySelector(`[data-message="${CSS.escape(item.dataset.message)}"]`)) item.remove();
      }
      if (!fresh.length) return;
      where.querySelector(".tries")?.remove();
      if (where.dataset.along === "yes") toEnd(where);
      else if (fresh.some((item) => item.matches(".theirs"))) where.querySelector(".newer").hidden = false;
      if (!where.classList.contains("current") && fresh.some((item) => item.matches(".theirs"))) unread(where);
    }).observe(list, { childList: true });
    new ResizeObserver(() => { if (where.dataset.along === "yes") toEnd(where); }).observe(scroll);
    toEnd(where);
  }

  // whose phones are shown --------------------------------------------------------------------------------------------

  function unread(where) {
    tabs?.querySelector(`[data-column="${where.id}"]`)?.classList.add("unread");
  }

  function current(where) {
    for (const other of all()) other.classList.toggle("current", other === where);
    for (const tab of tabs?.children || []) {
      const mine = tab.dataset.column === where.id;
      tab.setAttribute("aria-selected", mine);
      tab.tabIndex = mine ? 0 : -1;
      if (mine) {
        tab.classList.remove("unread");
        tab.scrollIntoView({ block: "nearest", inline: "nearest" });
      }
    }
    toEnd(where);
  }

  function arranged(shown) {
    const there = all();
    if (tabs) {
      const waiting = new Set(Array.from(tabs.querySelectorAll(".unread"), (tab) => tab.dataset.column));
      tabs.replaceChildren(...there.map((where) => {
        const tab = document.createElement("button");
        tab.type = "button";
        tab.role = "tab";
        tab.dataset.column = where.id;
        tab.setAttribute("aria-controls", where.id);
        tab.textContent = where.dataset.name;
        if (waiting.has(where.id)) tab.classList.add("unread");
        return tab;
      }));
      const people = new URLSearchParams(there.map((where) => ["with", where.dataset.person]));
      history.replaceState(null, "", `/chat?${people}`);
    }
    const next = shown || there.find((where) => where.classList.contains("current")) || there[0];
    if (next) current(next);
  }

  tabs?.addEventListener("click", (event) => {
    const tab = event.target.closest("[role=tab]");
    if (tab) current(document.getElementById(tab.dataset.column));
  });
  tabs?.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const row = Array.from(tabs.children);
    const next = row[(row.indexOf(event.target) + step + row.length) % row.length];
    current(document.getElementById(next.dataset.column));
    next.focus();
  });

  async function fetchColumn(person, slot) {
    const answer = await fetch(`/chat/column?slot=${slot}${person ? `&person=${encodeURIComponent(person)}` : ""}` +
      all().map((where) => `&shown=${encodeURIComponent(where.dataset.person)}`).join(""));
    if (!answer.ok) return null;
    const holder = document.createElement("template");
    holder.innerHTML = await answer.text();
    return holder.content.querySelector(".column");
  }

  const nextSlot = () => Math.max(0, ...all().map((where) => Number(where.id.replace("column-", "")))) + 1;

  columns.addEventListener("change", async (event) => {
    if (event.target.matches("input.file") && event.target.files.length) {
      const [file] = event.target.files;
      await bring(column(event.target), file);
      event.target.value = "";
      return;
    }
    if (!event.target.matches("select.picker")) return;
    const old = column(event.target);
    const fresh = await fetchColumn(event.target.value, nextSlot());
    if (!fresh) return;
    old.replaceWith(fresh);
    htmx.process(fresh);
    watch(fresh);
    arranged(fresh);
    fresh.querySelector("select.picker").focus();
  });

  add?.addEventListener("click", async () => {
    const fresh = await fetchColumn("", nextSlot());
    if (!fresh) return;
    add.before(fresh);
    htmx.process(fresh);
    watch(fresh);
    arranged(fresh);
    fresh.scrollIntoView({ inline: "end", block: "nearest" });
    fresh.querySelector("select.picker").focus();
  });

  all().forEach(watch);
  arranged();
})();
