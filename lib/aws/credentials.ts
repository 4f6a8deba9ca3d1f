import type { Credentials } from './sign.ts'

/** Asked once per call. The AWS SDK's providers fit: `fromNodeProviderChain()`, `fromSSO()`. */
export type CredentialsSource = () => Credentials | Promise<Credentials>

export type Environment = Readonly<Record<string, string | undefined>>

/** What a loopback endpoint is signed with when there is nothing else; nobody there checks who it is. */
const PLACEHOLDER: Credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
/** `us-east-1`, `us-gov-west-1`, `mx-central-1`. */
const HOST_REGION = /\.([a-z]{2}(?:-[a-z]+)+-\d)\.(?:vpce\.)?(?:amazonaws\.com(?:\.cn)?|api\.aws)$/

/**
 * Take credentials from the environment, where Lambda puts them. A loopback endpoint needs none.
 *
 * ```ts
 * const { accessKeyId } = await environmentCredentials('abc.execute-api.eu-west-1.amazonaws.com', process.env)()
 * ```
 *
 * The environment is read at each call: a Lambda's keys live for hours, a sandbox may live longer.
 */
export const environmentCredentials =
  (hostname: string, env: Environment): CredentialsSource =>
  () => {
    const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env
    if (accessKeyId && secretAccessKey)
      return { accessKeyId, secretAccessKey, sessionToken: env.AWS_SESSION_TOKEN || undefined }
    if (isLoopback(hostname)) return PLACEHOLDER
    throw new Error(
      `No AWS credentials for ${hostname}: AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY is not set. ${ON_LAMBDA}.`,
    )
  }

/**
 * The region to sign for: the hostname's own, else the environment's.
 *
 * The hostname comes first because it decides: a function in one region that posts to an API in another is refused when
 * it signs for its own.
 */
export const regionOf = (hostname: string, env: Environment): string => {
  const region = HOST_REGION.exec(hostname)?.[1] ?? environmentRegion(env)
  if (region) return region
  if (isLoopback(hostname)) return 'us-east-1'
  throw new Error(`No AWS region for ${hostname}: AWS_REGION is not set. ${ON_LAMBDA}.`)
}

/** How an error about a variable that is not set goes on. */
export const ON_LAMBDA = 'Lambda sets it; elsewhere export it'

export const environmentRegion = (env: Environment): string | undefined =>
  env.AWS_REGION || env.AWS_DEFAULT_REGION || undefined

/** `localhost`, `127.0.0.0/8` and `[::1]`, as `URL.hostname` writes them. */
export const isLoopback = (hostname: string): boolean => /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname)
