/** Bodies in, answers out: JSON read strictly, validated by the contract's schemas, written as it is. */
import type { FastifyInstance, FastifySchemaCompiler } from 'fastify';
import { type TSchema, Type } from 'typebox';
import { Convert } from 'typebox/value';
import { findIssues, InvalidInputError, type Issue } from '../contract/validate.ts';
import { UserError } from '../errors.ts';
import { readJson, readNdjson } from './read-json.ts';

/** Content of `application/x-ndjson`, told apart from a JSON array that is sent whole. */
export class NdjsonBody {
  readonly values: readonly unknown[];

  constructor(values: readonly unknown[]) {
    this.values = values;
  }
}

const PART_NAMES: Readonly<Record<string, string>> = { querystring: 'query', params: 'path', headers: 'header' };

function inPart(issue: Issue, part: string): Issue {
  const where = issue.where === '' ? part : `${part}.${issue.where}`;
  return { ...issue, where, message: `${PART_NAMES[part] ?? part} ${issue.message}` };
}

/** Query strings and path parameters arrive as text and are converted; bodies never are. */
function compileValidator(schemas: ReadonlyMap<string, TSchema>): FastifySchemaCompiler<TSchema> {
  return ({ schema, httpPart }) => {
    const ref = (schema as { $ref?: string }).$ref;
    const resolved = ref === undefined ? schema : schemas.get(ref.replace(/#$/, ''));
    if (resolved === undefined) throw new Error(`the schema ${ref} is not registered`);
    if (httpPart === 'body') {
      return (value) => {
        const issues = findIssues(resolved, value);
        return issues.length > 0 ? { error: new InvalidInputError(issues) } : { value };
      };
    }
    const part = PART_NAMES[httpPart ?? ''] ?? 'request';
    return (text) => {
      const value = Convert(resolved, text);
      const issues = findIssues(resolved, value);
      return issues.length > 0
        ? { error: new InvalidInputError(issues.map((issue) => inPart(issue, part))) }
        : { value };
    };
  };
}

/** Parsers, validation and serialization for all JSON routes. `shared` are the schemas that routes name by `$ref`. */
export function installBodies(app: FastifyInstance, shared: readonly TSchema[]): void {
  const schemas = new Map<string, TSchema>();
  for (const schema of shared) {
    const id = (schema as { $id?: string }).$id;
    if (id === undefined) throw new Error('a shared schema needs an $id');
    schemas.set(id, schema);
    app.addSchema(schema);
  }
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    ['application/json', 'application/*+json'],
    { parseAs: 'string' },
    (_request, text, done) => {
      try {
        done(null, text.length === 0 ? undefined : readJson(text.toString()));
      } catch (error) {
        done(error as Error);
      }
    },
  );
  app.addContentTypeParser(
    ['application/x-ndjson', 'application/ndjson', 'application/jsonl'],
    { parseAs: 'string' },
    (_request, text, done) => {
      try {
        done(null, new NdjsonBody(readNdjson(text.toString())));
      } catch (error) {
        done(error as Error);
      }
    },
  );
  app.setValidatorCompiler(compileValidator(schemas) as FastifySchemaCompiler<unknown>);
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  // Bodies whose keys are all optional may be left out.
  app.addHook('preValidation', async (request) => {
    if (request.body === undefined && request.routeOptions.schema?.body !== undefined) request.body = {};
    if (request.body instanceof NdjsonBody && request.routeOptions.config.ndjson !== true)
      throw new UserError({ code: 'UNSUPPORTED_MEDIA_TYPE', message: 'NDJSON is not possible here', status: 415 });
  });
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route takes NDJSON bodies. */
    ndjson?: boolean;
  }
}

/** A schema that was registered with `installBodies`, by its `$id`: appears once in the OpenAPI document. */
export function shared<T extends TSchema>(schema: T): T {
  const id = (schema as { $id?: string }).$id;
  return Type.Unsafe({ $ref: `${id}#` }) as unknown as T;
}
