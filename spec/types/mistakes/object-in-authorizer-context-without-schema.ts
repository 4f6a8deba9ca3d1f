import { authorizer } from '../ws.ts'

// @mistake
authorizer(({ allow }) => allow('ann', { tenant: 'acme', user: { name: 'Ann' } }))
