/** The bytes of a Base64; `undefined` for a text that is none. */
export const bytesOf = (base64: unknown): Uint8Array<ArrayBuffer> | undefined => {
  if (typeof base64 !== 'string') return undefined
  try {
    const binary = atob(base64)
    // atob() takes spaces and forgives a missing padding; only a text that comes back the same is one.
    return btoa(binary) === base64 ? Uint8Array.from(binary, (character) => character.charCodeAt(0)) : undefined
  } catch {
    return undefined
  }
}

export const base64Of = (bytes: Uint8Array): string => {
  let binary = ''
  // As many arguments as every engine takes.
  for (let at = 0; at < bytes.length; at += 8_192) binary += String.fromCharCode(...bytes.subarray(at, at + 8_192))
  return btoa(binary)
}
