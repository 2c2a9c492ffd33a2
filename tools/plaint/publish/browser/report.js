// The page on which people report: seals the form in the browser and hands out the sealed file and a receipt. Nothing is kept, nothing is sent
// unless the reporter says so.

import { keysOf, newDigits, spoken } from "./receipt.js";
import { LARGEST, attachment, fileName, offer, sealed } from "./sealing.js";

const form = document.getElementById("report-form");
const setup = JSON.parse(form.dataset.setup);
const problem = document.getElementById("report-problem");
const done = document.getElementById("report-done");
const value = (name) => (form.elements[name] ? form.elements[name].value.trim() : "");
const given = (names) => Object.fromEntries(names.map((name) => [name, value(name)]).filter(([, text]) => text));

const fail = (text) => {
  problem.textContent = text;
  problem.hidden = false;
  problem.focus();
};

const named = () => {
  for (const part of document.querySelectorAll("[data-named]")) part.hidden = value("anonymous") !== "no";
};
form.addEventListener("change", named);
named();

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  problem.hidden = true;
  const excluded = [...form.querySelectorAll("[name=exclude]:checked")].map((box) => box.value);
  const left = setup.officers.filter((officer) => !excluded.includes(officer.member));
  const files = [...form.elements.files.files];
  if (!value("narrative") || !value("category")) return fail(setup.text.empty);
  if (!left.length) return fail(setup.text.nobody);
  if (files.reduce((sum, file) => sum + file.size, 0) > setup.largest) return fail(setup.text.large);
  const button = form.querySelector("[type=submit]");
  button.disabled = true;
  button.textContent = setup.text.working;
  try {
    const digits = newDigits();
    const keys = await keysOf(digits);
    const identity = value("anonymous") === "no" ? given(["name", "phone", "email", "address"]) : {};
    const { name, ...contact } = identity;
    const content = {
      plaint: 1,
      kind: "report",
      id: crypto.randomUUID(),
      made: new Date().toISOString(),
      language: setup.language,
      category: value("category"),
      report: given(["title", "narrative", "when", "where", "who", "witnesses", "evidence", "earlier", "wishes"]),
      identity: { ...(name ? { name } : {}), ...(Object.keys(contact).length ? { contact } : {}), ...given(["relation"]) },
      excluded,
      attachments: await Promise.all(files.map(attachment)),
      receipt: { recipient: keys.recipient, token: keys.tokenHash },
    };
    const text = await sealed(content, left.map((officer) => officer.recipient), setup.officers.length);
    offer(done, text, fileName("report"));
    done.querySelector("[data-receipt]").textContent = spoken(digits);
    form.reset();
    form.hidden = true;
    done.hidden = false;
    done.focus();
  } catch (error) {
    fail(error instanceof RangeError ? setup.text.large : setup.text.failed);
  } finally {
    button.disabled = false;
    button.textContent = setup.text.seal;
  }
});
if (setup.largest > LARGEST) throw new Error("the limit is above what can be sealed");
form.hidden = false;
