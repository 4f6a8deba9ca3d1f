import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** What Lambda would have set, so that plain SDK clients work; what is set already stays. */
export const prepareEnvironment = (endpoint: string): void => {
  const { env } = process
  env.AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI ??= endpoint
  // The variables come before a profile: placeholders would hide the account that the user's other clients need.
  const hasProfile =
    env.AWS_PROFILE ?? ['config', 'credentials'].some((name) => existsSync(join(homedir(), '.aws', name)))
  if (hasProfile) return
  env.AWS_REGION ??= env.AWS_DEFAULT_REGION ?? 'us-east-1'
  if (env.AWS_ACCESS_KEY_ID !== undefined) return
  env.AWS_ACCESS_KEY_ID = 'local'
  env.AWS_SECRET_ACCESS_KEY = 'local'
}
