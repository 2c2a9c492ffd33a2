// A worker: scrypt takes a second, and minutes where a browser runs scripts slowly on purpose (Tor Browser's level "Safer"); the page goes on meanwhile.

import { scrypt } from "@noble/hashes/scrypt.js";

onmessage = ({ data: { digits, salt, work } }) => {
  let told = 0;
  const onProgress = (share) => {
    if (share - told >= 0.01) postMessage((told = share));
  };
  postMessage(scrypt(digits, salt, { ...work, onProgress }));
};
