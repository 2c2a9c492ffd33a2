// Seals what a reporter writes: JSON, padded to a power of two, to those who may read it and to decoys up to a round number, so that the file
// tells neither how much was written nor that somebody was shut out.

import { Encrypter, armor, generateIdentity, identityToRecipient } from "age-encryption";
import { base64 } from "@scure/base";

const SMALLEST = 64 * 1024;
const ROUND = 8;
export const LARGEST = 16 * 1024 * 1024;

export const attachment = async (file) => ({ name: file.name, type: file.type, data: base64.encode(new Uint8Array(await file.arrayBuffer())) });

export const sealed = async (content, recipients, among = 0) => {
  const bytes = (value) => new TextEncoder().encode(JSON.stringify(value));
  const size = bytes({ ...content, pad: "" }).length;
  let wanted = SMALLEST;
  while (wanted < size) wanted *= 2;
  if (wanted > LARGEST * 2) throw new RangeError("too large");
  const all = [...recipients];
  while (all.length < among || all.length % ROUND) all.push(await identityToRecipient(await generateIdentity()));
  const encrypter = new Encrypter();
  for (const recipient of all.sort()) encrypter.addRecipient(recipient);
  return armor.encode(await encrypter.encrypt(bytes({ ...content, pad: ".".repeat(wanted - size) })));
};

export const fileName = (kind) => `${kind}-${[...crypto.getRandomValues(new Uint8Array(20))].map((n) => (n % 32).toString(32)).join("")}.age`;

// Gives the reporter the file; where the site names a drop, offers to hand it in at once.
export const offer = (place, text, name) => {
  const link = place.querySelector("[data-download]");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/octet-stream" }));
  link.download = name;
  const button = place.querySelector("[data-drop]");
  if (!button) return;
  const said = place.querySelector("[data-dropped]");
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const answer = await fetch(button.dataset.drop + name, { method: "PUT", body: text, credentials: "omit", referrerPolicy: "no-referrer", cache: "no-store" });
      if (!answer.ok) throw new Error(String(answer.status));
      said.textContent = said.dataset.done;
    } catch {
      said.textContent = said.dataset.failed;
      button.disabled = false;
    }
  });
};
