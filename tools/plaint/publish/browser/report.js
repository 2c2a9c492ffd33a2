// The page on which people report: seals the form in the browser and hands out the sealed file and a receipt. Nothing is kept, nothing is sent
// unless the reporter says so.

import { busy, calm, complain } from "./asking.js";
import { keysOf, newDigits, spoken } from "./receipt.js";
import { against, attachments, fileName, hold, offer, sealed } from "./sealing.js";

const form = document.getElementById("report-form");
const setup = JSON.parse(form.dataset.setup);
const problem = document.getElementById("report-problem");
const done = document.getElementById("report-done");
const value = (name) => (form.elements[name] ? form.elements[name].value.trim() : "");
const given = (names) => Object.fromEntries(names.map((name) => [name, value(name)]).filter(([, text]) => text));
const fail = (text, field) => complain(form, problem, text, field);

const named = () => {
  for (const part of document.querySelectorAll("[data-named]")) part.hidden = value("anonymous") !== "no";
};

const content = (keys, excluded, files) => {
  const identity = value("anonymous") === "no" ? given(["name", "phone", "email", "address"]) : {};
  const { name, ...contact } = identity;
  return {
    plaint: 1,
    kind: "report",
    id: crypto.randomUUID(),
    made: new Date().toISOString(),
    language: setup.language,
    category: value("category"),
    report: given(["title", "narrative", "when", "where", "who", "witnesses", "evidence", "earlier", "risks", "wishes"]),
    identity: { ...(name ? { name } : {}), ...(Object.keys(contact).length ? { contact } : {}), ...given(["relation"]) },
    excluded,
    attachments: files,
    receipt: { recipient: keys.recipient, token: keys.tokenHash },
  };
};

form.noValidate = true;
form.addEventListener("change", named);
form.addEventListener("input", () => hold(true));
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  calm(form, problem);
  for (const name of ["category", "narrative"]) if (!value(name)) return fail(setup.text[name], form.elements[name]);
  const excluded = [...form.querySelectorAll("[name=exclude]:checked")].map((box) => box.value);
  const left = setup.officers.filter((officer) => !excluded.includes(officer.member));
  if (setup.needed.some((group) => group.every((member) => excluded.includes(member)))) return fail(setup.text.nobody);
  const files = [...form.elements.files.files];
  const wrong = against(files, setup);
  if (wrong) return fail(wrong, form.elements.files);
  try {
    await busy(form.querySelector("[type=submit]"), setup.text.working, async (progress) => {
      const digits = newDigits();
      const keys = await keysOf(digits, progress);
      const whole = content(keys, excluded, await attachments(files));
      offer(done, await sealed(whole, left.map((officer) => officer.recipient), setup.officers.length), fileName("report"));
      done.querySelector("[data-receipt]").textContent = spoken(digits);
    });
    form.reset();
    form.hidden = true;
    for (const part of document.querySelectorAll("[data-before]")) part.hidden = true;
    done.hidden = false;
    done.focus();
    done.scrollIntoView();
  } catch (error) {
    fail(error instanceof RangeError ? setup.text.large : setup.text.failed);
  }
});
for (const button of document.querySelectorAll("[data-print]")) button.onclick = () => window.print();
for (const link of document.querySelectorAll("[data-address]")) if (link.protocol.startsWith("http")) link.textContent = link.href; // so that it is on paper, too
named();
form.hidden = false;
