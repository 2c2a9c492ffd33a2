// Seals what a reporter writes: JSON, padded to a power of two (or to the largest size), to those who may read it and to decoys up to a round
// number, so that the file tells neither how much was written nor that somebody was shut out.

import { Encrypter, generateIdentity, identityToRecipient } from "age-encryption";

const SMALLEST = 64 * 1024;
const LARGEST = 47 * 1024 * 1024; // what is sealed stays below the 48 MiB that a drop takes
const ROUND = 8;

// The browser's own base64, which is quick for large files everywhere.
const base64 = (file) =>
  new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });

const attachment = async (file) => ({ name: file.name.slice(0, 255), type: file.type.slice(0, 200), data: await base64(file) });

export const attachments = (files) => Promise.all(files.map(attachment));

// Why these files cannot be handed in, in the page's words; nothing where they can.
export const against = (files, setup) => {
  const empty = files.find((file) => !file.size);
  if (empty) return setup.text.hollow.replace("{file}", empty.name);
  if (files.length > setup.most) return setup.text.many;
  return files.reduce((sum, file) => sum + file.size, 0) > setup.largest ? setup.text.large : "";
};

export const sealed = async (content, recipients, among = 0) => {
  const written = new TextEncoder().encode(JSON.stringify({ ...content, pad: "" }).slice(0, -2)); // as far as the padding's first quote
  let size = SMALLEST;
  while (size < written.length + 2) size *= 2;
  size = Math.min(size, LARGEST);
  if (size < written.length + 2) throw new RangeError("too large");
  const plain = new Uint8Array(size).fill(".".charCodeAt(0));
  plain.set(written);
  plain.set(new TextEncoder().encode('"}'), size - 2);
  const all = [...recipients];
  while (all.length < among || all.length % ROUND) all.push(await identityToRecipient(await generateIdentity()));
  const encrypter = new Encrypter();
  for (const recipient of all.sort()) encrypter.addRecipient(recipient);
  return encrypter.encrypt(plain);
};

export const fileName = (kind) => `${kind}-${[...crypto.getRandomValues(new Uint8Array(20))].map((n) => (n % 32).toString(32)).join("")}.age`;

// Asks before the page is left with something on it that is nowhere else yet.
export const hold = (held) => {
  window.onbeforeunload = held ? (event) => event.preventDefault() : null;
};

// Gives the reporter the file; where the site names a drop, offers to hand it in at once.
export const offer = (place, file, name) => {
  hold(true);
  const link = place.querySelector("[data-download]");
  URL.revokeObjectURL(link.href);
  link.href = URL.createObjectURL(new Blob([file], { type: "application/octet-stream" }));
  link.download = name;
  link.onclick = () => hold(false);
  const button = place.querySelector("[data-drop]");
  if (!button) return;
  const said = place.querySelector("[data-dropped]");
  said.textContent = "";
  button.disabled = false;
  button.onclick = async () => {
    button.disabled = true;
    said.textContent = said.dataset.sending;
    try {
      const answer = await fetch(button.dataset.drop + name, { method: "PUT", body: file, credentials: "omit", referrerPolicy: "no-referrer", cache: "no-store" });
      if (!answer.ok && answer.status !== 409) throw new Error(String(answer.status)); // 409: it is there, only the answer got lost
      said.textContent = said.dataset.done;
      hold(false);
    } catch {
      said.textContent = said.dataset.failed;
      button.disabled = false;
    }
  };
};
