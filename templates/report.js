"use strict";
const form = document.getElementById("filters");
const parts = [...document.getElementById("list").children];
const items = parts.flatMap((part) => [...part.children]);
const shown = form.querySelector("output");
const texts = new Map();

// The text of a result is what its closed row shows.
function text(item) {
  if (!texts.has(item)) {
    const row = item.querySelector(":scope > details > summary") ?? item;
    texts.set(item, row.textContent.toLowerCase());
  }
  return texts.get(item);
}

function filter() {
  const wanted = new FormData(form);
  const verdicts = new Set(wanted.getAll("verdict"));
  const words = wanted.get("text").toLowerCase().split(/\s+/).filter(Boolean);
  const chosen = ["operation", "edition", "injected"].filter((name) => wanted.get(name));
  let count = 0;
  for (const item of items) {
    item.hidden = !(verdicts.has(item.dataset.verdict)
      && chosen.every((name) => item.dataset[name] === wanted.get(name))
      && words.every((word) => text(item).includes(word)));
    count += item.hidden ? 0 : 1;
  }
  // The height of a part that is out of sight.
  for (const part of parts) {
    const visible = [...part.children].filter((item) => !item.hidden).length;
    part.hidden = visible === 0;
    part.style.containIntrinsicSize = `auto ${visible * 1.9}rem`;
  }
  shown.value = `${count} of ${items.length} shown`;
}

// Opens what a link leads to.
function reveal() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const item = target?.closest(".part > li");
  if (!item) return;
  item.hidden = false;
  item.parentElement.hidden = false;
  for (let at = target; at !== item.parentElement; at = at.parentElement) {
    if (at instanceof HTMLDetailsElement) at.open = true;
  }
  const first = item.querySelector(":scope > details");
  if (first) first.open = true;
  target.scrollIntoView();
}

form.hidden = false;
form.addEventListener("input", filter);
form.addEventListener("submit", (event) => event.preventDefault());
document.addEventListener("keydown", (event) => {
  const search = form.elements.text;
  if (event.key === "/" && event.target !== search) {
    event.preventDefault();
    search.focus();
  } else if (event.key === "Escape" && event.target === search) {
    search.value = "";
    filter();
  }
});
addEventListener("hashchange", reveal);
filter();
reveal();
