import { authorizer, reject } from '../ws.ts'

// @mistake
authorizer(() => reject(403))
