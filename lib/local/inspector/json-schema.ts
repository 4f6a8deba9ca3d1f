import type { Schema } from '../../schema.ts'

/** A JSON Schema of draft 2020-12; its keywords are read one by one. */
export type JsonSchema = { readonly [keyword: string]: unknown }

/** What a schema takes, as JSON Schema; `undefined` where its library does not say. */
export const jsonSchemaOf = async (schema: Schema | undefined): Promise<JsonSchema | undefined> => {
  if (!schema) return undefined
  const standard: Converting = schema['~standard']
  try {
    // Standard JSON Schema: Zod from 4.2, ArkType, and whoever follows.
    if (standard.jsonSchema) return standard.jsonSchema.input({ target: 'draft-2020-12' })
    if (standard.vendor !== 'valibot') return undefined
    const { toJsonSchema } = await import('@valibot/to-json-schema')
    // A transformation has no JSON Schema, and a form needs none.
    const options = { target: 'draft-2020-12', typeMode: 'input', errorMode: 'ignore' } as const
    return toJsonSchema(schema as never, options) as JsonSchema // the vendor says that it is one of its own
  } catch {
    return undefined
  }
}

interface Converting {
  readonly vendor: string
  readonly jsonSchema?: { readonly input: (options: { readonly target: string }) => JsonSchema }
}
