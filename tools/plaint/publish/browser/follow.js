// The page on which people come back: opens, with the receipt, what is theirs in the bundle that everybody downloads, and seals their answer.
// The bundle: { salt, cells: [[tag, age file in base64]] }, all cells of one size; a mailbox is the cells whose tags follow from its recipient.

import { sha256 } from "@noble/hashes/sha2.js";
import { base64, hex } from "@scure/base";
import { Decrypter, armor } from "age-encryption";
import { CORE_SCHEMA, load } from "js-yaml";
import { busy, calm, complain } from "./asking.js";
import { digitsOf, keysOf } from "./receipt.js";
import { against, attachments, fileName, hold, offer, sealed } from "./sealing.js";

const form = document.getElementById("follow-form");
const setup = JSON.parse(form.dataset.setup);
const problem = document.getElementById("follow-problem");
const box = document.getElementById("follow-box");
const reply = document.getElementById("follow-reply");
const done = document.getElementById("follow-done");
const utf8 = (bytes) => new TextDecoder().decode(bytes);
let opened = null;

const tagOf = (salt, recipient, n) => hex.encode(sha256(new TextEncoder().encode(`plaint mailbox 1\n${salt}\n${recipient}\n${n}`))).slice(0, 32);

const open = async (identity, bytes) => {
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  return decrypter.decrypt(bytes);
};

// What the bundle holds for a receipt; null where there is nothing.
const mailbox = async (bundle, keys) => {
  const cells = new Map(bundle.cells);
  let text = "";
  for (let n = 0; cells.has(tagOf(bundle.salt, keys.recipient, n)); n++) {
    const cell = JSON.parse(utf8(await open(keys.identity, base64.decode(cells.get(tagOf(bundle.salt, keys.recipient, n))))));
    text += cell.part;
  }
  return text ? JSON.parse(text) : null;
};

const line = (tag, text, place) => {
  const made = document.createElement(tag);
  made.textContent = text;
  place.append(made);
  return made;
};

const show = async (found, keys) => {
  const facts = box.querySelector("dl");
  facts.replaceChildren();
  for (const [name, text] of [
    [setup.text.case, found.case],
    [setup.text.received, found.received],
    [setup.text.state, found.state[setup.language] || found.state.en],
  ]) {
    const part = document.createElement("div");
    line("dt", name, part);
    line("dd", text, part);
    facts.append(part);
  }
  const list = box.querySelector("ol");
  list.replaceChildren();
  for (const message of found.messages) {
    const envelope = load(utf8(await open(keys.identity, armor.decode(message.sealed))), { schema: CORE_SCHEMA });
    if (envelope.case !== found.case || envelope.event !== message.event || envelope.compartment !== "reporter") continue;
    const item = document.createElement("li");
    line("h3", `${message.at} · ${message.title[setup.language] || message.title.en}`, item);
    for (const field of ["title", "text", "note"]) if (envelope.body[field]) line("p", envelope.body[field], item).className = "said";
    list.append(item);
  }
  const proven = box.querySelector("[data-proven]");
  proven.hidden = true;
  for (const part of proven.querySelectorAll("code, pre")) part.textContent = "";
  box.querySelector("[data-proof]").onclick = () => {
    proven.querySelector("code").textContent = found.proof;
    proven.querySelector("pre").textContent = setup.check + found.proof;
    proven.hidden = false;
  };
  box.querySelector("[data-none]").hidden = list.children.length > 0;
  box.hidden = false;
  reply.hidden = false;
  box.focus();
};

form.noValidate = true;
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  calm(form, problem);
  for (const part of [box, reply, done]) part.hidden = true;
  const field = form.elements.receipt;
  const digits = digitsOf(field.value);
  if (!digits) return complain(form, problem, setup.text.slip, field);
  try {
    await busy(form.querySelector("button"), setup.text.working, async (progress) => {
      const keys = await keysOf(digits, progress);
      const found = await mailbox(window.plaintMailboxes, keys);
      if (!found) return complain(form, problem, setup.text.unknown, field);
      opened = { found, keys };
      form.reset();
      await show(found, keys);
    });
  } catch {
    complain(form, problem, setup.text.failed);
  }
});

reply.noValidate = true;
reply.addEventListener("input", () => hold(true));
reply.addEventListener("submit", async (event) => {
  event.preventDefault();
  calm(reply, problem);
  const text = reply.elements.text.value.trim();
  const files = [...reply.elements.files.files];
  if (!text) return complain(reply, problem, setup.text.empty, reply.elements.text);
  const wrong = against(files, setup);
  if (wrong) return complain(reply, problem, wrong, reply.elements.files);
  try {
    await busy(reply.querySelector("button"), setup.text.sealing, async () => {
      const content = {
        plaint: 1,
        kind: "message",
        id: crypto.randomUUID(),
        made: new Date().toISOString(),
        language: setup.language,
        case: opened.found.case,
        token: opened.keys.token,
        text,
        attachments: await attachments(files),
      };
      // to the case's own key: whoever was shut out of the case opens nothing of it
      offer(done, await sealed(content, [opened.found.readers]), fileName("message"));
    });
    reply.reset();
    reply.hidden = true;
    done.hidden = false;
    done.focus();
  } catch (error) {
    complain(reply, problem, error instanceof RangeError ? setup.text.large : setup.text.unsealed);
  }
});
form.hidden = false;
