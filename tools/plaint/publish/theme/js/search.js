// Searches this site in the browser: the index is a script beside this one, so that it works from a folder too; nothing leaves the page.
"use strict";
(() => {
  const box = document.getElementById("query");
  const list = document.getElementById("found");
  const count = document.getElementById("count");
  const pages = window.plaintPages;

  // Latin words as they stand; Chinese has no spaces, so every two neighbours are a word.
  const words = (text) => {
    const found = [];
    for (const run of text.toLowerCase().match(/\p{Script=Han}+|[\p{L}\p{N}-]+/gu) || []) {
      if (/^\p{Script=Han}/u.test(run) && run.length > 1) for (let i = 0; i + 1 < run.length; i++) found.push(run.slice(i, i + 2));
      else found.push(run);
    }
    return found;
  };
  lunr.tokenizer = Object.assign((text) => words(String(text || "")).map((word, i) => new lunr.Token(word, { position: i })), { separator: /\s+/ });
  const index = lunr(function () {
    this.pipeline.reset();
    this.searchPipeline.reset();
    this.ref("place");
    this.field("title", { boost: 5 });
    this.field("text");
    pages.forEach((page, place) => this.add({ place, title: page.title, text: page.text }));
  });

  const search = () => {
    const query = box.value.trim();
    const asked = words(query);
    const hits = asked.length ? index.query((q) => asked.forEach((word) => {
      const han = /^\p{Script=Han}/u.test(word);
      q.term(word, { presence: lunr.Query.presence.REQUIRED, wildcard: han && word.length > 1 ? lunr.Query.wildcard.NONE : lunr.Query.wildcard.TRAILING });
    })) : [];
    list.replaceChildren(...hits.slice(0, 30).map((hit) => {
      const page = pages[hit.ref];
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.href = page.href;
      link.textContent = page.title;
      const text = document.createElement("p");
      const at = Math.max(0, page.text.toLowerCase().indexOf(query.toLowerCase()) - 40);
      text.textContent = page.text.slice(at, at + 160);
      item.append(link, text);
      return item;
    }));
    count.textContent = query ? count.dataset.found.replace("{n}", hits.length) : "";
  };
  box.addEventListener("input", search);
  box.value = new URLSearchParams(location.search).get("q") || "";
  search();
})();
