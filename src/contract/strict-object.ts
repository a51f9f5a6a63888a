/** Objects of the wire format: every key that is not named is an error. */
import { type TObjectOptions, type TProperties, Type } from 'typebox';

export function strictObject<T extends TProperties>(properties: T, options: TObjectOptions = {}) {
  return Type.Object(properties, { ...options, additionalProperties: false });
}

/** A string that is one of `values`. */
export function oneOf<const T extends readonly string[]>(values: T, options: { readonly description?: string } = {}) {
  return Type.Unsafe<T[number]>({ type: 'string', enum: [...values], ...options });
}
