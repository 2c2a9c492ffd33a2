// The kinds of recipients that no key of plaint has (post-quantum hybrids, P-256 tags): left out, they would be half of what a reporter downloads.
export const MLKEM768P256 = undefined;
export const MLKEM768X25519 = undefined;
export const p256 = undefined;
