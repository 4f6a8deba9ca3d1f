/** The slice of Standard Schema v1 that this library calls. Valibot, Zod and ArkType schemas all satisfy it. */
export interface Schema<In = unknown, Out = In> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Out> | Promise<SchemaResult<Out>>
    readonly types?: { readonly input: In; readonly output: Out } | undefined
  }
}

export type SchemaResult<Out> =
  | { readonly value: Out; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[]; readonly value?: undefined }

/** What a schema makes of a value of the server's own, where a value that does not fit is a defect. */
export const valid = async (schema: Schema, value: unknown, name: string): Promise<unknown> => {
  const result = await schema['~standard'].validate(value)
  if (!result.issues) return result.value
  throw new TypeError(`${name} is not valid: ${result.issues[0]?.message}`)
}

export interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** Any schema. Checked by presence of `~standard` alone: a structural check of a whole schema is slow. */
export interface AnySchema {
  readonly '~standard': {
    readonly version: 1
    readonly types?: { readonly input: unknown; readonly output: unknown } | undefined
  }
}

export type InputOf<S extends AnySchema> = NonNullable<S['~standard']['types']>['input']
export type OutputOf<S extends AnySchema> = NonNullable<S['~standard']['types']>['output']
