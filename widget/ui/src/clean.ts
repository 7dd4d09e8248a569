// Identifiers (a RUT, an e-mail) as they are read, whatever they were pasted from: as
// chatcfg/clean.go has it; chatcfg/testdata/identifiers.json tests both.

/** Without invisible characters, with plain spaces, dashes, letters and digits, trimmed. */
export const clean = (s: string) =>
  s
    .replace(/\p{DI}/gu, '')
    .replace(/[\s\x85\u2800]/g, ' ')
    .replace(/[‐-―−﹘﹣]/g, '-')
    .replace(/[＋－．０-９Ａ-Ｚａ-ｚ]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0))
    .trim()
