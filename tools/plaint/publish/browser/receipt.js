// The receipt: 24 random digits and two that catch slips (ISO 7064, MOD 97-10). It is stretched by scrypt into an age identity and a token.
// The same as plaint/seal/receipt.py; tests/vectors/receipts.yaml holds both to it.

import { scryptAsync } from "@noble/hashes/scrypt.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bech32, base64urlnopad, hex } from "@scure/base";
import { identityToRecipient } from "age-encryption";
import WORKER from "./stretch.txt"; // stretch.js, bundled

const SALT = new TextEncoder().encode("plaint receipt 1");
const WORK = { N: 2 ** 17, r: 8, p: 1, dkLen: 64 };

const checkDigits = (digits) => String(98n - (BigInt(digits) * 100n) % 97n).padStart(2, "0");

// 24 digits, all equally likely: of the numbers below 256, those from 250 on are thrown away.
export const newDigits = () => {
  let digits = "";
  while (digits.length < 24) for (const n of crypto.getRandomValues(new Uint8Array(32))) if (n < 250 && digits.length < 24) digits += n % 10;
  return digits;
};

// In groups of four, as people read them out; the last group is the check digits.
export const spoken = (digits) => `${digits.match(/.{4}/g).join(" ")} ${checkDigits(digits)}`;

// The digits of what somebody typed, however they grouped them; null where it is no receipt.
export const digitsOf = (typed) => {
  const found = typed.normalize("NFKC").replace(/[\s.\-–—_]/g, "");
  return /^\d{26}$/.test(found) && checkDigits(found.slice(0, 24)) === found.slice(24) ? found.slice(0, 24) : null;
};

const inWorker = (digits, progress) =>
  new Promise((resolve, reject) => {
    const url = URL.createObjectURL(new Blob([WORKER], { type: "text/javascript" }));
    const worker = new Worker(url);
    const end = (settle, value) => {
      worker.terminate();
      URL.revokeObjectURL(url);
      settle(value);
    };
    worker.onmessage = ({ data }) => (typeof data === "number" ? progress(data) : end(resolve, data));
    worker.onerror = (error) => end(reject, error);
    worker.postMessage({ digits, salt: SALT, work: WORK });
  });

// `progress` is told how far it is, as a share of 1. Where a browser allows no worker, the page stands still meanwhile.
export const keysOf = async (digits, progress) => {
  const bytes = new TextEncoder().encode(digits);
  const made = await inWorker(bytes, progress).catch(() => scryptAsync(bytes, SALT, WORK));
  const identity = bech32.encodeFromBytes("AGE-SECRET-KEY-", made.slice(0, 32)).toUpperCase();
  const token = made.slice(32);
  return { identity, recipient: await identityToRecipient(identity), token: base64urlnopad.encode(token), tokenHash: hex.encode(sha256(token)) };
};
