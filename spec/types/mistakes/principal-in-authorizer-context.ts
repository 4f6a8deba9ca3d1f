import { authorizer } from '../ws.ts'

// @mistake
authorizer(({ allow }) => allow('ann', { principalId: 'ann' }))
