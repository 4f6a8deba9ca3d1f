/** What a token says: whoever shows it may take over this connection. */
export interface Grant {
  readonly connectionId: string
  /** Epoch milliseconds: when there is no record of the connection any more. */
  readonly until: number
  /** Who may show it. Not in the token: whoever verifies must know. */
  readonly scope: string
}

/** `connectionId.until.signature`; the ids of API Gateway have no full stop. There is no algorithm to choose. */
export const mint = (secrets: readonly string[], { connectionId, until, scope }: Grant): string => {
  // A clock that counts parts of milliseconds would put a full stop into it.
  const claims = `${connectionId}.${Math.floor(until).toString(36)}`
  return `${claims}.${sign(secrets[0] ?? '', claims, scope).toString('base64url')}`
}

/** The connection that a token names. `undefined` for one that was not given out, or not to this peer, or is too old. */
export const verify = (secrets: readonly string[], token: string, scope: string, now: number): string | undefined => {
  const [connectionId = '', until = '', signature = '', ...more] = token.split('.')
  const shown = Buffer.from(signature, 'base64url')
  const claims = `${connectionId}.${until}`
  // Every secret is tried, and every comparison takes as long as any other: the time tells nothing.
  const genuine = secrets.map((secret) => equal(sign(secret, claims, scope), shown)).includes(true)
  // Only one way to write a signature: Base64 would ignore what is not in its alphabet.
  if (!genuine || more.length > 0 || shown.toString('base64url') !== signature) return undefined
  return Number.parseInt(until, 36) > now ? connectionId : undefined
}

const sign = (secret: string, claims: string, scope: string): Buffer =>
  crypto().createHmac('sha256', secret).update(`ws-interlock resume 1\n${claims}\n${scope}`).digest()

const equal = (a: Buffer, b: Buffer) => a.length === b.length && crypto().timingSafeEqual(a, b)

/** Loaded when the first token is made or shown. */
const crypto = () => process.getBuiltinModule('node:crypto')
